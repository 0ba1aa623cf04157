"""Suspected label errors of a run: `sciner show --suspects`, and a section of the page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sciner.errors import InputError, nearest
from sciner.report.render import NONE, Table
from sciner.report.section import Section
from sciner.report.sentences import folder_of, name_of, rounds_of
from sciner.report.side_by_side import STYLES, marked, worded
from sciner.report.terminal import printable
from sciner.results.suspects import SUSPECTS, read_suspects
from sciner.score.suspects import Suspect, Suspected, extent
from sciner.text.spans import Span

MOST = 30  # rows of the page's table
AROUND = 5  # tokens before and behind a suspect there
HINT = "run it again with suspects=true: the store knows its other steps"


def suspects_in(folder: Path, round: int) -> list[Suspected]:
    """The worst first. Raises InputError for a round that is not there, or was not searched."""
    if round not in (known := rounds_of(folder)):
        raise InputError(
            f"there is no round {round}", file=folder, hint=f"its rounds are 0 to {known[-1]}"
        )
    file = folder / f"round_{round}" / SUSPECTS
    if not file.is_file():
        raise InputError("label errors were not looked for", file=folder, hint=HINT)
    return read_suspects(file)


def print_suspects(
    console: Console,
    run: str,
    store: Path,
    round: int | None = None,
    label: str | None = None,
    silver: bool = False,
) -> None:
    """Print the sentences with a suspect, the worst first; only those of class ``label``, given or
    suggested, and only silver if so wanted; through a pager on a terminal.

    Raises InputError for a run, round or class that is not there, and where label errors were
    not looked for.
    """
    folder = folder_of(run, store)
    round = rounds_of(folder)[-1] if round is None else round
    found = suspects_in(folder, round)
    known = sorted({span.label for one in found for s in one.suspects for span in spans_of(s)})
    if label is not None and label not in known:
        raise InputError(
            f"no suspect is of class {label!r}", file=folder, hint=nearest(label, known)
        )
    shown = [
        one
        for one in found
        if (not silver or one.example.source == "silver")
        and (label is None or any(label in labels_of(s) for s in one.suspects))
    ]
    os.environ.setdefault("LESS", "-RFX")  # colours; short output stays on the screen
    with console.pager(styles=True) if console.is_terminal else nullcontext():
        title = (
            f"{name_of(folder)}: labels of round {round} that out-of-fold predictions contradict, "
            "the least probable first; as labelled on the left, suggested on the right"
        )
        console.print(Text(printable(title), style="bold"), end="\n\n")
        for one in shown:
            console.print(*sentence(one, label), sep="\n", end="\n\n")
        count = sum(len(of_class(one.suspects, label)) for one in shown)
        console.print(
            f"{count:,} suspect{'s' * (count != 1)} in {len(shown):,} "
            f"sentence{'s' * (len(shown) != 1)}",
            style="bold",
        )


def sentence(one: Suspected, label: str | None = None) -> Iterator[Text | Grid]:
    """Its id and source, both readings of it beside each other, and a line for each suspect."""
    e = one.example
    yield Text(f"{printable(e.sentence.id)} ({printable(e.source)})", style="dim")
    kinds = {span: s.kind for s in one.suspects for span in spans_of(s)}
    sides = Grid.grid(padding=(0, 3, 0, 0), expand=True)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    tokens = e.sentence.tokens
    sides.add_row(marked(tokens, e.spans, kinds), marked(tokens, suggested(one), kinds))
    yield sides
    for s in of_class(one.suspects, label):
        given = worded(tokens, s.given) if s.given else "nothing"
        better = worded(tokens, s.suggested) if s.suggested else "nothing"
        yield Text(f"  {s.kind}: ", style=STYLES[s.kind]).append(
            f"labelled {given}, {s.p_given:.3f}; suggested {better}, {s.p_suggested:.3f}",
            style="default",
        )


def suggested(one: Suspected) -> list[Span]:
    """The sentence's spans if all suggestions are right."""
    doubted = {s.given for s in one.suspects}
    return [
        *(span for span in one.example.spans if span not in doubted),
        *(s.suggested for s in one.suspects if s.suggested),
    ]


def spans_of(suspect: Suspect) -> list[Span]:
    return [span for span in (suspect.given, suspect.suggested) if span]


def labels_of(suspect: Suspect) -> set[str]:
    return {span.label for span in spans_of(suspect)}


def of_class(suspects: Sequence[Suspect], label: str | None) -> list[Suspect]:
    return [s for s in suspects if label is None or label in labels_of(s)]


def suspects_section(folder: Path) -> Iterator[Section]:
    """The worst of the last round, where they were looked for."""
    round = rounds_of(folder)[-1]
    if not (folder / f"round_{round}" / SUSPECTS).is_file():
        return
    found = suspects_in(folder, round)
    every = sorted(
        ((s, one) for one in found for s in one.suspects),
        key=lambda pair: (pair[0].p_given, pair[1].example.sentence.id),
    )
    if not every:
        return
    headings = ("sentence", "source", "suspect", "labelled", "suggested", "where")
    rows = tuple(
        (
            one.example.sentence.id,
            one.example.source,
            str(s.kind),
            worded(one.example.sentence.tokens, s.given) if s.given else NONE,
            worded(one.example.sentence.tokens, s.suggested) if s.suggested else NONE,
            around(one.example.sentence.tokens, s),
            f"{s.p_given:.3f}",
            f"{s.p_suggested:.3f}",
        )
        for s, one in every[:MOST]
    )
    text = (
        f"Labels of round {round} of {name_of(folder)} that contradict the predictions of taggers "
        "which did not learn from them, the least probable first: "
        f"{min(MOST, len(every))} of {len(every):,}. The others stand in the run's folder, as "
        f"round_{round}/{SUSPECTS}; sciner show --suspects prints them."
    )
    table = Table((*headings, "p labelled", "p suggested"), rows, len(headings))
    yield Section("suspects", "Suspected label errors", text, table=table)


def around(tokens: Sequence[str], suspect: Suspect) -> str:
    """The words about a suspect."""
    start, end = extent(suspect.given, suspect.suggested)
    first, last = max(0, start - AROUND), end + AROUND
    return (
        "… " * (first > 0) + printable(" ".join(tokens[first:last])) + " …" * (last < len(tokens))
    )
