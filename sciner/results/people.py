"""The folder ``people/`` of a run: what people are asked to label, and what they have answered."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.policy.cost import Proposal
from sciner.policy.people import Answer, Answers, LabelsWanted, lacking
from sciner.results.folder import as_typed
from sciner.text.corpus import Sentence
from sciner.text.formats.atomic import write_lines
from sciner.text.formats.exchange.base import Exchange
from sciner.text.formats.fit import fit
from sciner.text.formats.jsonl import ROW
from sciner.text.formats.record import Mark, Record, record_of
from sciner.text.formats.running import joined
from sciner.text.formats.source import read_lines
from sciner.text.spans import Span

WAITING = "WAITING"  # the status in run.json of a run that people have to go on with
Given = dict[str, dict[str, Answer]]  # by sentence id, then by who gave it, in their order


@dataclass(frozen=True, slots=True)
class Asked:
    """A sentence that was asked for in a round, without labels."""

    round: int
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that people have not finished.

    asked: sentences in it. missing: those that have to be labelled, or labelled once more. by: how
    many each person has labelled, where there are two.
    """

    run: Path
    round: int
    file: Path
    asked: int
    missing: int
    by: Mapping[str, int]

    def __str__(self) -> str:
        again = shlex.join(["sciner", "loop", "continue", as_typed(self.run)])
        if not self.missing:
            return f"round {self.round} has all its labels; type: {again}"
        return (
            f"round {self.round} waits for labels: {self.missing} sentences in "
            f"{as_typed(self.file)}; when they are labelled, type: {again} --labels FILE"
        )


@dataclass(frozen=True, slots=True)
class PeopleFolder:
    """``asked.jsonl``, ``answers.jsonl``, and for each round the file that people are given."""

    run: Path

    @property
    def path(self) -> Path:
        return self.run / "people"

    def asked(self) -> dict[str, Asked]:
        """All sentences that were ever asked for, by id."""
        return {
            row["id"]: Asked(row["round"], Sentence(row["id"], tuple(row["tokens"])))
            for row in self._rows("asked.jsonl")
        }

    def answers(self) -> Given:
        """All that people have answered."""
        found: Given = {}
        for row in self._rows("answers.jsonl"):
            spans = tuple(Span(*span) for span in row["spans"])
            answer = Answer(tuple(row["tokens"]), spans, row.get("seconds"))
            found.setdefault(row["id"], {})[row["annotator"]] = answer
        return found

    def write_answers(self, answers: Given) -> None:
        """In place of those before."""
        write_lines(
            self.path / "answers.jsonl",
            (
                ROW.encode({"id": id, "annotator": who, **asdict(answer)})
                for id, given in answers.items()
                for who, answer in given.items()
            ),
        )

    def ask(self, wanted: LabelsWanted, number: int, exchange: Exchange) -> Path:
        """Write what is missing of round ``number`` for people to label; where that is."""
        before = [asked for asked in self.asked().values() if asked.round < number]
        file = self.path / f"round_{number}{exchange.suffix}"
        self.path.mkdir(exist_ok=True)
        assert exchange.write is not None
        records = [record_to_label(s, wanted.proposed.get(s.id)) for s in wanted.missing]
        exchange.write(file, fit(records, exchange.holds, Counter()))
        write_lines(
            self.path / "asked.jsonl",
            (
                ROW.encode({"id": a.sentence.id, "round": a.round, "tokens": a.sentence.tokens})
                for a in (*before, *(Asked(number, s) for s in wanted.batch))
            ),
        )
        return file

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        file = self.path / name
        for line in read_lines(file) if file.is_file() else ():
            if line:
                yield json.loads(line)


def record_to_label(sentence: Sentence, proposal: Proposal | None) -> Record:
    """A sentence for an annotation tool: with the spans to start from, or without labels."""
    record = record_of(sentence)
    if not proposal or not proposal.spans:
        return record
    places = joined(sentence.tokens)
    marks = tuple(
        Mark(places[s.start][0], places[s.end - 1][1], s.label, sure)
        for s, sure in zip(proposal.spans, proposal.confidences, strict=True)
    )
    return replace(record, marks=marks)


def in_order(given: Given) -> Answers:
    """The answers without the names of those who gave them."""
    return {id: [*said.values()] for id, said in given.items()}


def waiting(run: Path) -> Waiting | None:
    """What a run waits for; None where it waits for nobody.

    Raises:
        InputError: the folder is no run of annotator=people.
    """
    about, config = open_run(run)
    if about.get("status") != WAITING:
        return None
    folder, adjudicate = PeopleFolder(run), config["annotator"]["adjudicate"]
    number, answers = about["waiting"]["round"], folder.answers()
    batch = [id for id, asked in folder.asked().items() if asked.round == number]
    missing = len(lacking(batch, in_order(answers), adjudicate))
    by = Counter(who for id in batch for who in answers.get(id, ()) if adjudicate)
    return Waiting(run, number, run / about["waiting"]["file"], len(batch), missing, by)


def open_run(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """``run.json`` and ``config.yaml`` of a run of annotator=people.

    Raises:
        InputError: for another folder.
    """
    import yaml

    try:
        about = json.loads((run / "run.json").read_text(encoding="utf-8"))
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        people = config["annotator"]["kind"] == "people"
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        raise InputError(
            "there is no readable run here",
            file=run,
            hint="give the folder that sciner run printed",
        ) from None
    if not people:
        raise InputError(
            "people label nothing in this run", file=run, hint="sciner run annotator=people"
        )
    return about, config
