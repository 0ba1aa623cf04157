"""What a person reviews: the batch that a run waits for, or the silver of a round."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sciner.errors import InputError
from sciner.policy.cost import Proposal
from sciner.report.sentences import about_of, folder_of, rounds_of
from sciner.results.folder import as_typed, in_use
from sciner.results.people import WAITING, PeopleFolder, Waiting, open_run, waiting
from sciner.results.returned import spans_of_answer
from sciner.results.suspects import SUSPECTS, read_suspects
from sciner.score.suspects import Suspected
from sciner.text.corpus import Sentence
from sciner.text.formats.check import check_spans, located
from sciner.text.formats.exchange.base import find_exchange
from sciner.text.formats.exchange.label_studio import record_of_task
from sciner.text.formats.jsonl import read_examples_jsonl
from sciner.text.formats.objects import read_objects
from sciner.text.formats.places import check_name
from sciner.text.formats.record import Record
from sciner.text.spans import Span

NAME = re.compile(r"\w[\w.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence to review.

    Attributes:
        sentence: without labels.
        proposal: the spans to start from, with a confidence of each, or with none.
        suspected: the suspects among them.
    """

    sentence: Sentence
    proposal: Proposal
    suspected: Suspected | None = None

    def suggested(self) -> tuple[Span, ...] | None:
        """The spans if all suspects are errors; None without suspects."""
        if self.suspected is not None:
            with suppress(InputError):  # two suggestions can overlap
                return check_spans(self.suspected.suggested(), len(self.sentence.tokens))
        return None


@dataclass(frozen=True, slots=True)
class Work:
    """The sentences that a person reviews, in the order in which they are shown.

    Attributes:
        run: its folder.
        round: whose batch or silver it is.
        batch: whether the run waits for these sentences.
        annotator: the name of the person.
        labels: the classes.
        items: the sentences by id.
    """

    run: Path
    round: int
    batch: bool
    annotator: str
    labels: tuple[str, ...]
    items: Mapping[str, Item]

    @property
    def file(self) -> Path:
        """The label file."""
        return label_file(self.run, self.round, self.annotator)

    @property
    def title(self) -> str:
        """What is reviewed, in words."""
        return f"{'batch' if self.batch else 'silver'} of round {self.round}"

    @property
    def next(self) -> str:
        """The command that reads the label file."""
        file = as_typed(self.file)
        if self.batch:
            return shlex.join(["sciner", "loop", "continue", as_typed(self.run), "--labels", file])
        return shlex.join(
            ["sciner", "data", "convert", file, "reviewed.jsonl", "--format", "jsonl"]
        )


def label_file(run: Path, round: int, annotator: str) -> Path:
    """Where a person's labels of a round are kept."""
    return run / "review" / f"round_{round}" / f"{annotator}.json"


def unfinished_file(file: Path) -> Path:
    """Where labels are kept beside a label file until the person confirms them; it is hidden."""
    return file.with_name(f".{file.stem}.unfinished.json")


def open_work(run: str, store: Path, annotator: str, round: int | None = None) -> Work:
    """Collect the sentences that a run has for review; suspected label errors come first.

    The sentences of a batch follow in the order in which they were chosen. Silver follows by its
    least confidence, and sentences without a span are last.

    Args:
        run: a folder, or an id in ``store``.
        store: the folder of the store.
        annotator: the name of the person.
        round: None is the batch that the run waits for, or else the last round.

    Raises:
        InputError: there is no such run or round, it has nothing to review, or the name cannot be
            that of a file.
    """
    if not NAME.fullmatch(annotator):
        raise InputError(
            f"--annotator {annotator!r} cannot be the name of a file",
            hint="use letters, digits and . @ _ -, at most 64",
        )
    folder = Path(run) if (Path(run) / "run.json").is_file() else folder_of(run, store)
    about = about_of(folder / "run.json")
    labels = tuple(about.get("labels", ()))
    for label in labels:
        check_name(label)
    waits = waiting(folder) if about.get("status") == WAITING else None
    if waits and round in (None, waits.round):
        batch = _batch(waits, annotator, labels)
        items = order(_with_suspects(batch, folder, waits.round - 1))
        return Work(folder, waits.round, True, annotator, labels, _by_id(items))
    if in_use(folder):
        raise InputError("a process is at work in this run", file=folder, hint="wait until it ends")
    round = rounds_of(folder)[-1] if round is None else round
    items = order(_with_suspects(_silver(folder, round), folder, round), by_confidence=True)
    return Work(folder, round, False, annotator, labels, _by_id(items))


