"""Label files that people return: checked against what they were asked, then kept as answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from sciner.errors import InputError
from sciner.policy.annotator import Adjudicate
from sciner.policy.people import Answer, lacks_answer
from sciner.results.people import Asked, Given, PeopleFolder
from sciner.text.formats.check import check_label
from sciner.text.formats.convert import told
from sciner.text.formats.exchange.argilla import SUGGESTED
from sciner.text.formats.exchange.base import Exchange, find_exchange
from sciner.text.formats.exchange.label_studio import PREDICTED
from sciner.text.formats.faults import MOST
from sciner.text.formats.read import expand
from sciner.text.formats.record import Mark, Record, words
from sciner.text.formats.source import without_lines
from sciner.text.spans import Span

NEW = "answers"
KNOWN = "answers that were known"
LATE = "left out: answers to earlier rounds that have changed, but were trained on"
BARE = "left out: sentences that nobody has labelled"
RESTORE = "restore it: labels belong to the text that was asked"
WORD = re.compile(r"\S+")


def take_in(
    folder: PeopleFolder,
    paths: Sequence[str],
    labels: Collection[str],
    adjudicate: Adjudicate | None,
    origin: str | None = None,
) -> tuple[Counter[str], list[InputError]]:
    """Keep the answers in label files, unless anything is wrong with them.

    A file is one person's; with two people, its name is theirs. What somebody says once more of a
    sentence of the latest round replaces what they said before.

    Args:
        folder: of the run.
        paths: files, folders or globs.
        labels: the classes.
        adjudicate: None for one person a sentence.
        origin: the format of the files; None lets each tell.

    Returns:
        (what there was, the faults, up to 20). With a fault, nothing is kept.
    """
    merge = Merge(folder.asked(), folder.answers(), labels, adjudicate)
    for path in paths:
        for file in expand(path):
            merge.read(file, origin)
    if not merge.faults:
        folder.write_answers(merge.answers)
    for name in (PREDICTED, SUGGESTED):  # they count among BARE
        del merge.notes[name]
    merge.faults.sort(key=lambda fault: (str(fault.file), fault.line or 0))
    return +merge.notes, merge.faults[:MOST]


class Merge:
    """Answers, and what is wrong with the files that bring new ones.

    asked: what the answers must be to. answers: those so far, which the new ones are added to.
    """

    def __init__(
        self,
        asked: Mapping[str, Asked],
        answers: Given,
        labels: Collection[str],
        adjudicate: Adjudicate | None,
    ) -> None:
        self.asked, self.answers, self.labels = asked, answers, labels
        self.adjudicate = adjudicate
        self.latest = max((a.round for a in asked.values()), default=0)
        # the latest round first, and what has no answer yet: several sentences may be the same
        self.by_tokens: dict[tuple[str, ...], list[str]] = {}
        for id, a in sorted(asked.items(), key=lambda pair: (-pair[1].round, pair[0] in answers)):
            self.by_tokens.setdefault(a.sentence.tokens, []).append(id)
        self.notes: Counter[str] = Counter()
        self.faults: list[InputError] = []
        self.brought: dict[tuple[str, str], Path] = {}  # the file of each new answer

    def read(self, file: Path, origin: str | None) -> None:
        """Add the answers of ``file``, or its faults."""
        who, seen = file.stem if self.adjudicate else "", set[str]()
        try:
            exchange = find_exchange(origin) if origin else told(file)
        except InputError as fault:
            self.faults.append(fault)
            return
        for record in self.records(file, exchange):
            try:
                id, answer = self.answer(record, seen, by_text="ids" not in exchange.holds)
                if id in seen:
                    raise InputError(f"{id} stands twice", hint="keep one of them")
                seen.add(id)
                if answer is None:
                    self.notes[BARE] += 1
                else:
                    self.add(id, who, answer, file)
            except InputError as fault:
                self.faults.append(InputError(str(fault), file=file, line=record.origin.line))

    def records(self, file: Path, exchange: Exchange) -> list[Record]:
        """What can be read of a file; its faults are noted.

        Where a text is a line, the lines behind a fault are read too.
        """
        left_out: set[int] = set()
        while len(left_out) < MOST:
            notes: Counter[str] = Counter()
            try:
                with without_lines({str(file): left_out}):
                    found = list(exchange.read(file, notes))
                self.notes += notes
                return found
            except InputError as fault:
                if left_out and fault.line is None:  # nothing is left of the file
                    break
                self.faults.append(fault)
                if exchange.suffix != ".jsonl" or fault.line is None:
                    break
                left_out.add(fault.line)
        return []

    def answer(
        self, record: Record, seen: Collection[str], by_text: bool
    ) -> tuple[str, Answer | None]:
        """The sentence that a record is about, and its answer.

        Args:
            record: of a file that came back.
            seen: ids of the sentences that the file has had.
            by_text: whether the text tells the sentence, because the format has no ids.

        Returns:
            (id, answer); the answer is None if nobody has labelled the sentence.

        Raises:
            InputError: the sentence was not asked for, its text was changed, or its spans cannot
                be kept as they are.
        """
        found = tuple(WORD.findall(record.text))
        same = (id for id in self.by_tokens.get(found, ()) if id not in seen)
        id = next(same, record.id) if by_text else record.id
        if id not in self.asked:
            raise InputError(
                f"{id!r} is not a sentence of a batch", hint="restore its id as it was written"
            )
        if record.marks is None or record.origin.suggested:
            return id, None
        tokens = self.asked[id].sentence.tokens
        spans = spans_of_answer(record, tokens, self.labels)
        return id, Answer(tokens, spans, record.origin.seconds)

    def add(self, id: str, who: str, answer: Answer, file: Path) -> None:
        """Keep an answer. Raises InputError for one too many."""
        given = self.answers.setdefault(id, {})
        if self.asked[id].round < self.latest:
            same = answer.spans in [a.spans for a in given.values()]
            self.notes[KNOWN if same else LATE] += 1
        elif who in given and given[who].spans == answer.spans:
            self.notes[KNOWN] += 1
        elif (id, who) in self.brought:
            raise InputError(
                f"{id} is labelled in another way in {self.brought[id, who]}",
                hint="keep one of them",
            )
        elif who not in given and not lacks_answer([*given.values()], self.adjudicate):
            raise InputError(
                f"{id} was labelled by {' and '.join(given)} already",
                hint="name the file after one of them",
            )
        else:
            given[who] = answer
            self.brought[id, who] = file
            self.notes[NEW] += 1


def spans_of_answer(
    record: Record, tokens: Sequence[str], labels: Collection[str]
) -> tuple[Span, ...]:
    """The spans that a person gave a sentence.

    Args:
        record: what came back.
        tokens: of the sentence.
        labels: the classes.

    Raises:
        InputError: the text was changed, a class is unknown, or the spans cannot be kept as they
            are.
    """
    id, found = record.id, tuple(WORD.findall(record.text))
    if found != tokens:
        raise InputError(f"the text of {id} was changed{_where(found, tokens)}", hint=RESTORE)
    if record.tokens is not None and words(record) != tokens:
        raise InputError(f"the tokens of {id} were changed", hint=RESTORE)
    if record.masked:
        raise InputError(f"{id} has masked tokens", hint="label the whole sentence")
    spans = spans_on_tokens(record)
    for span in spans:
        check_label(span.label, labels)
    return spans


def spans_on_tokens(record: Record) -> tuple[Span, ...]:
    """Its spans in words of its text.

    Raises:
        InputError: for one that cuts a word, and for two that overlap.
    """
    places = [found.span() for found in WORD.finditer(record.text)]
    first = {start: i for i, (start, _) in enumerate(places)}
    last = {end: i + 1 for i, (_, end) in enumerate(places)}
    marks = sorted(record.marks or (), key=lambda mark: mark[:3])
    for mark in marks:
        if mark.start not in first or mark.end not in last:
            raise InputError(
                f"span {mark.start} {mark.end} ({_held(record, mark)}) cuts a token",
                hint="let it begin and end with tokens",
            )
    for one, other in pairwise(marks):
        if other.start < one.end:
            raise InputError(
                f"spans {_held(record, one)} and {_held(record, other)} overlap",
                hint="keep one of them",
            )
    return tuple(Span(first[m.start], last[m.end], m.label) for m in marks)


def _held(record: Record, mark: Mark) -> str:
    return repr(record.text[mark.start : mark.end][:40])


def _where(found: Sequence[str], tokens: Sequence[str]) -> str:
    """Where two texts begin to differ."""
    for one, other in zip(found, tokens, strict=False):
        if one != other:
            return f" ({one[:40]!r} stands where {other[:40]!r} was)"
    return f" ({len(found)} words, it had {len(tokens)})" if len(found) != len(tokens) else ""
