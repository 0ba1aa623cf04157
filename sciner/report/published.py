"""Published figures, in ``papers/<arXiv id>.csv``, with a source for each figure."""

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
    """A published figure.

    Attributes:
        figure: what it is called; a reading of ``report.paper.READINGS`` if that is known.
        value: as published.
        source: where it is published: paper and table.
        split, model: what it was measured with.
        note: further settings.
    """

    figure: str
    value: str
    source: str
    split: str
    model: str
    note: str


def papers() -> list[str]:
    """Return the arXiv ids of the papers whose figures are known."""
    return sorted(file.stem for file in PAPERS.glob("*.csv"))


def refuse_unknown_paper(paper: str) -> None:
    """Check that the figures of a paper are known.

    Raises:
        InputError: they are not.
    """
    if paper not in (known := papers()):
        raise InputError(f"no published figures of {paper!r} are known", hint=nearest(paper, known))


def published(file: Path) -> list[Published]:
    """Read the figures in a CSV file."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [Published(**row) for row in csv.DictReader(stream)]


def published_table(figures: Sequence[Published]) -> Table:
    """Make a table of figures, as they are in the file."""
    headings = tuple(Published.__dataclass_fields__)
    rows = tuple(tuple(getattr(one, name) for name in headings) for one in figures)
    return Table(headings, rows, len(headings))
