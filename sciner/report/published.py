"""Published figures: ``papers/<arXiv id>.csv``, with a source for each figure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sciner.errors import InputError, nearest
from sciner.report.render import Table

PAPERS = Path(__file__).parent / "papers"


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure: what it is called, its value, and where it stands."""

    figure: str
    value: str
    source: str
    split: str
    model: str
    note: str


def papers() -> list[str]:
    """The arXiv ids of the papers whose figures are known."""
    return sorted(file.stem for file in PAPERS.glob("*.csv"))


def refuse_unknown_paper(paper: str) -> None:
    """Raise InputError for a paper whose figures are not known."""
    if paper not in (known := papers()):
        raise InputError(f"no published figures of {paper!r} are known", hint=nearest(paper, known))


def published(file: Path) -> list[Published]:
    """The figures that a CSV file holds."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [Published(**row) for row in csv.DictReader(stream)]


def published_table(figures: Sequence[Published]) -> Table:
    """The figures as they stand in the file."""
    headings = tuple(Published.__dataclass_fields__)
    rows = tuple(tuple(getattr(one, name) for name in headings) for one in figures)
    return Table(headings, rows, len(headings))
