"""Suspected label errors of a run: for `sciner show --suspects`, and as a section of the page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sciner.errors import InputError, nearest
from sciner.printable import printable
from sciner.report.render import NONE, Table
from sciner.report.section import Section
from sciner.report.sentences import folder_of, name_of, rounds_of
from sciner.report.side_by_side import LIMIT, STYLES, marked, print_first, worded
from sciner.results.suspects import SUSPECTS, read_suspects
from sciner.score.suspects import Suspect, Suspected, extent
from sciner.text.spans import Span

MOST = 30  # rows of the page's table
AROUND = 5  # tokens before and after a suspect in this table
HINT = "run it again with suspects=true: the store knows its other steps"


def suspects_in(folder: Path, round: int) -> list[Suspected]:
    """Read the suspects of a round, the least probable label first.

    Raises:
        InputError: there is no such round, or label errors were not looked for.
    """
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
    limit: int = LIMIT,
) -> None:
    """Print how many suspects there are, then the worst sentences; through a pager on a terminal.

    Args:
        console: where they are printed.
        run: a folder, or an id in ``store``.
        store: the folder of the store.
        round: None is the last one.
        label: only suspects of this class, as labelled or as suggested.
        silver: only suspects in silver.
        limit: how many sentences are printed; 0 prints all.

    Raises:
        InputError: there is no such run, round or class, or label errors were not looked for.
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
        count = sum(len(of_class(one.suspects, label)) for one in shown)
        print_first(
            console,
            f"{count:,} suspect{'s' * (count != 1)} in {len(shown):,} "
            f"sentence{'s' * (len(shown) != 1)}",
            (sentence(one, label) for one in shown[: limit or None]),
            len(shown) - limit if limit else 0,
        )


def sentence(one: Suspected, label: str | None = None) -> Iterator[Text | Grid]:
    """Yield the id and source of a sentence, label beside suggestion, and a line per suspect.

    Args:
        one: the sentence with its suspects.
        label: only lines for suspects of this class.
    """
    e = one.example
    yield Text(f"{printable(e.sentence.id)} ({printable(e.source)})", style="dim")
    kinds = {span: s.kind for s in one.suspects for span in spans_of(s)}
    sides = Grid.grid(padding=(0, 3, 0, 0), expand=True)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    tokens = e.sentence.tokens
    sides.add_row(marked(tokens, e.spans, kinds), marked(tokens, one.suggested(), kinds))
    yield sides
    for s in of_class(one.suspects, label):
        given = worded(tokens, s.given) if s.given else "nothing"
        better = worded(tokens, s.suggested) if s.suggested else "nothing"
        yield Text(f"  {s.kind}: ", style=STYLES[s.kind]).append(
            f"labelled {given}, {s.p_given:.3f}; suggested {better}, {s.p_suggested:.3f}",
            style="default",
        )


def spans_of(suspect: Suspect) -> list[Span]:
    """Return the span as it is labelled and the suggested one, if they exist."""
    return [span for span in (suspect.given, suspect.suggested) if span]


def labels_of(suspect: Suspect) -> set[str]:
    """Return the classes of a suspect: as labelled, and as suggested."""
    return {span.label for span in spans_of(suspect)}


def of_class(suspects: Sequence[Suspect], label: str | None) -> list[Suspect]:
    """Return the suspects of a class; None is any class."""
    return [s for s in suspects if label is None or label in labels_of(s)]


def suspects_section(folder: Path, name: str = "") -> Iterator[Section]:
    """Yield the section of the least probable labels of the last round, if it has suspects.

    Args:
        folder: of the run.
        name: of the run, among those on the page.
    """
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
        f"Labels in round {round}{name and f' of {name}'} that are possibly wrong: taggers that "
        "were not trained on them predict something else. The least probable labels come first: "
        f"{min(MOST, len(every))} of {len(every):,}. All of them are in round_{round}/{SUSPECTS} "
        "in the run's folder; sciner show RUN --suspects prints them."
    )
    table = Table((*headings, "p labelled", "p suggested"), rows, len(headings))
    yield Section("suspects", "Suspected label errors", text, table=table)


def around(tokens: Sequence[str], suspect: Suspect) -> str:
    """Return the tokens around a suspect."""
    start, end = extent(suspect.given, suspect.suggested)
    first, last = max(0, start - AROUND), end + AROUND
    return (
        "… " * (first > 0) + printable(" ".join(tokens[first:last])) + " …" * (last < len(tokens))
    )
