"""How figures look: Okabe-Ito colours, marks that tell lines apart without them, and the same
figure as a file or inline."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe & Ito 2008, "Color Universal Design", without the yellow, which a white page swallows
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")
INK = "#1b1c1e"  # of text and axes; inline it is the colour of the page's text
PAPER = "#fefefe"  # white, but for inline figures, which have none: white text stays
STYLE: dict[Any, Any] = {
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.grid": True,
    "grid.color": "#8888884d",
    "font.size": 9,
    "figure.labelsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), PAPER),
}
FORMATS = ("png", "svg", "pdf")
# a third faster than the default, a tenth larger
MORE: dict[str, Any] = {"png": {"pil_kwargs": {"compress_level": 3}}}
# of its natural size: a figure on a page is not made smaller, or its words could not be read; it
# scrolls instead
LEAST = 0.7


class Shown(Figure):
    """A figure that a notebook shows as it is, without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def look(number: int) -> dict[str, Any]:
    """Colour, mark and dashes of the line of this number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
    }


def panels(
    titles: Sequence[str],
    x: str = "",
    y: str = "",
    *,
    width: float = 3.4,
    height: float = 2.7,
    across: int = 0,
    one_x: bool = True,
    one_y: bool = True,
) -> tuple[Figure, list[Any]]:
    """A figure with one pair of axes a title, ``across`` of them in a row (0: as fits a page), in
    inches each. x, y: the words of their axes. one_x, one_y: all have the same axis."""
    columns = min(across or (2 if len(titles) == 4 else 3), len(titles))
    rows = -(-len(titles) // columns)
    with mpl.rc_context(STYLE):
        figure = Shown(
            figsize=(max(5.2, width * columns), height * rows + 0.4), layout="constrained"
        )
        axes = figure.subplots(rows, columns, squeeze=False, sharex=one_x, sharey=one_y).ravel()
        for one, title in zip(axes, titles, strict=False):
            # y: none is searched for
            one.set_title(fill(title.replace("$", r"\$"), int(10 * width)), loc="left", y=1)
        for one in axes[len(titles) :]:
            one.remove()
        # below the last of a column there may be none
        for one in axes[max(0, len(titles) - columns) : len(titles)]:
            one.tick_params(labelbottom=True)
        (figure.supxlabel if len(titles) > 1 else axes[0].set_xlabel)(x)
        (figure.supylabel if len(titles) > 1 else axes[0].set_ylabel)(y)
    return figure, list(axes[: len(titles)])


def stretched(low: float, high: float, *, least: float) -> tuple[float, float]:
    """The ends of an axis, so far apart (``least`` or more) that what hardly differs does not look
    like a collapse."""
    room = max(0.0, least - (high - low)) / 2
    return low - room, high + room


def legend(figure: Figure, lines: Mapping[str, Any]) -> None:
    """One for all panels, above them, if there is more than one line: {name: line}."""
    if len(lines) > 1:
        # inches: a character, and its line with the space around it
        entry = 0.07 * max(map(len, lines)) + 0.5
        columns = max(1, int(figure.get_figwidth() / entry))
        with mpl.rc_context(STYLE):
            figure.legend(
                list(lines.values()),
                list(lines),
                loc="outside upper left",
                ncols=min(columns, len(lines)),
            )


def save(figure: Figure, stem: Path) -> None:
    """As PNG, SVG and PDF, the same bytes for the same figure. It is laid out once and for all:
    otherwise each format does so again, which is most of the time it takes."""
    # embedding a font is told step by step
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    still: dict[str, dict[str, Any]] = {
        "svg": {"Date": None},
        "pdf": {"CreationDate": None},
        "png": {"Software": None},
    }
    with mpl.rc_context({**STYLE, "svg.hashsalt": stem.name}):
        if engine := figure.get_layout_engine():
            engine.execute(figure)
            figure.set_layout_engine(None)
        for kind in FORMATS:
            figure.savefig(
                stem.with_suffix(f".{kind}"), dpi=160, metadata=still[kind], **MORE.get(kind, {})
            )


def inline(svg: str, name: str, title: str) -> str:
    """What ``save`` wrote as SVG, as an element in the colours of the page around it; ``name``
    keeps its ids apart from those of other figures."""
    from markupsafe import escape

    svg = (
        svg[svg.index("<svg") :]
        .replace(INK, "currentColor")
        .replace(f"fill: {PAPER}", "fill: none")
    )
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    width = re.search(r'width="([\d.]+)pt"', svg)
    assert width
    about = (
        f'role="img" aria-label="{escape(title)}" style="min-width: '
        f'{LEAST * float(width[1]):.0f}pt"'
    )
    return re.sub(r"<svg ", f"<svg {about} ", svg, count=1)