def order(items: Sequence[Item], by_confidence: bool = False) -> list[Item]:
    """Suspects first, the least probable label before the others."""

    def place(item: Item) -> tuple[bool, float]:
        if item.suspected:
            return False, item.suspected.p_given
        return True, min(item.proposal.confidences, default=2.0) if by_confidence else 0.0

    return sorted(items, key=place)


def proposal_of(record: Record, tokens: Sequence[str], labels: Sequence[str]) -> Proposal:
    """The spans of a record with their confidences; without these if the file has none."""
    spans = spans_of_answer(record, tokens, labels)
    marks = sorted(record.marks or (), key=lambda mark: mark[:3])
    sure = tuple(mark.confidence for mark in marks if mark.confidence is not None)
    return Proposal(spans, sure if len(sure) == len(spans) else ())


def _batch(waits: Waiting, annotator: str, labels: Sequence[str]) -> list[Item]:
    """The sentences of the batch file, then those that this person has returned before."""
    if not waits.missing:
        raise InputError(str(waits))
    asked = PeopleFolder(waits.run).asked().items()
    sentences = {id: a.sentence for id, a in asked if a.round == waits.round}
    exchange = find_exchange(open_run(waits.run)[1]["annotator"]["format"])
    batch = list(exchange.read(waits.file, Counter()))
    if strange := [record.id for record in batch if record.id not in sentences]:
        raise InputError(
            f"{strange[0]!r} is not a sentence of this batch",
            file=waits.file,
            hint="restore its id as it was written",
        )
    own = label_file(waits.run, waits.round, annotator)
    found: dict[str, Item] = {}
    for file, records in ((waits.file, batch), (own, _started(own))):
        for record in records:
            if record.id in sentences and record.id not in found:
                sentence = sentences[record.id]
                with located(file, record.origin.line or 1):
                    proposal = proposal_of(record, sentence.tokens, labels)
                found[record.id] = Item(sentence, proposal)
    return list(found.values())


def _started(file: Path) -> Iterator[Record]:
    """The sentences that a person has worked on, with the spans to start from."""
    for place in (file, unfinished_file(file)):
        for number, task in read_objects(place) if place.is_file() else ():
            with located(place, number):
                record = record_of_task({**task, "annotations": []}, "", number, Counter())
            yield record


def _silver(folder: Path, round: int) -> list[Item]:
    if round not in (known := rounds_of(folder)):
        raise InputError(
            f"there is no round {round}", file=folder, hint=f"its rounds are 0 to {known[-1]}"
        )
    examples = read_examples_jsonl(folder / f"round_{round}" / "annotated.jsonl")
    items = [
        Item(e.sentence, Proposal(e.spans, e.confidences)) for e in examples if e.source == "silver"
    ]
    if not items:
        raise InputError(
            f"round {round} was trained on no silver, so there is nothing to review",
            file=folder,
            hint="give another --round, or a run that accepts silver (threshold)",
        )
    return items


def _with_suspects(items: Sequence[Item], folder: Path, round: int) -> list[Item]:
    """The items with the suspects of a round that are about their spans, if it has any."""
    file = folder / f"round_{round}" / SUSPECTS
    found = {s.example.sentence.id: s for s in read_suspects(file)} if file.is_file() else {}
    return [
        replace(item, suspected=_about(found[item.sentence.id], item.proposal.spans))
        if item.sentence.id in found
        else item
        for item in items
    ]


def _about(found: Suspected, spans: tuple[Span, ...]) -> Suspected | None:
    """The suspects as they concern other spans of the same sentence than those judged."""
    kept = tuple(
        s
        for s in found.suspects
        if (s.given is None or s.given in spans) and s.suggested not in spans
    )
    return Suspected(replace(found.example, spans=spans), kept) if kept else None


def _by_id(items: Sequence[Item]) -> dict[str, Item]:
    return {item.sentence.id: item for item in items}
