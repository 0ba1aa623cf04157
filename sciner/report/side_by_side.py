"""`sciner show`: sentences in the terminal, gold on the left and predictions on the right."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sciner.errors import InputError
from sciner.printable import printable
from sciner.report.sentences import (
    Part,
    findings_of,
    folder_of,
    name_of,
    nearest_class,
    read_part,
    rounds_of,
    wrong,
)
from sciner.score.errors import Finding, Kind
from sciner.text.corpus import Example
from sciner.text.spans import Span

LIMIT = 20  # sentences that are printed by default
STYLES = {
    Kind.RIGHT: "green",
    Kind.WRONG_BOUNDARY: "yellow",
    Kind.WRONG_CLASS: "magenta",
    Kind.MISSED: "cyan",
    Kind.SPURIOUS: "red",
}


def print_sentences(
    console: Console,
    run: str,
    store: Path,
    round: int | None,
    part: Part,
    label: str | None = None,
    errors: bool = False,
    limit: int = LIMIT,
) -> None:
    """Print how many sentences fit, then the first of them; through a pager on a terminal.

    Args:
        console: where they are printed.
        run: a folder, or an id in ``store``.
        store: the folder of the store.
        round: None is the last one.
        part: the test set, or the accepted silver.
        label: only sentences with a span of this class.
        errors: only sentences with a wrong span; together with ``label``, a wrong one of that
            class.
        limit: how many sentences are printed; 0 prints all.

    Raises:
        InputError: there is no such run, round or class, or ``errors`` is asked of a run that kept
            no gold.
    """
    folder = folder_of(run, store)
    round = rounds_of(folder)[-1] if round is None else round
    examples = read_part(folder, round, part)
    if errors and examples and not any(e.sentence.spans is not None for e in examples):
        raise InputError(
            "this run kept no gold for these sentences: there are no errors to show", file=folder
        )
    known = sorted({span.label for e in examples for span in (*e.spans, *(e.sentence.spans or ()))})
    if label is not None and label not in known:
        raise InputError(
            f"no sentence has a span of class {label!r}",
            file=folder,
            hint=nearest_class(label, known),
        )
    os.environ.setdefault("LESS", "-RFX")  # colours; short output stays on the screen
    with console.pager(styles=True) if console.is_terminal else nullcontext():
        right = "silver" if part == "silver" else "predicted"
        what = "silver that trained" if part == "silver" else "test set of"
        title = printable(
            f"{name_of(folder)}: {what} round {round}; gold on the left, {right} on the right"
        )
        console.print(Text(title, style="bold"), end="\n\n")
        if not examples:
            console.print(
                "This round was trained on no silver."
                if part == "silver"
                else "The test set is empty."
            )
            return
        fitting, total = [], Counter[Kind]()
        for example in examples:
            found = findings_of(example) if example.sentence.spans is not None else []
            of_class = [f for f in found if label is None or label in labels_of(f)]
            if (errors and not wrong(of_class)) or (
                label and not of_class and label not in {s.label for s in example.spans}
            ):
                continue
            fitting.append((example, found))
            total.update(f.kind for f in of_class)
        kinds = ", ".join(f"{total[kind]:,} {kind}" for kind in Kind if total[kind])
        totals = f"{len(fitting):,} of {len(examples):,} sentences"
        print_first(
            console,
            f"{totals}{f'; spans: {kinds}' * bool(kinds)}",
            (sentence(*one) for one in fitting[: limit or None]),
            len(fitting) - limit if limit else 0,
        )


def print_first(
    console: Console, totals: str, sentences: Iterable[Iterator[Text | Table]], left: int
) -> None:
    """Print the totals, then sentences, then how many more there are.

    Args:
        console: where they are printed.
        totals: the first line.
        sentences: what is printed of each.
        left: how many sentences are not among them.
    """
    console.print(totals, style="bold", end="\n\n")
    for lines in sentences:
        console.print(*lines, sep="\n", end="\n\n")
    if left > 0:
        are = "sentence is" if left == 1 else "sentences are"
        console.print(f"{left:,} more {are} not shown; --limit 0 shows all", style="bold")


def labels_of(finding: Finding) -> set[str]:
    """Return the classes of a finding: of the gold span, and of the predicted one."""
    return {span.label for span in (finding.gold, finding.predicted) if span}


def sentence(example: Example, found: Sequence[Finding]) -> Iterator[Text | Table]:
    """Yield the id of a sentence, gold beside prediction, and a line for each wrong span."""
    kinds = {span: f.kind for f in found for span in (f.gold, f.predicted) if span}
    yield Text(printable(example.sentence.id), style="dim")
    sides = Table.grid(padding=(0, 3, 0, 0), expand=True)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    tokens, gold = example.sentence.tokens, example.sentence.spans
    left = Text("no gold", style="dim") if gold is None else marked(tokens, gold, kinds)
    sides.add_row(left, marked(tokens, example.spans, kinds))
    yield sides
    confidence = dict(zip(example.spans, example.confidences, strict=True))
    for f in found:
        if f.kind != Kind.RIGHT:
            words = [f"gold {worded(tokens, f.gold)}"] if f.gold else []
            words += (
                [f"predicted {worded(tokens, f.predicted)}, {confidence[f.predicted]:.2f}"]
                if f.predicted
                else []
            )
            yield Text(f"  {f.kind}: ", style=STYLES[f.kind]).append(
                "; ".join(words), style="default"
            )


def marked(tokens: Sequence[str], spans: Sequence[Span], kinds: dict[Span, Kind]) -> Text:
    """Write a sentence with each span in brackets before its class.

    Args:
        tokens: of the sentence.
        spans: to be marked.
        kinds: decide the colour of a span.
    """
    text, at = Text(), 0
    for span in sorted(spans):
        text.append(printable(" ".join([*tokens[at : span.start], ""])))
        text.append(worded(tokens, span), style=STYLES[kinds[span]] if span in kinds else "bold")
        text.append(" " if span.end < len(tokens) else "")
        at = span.end
    return text.append(printable(" ".join(tokens[at:])))


def worded(tokens: Sequence[str], span: Span) -> str:
    """Write a span as ``[its tokens]Class``."""
    return printable(f"[{' '.join(tokens[span.start : span.end])}]{span.label}")
