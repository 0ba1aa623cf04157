"""How figures look, and how they are saved.

Lines have Okabe-Ito colours, and marks that distinguish them without colours.
"""

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
from matplotlib.transforms import TransformNode

# Okabe & Ito 2008, "Color Universal Design", without yellow, which is hard to see on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")
INK = "#1b1c1e"  # of text and axes; on a page it becomes the colour of its text
# the background; on a page it is removed. It is not quite white, so that white text stays
PAPER = "#fefefe"
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
# share of its natural size below which a figure on a page is not shrunk, so that its words stay
# readable; it scrolls instead
LEAST = 0.7


class Shown(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def look(number: int) -> dict[str, Any]:
    """Return colour, mark and dashes of the line with this number."""
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
    """Make a figure with one panel for each title.

    Args:
        titles: of the panels.
        x, y: labels of the axes.
        width, height: of a panel, in inches.
        across: panels in a row; 0 is as many as fit a page.
        one_x, one_y: whether all panels share the axis.

    Returns:
        (figure, [panels] of axes).
    """
    columns = min(across or (2 if len(titles) == 4 else 3), len(titles))
    rows = -(-len(titles) // columns)
    with mpl.rc_context(STYLE):
        figure = Shown(
            figsize=(max(5.2, width * columns), height * rows + 0.4), layout="constrained"
        )
        axes = figure.subplots(rows, columns, squeeze=False, sharex=one_x, sharey=one_y).ravel()
        for one, title in zip(axes, titles, strict=False):
            # y is given, so that matplotlib does not search for it
            one.set_title(fill(title.replace("$", r"\$"), int(10 * width)), loc="left", y=1)
        for one in axes[len(titles) :]:
            one.remove()
        # the last row may have fewer panels: label the lowest of each column
        for one in axes[max(0, len(titles) - columns) : len(titles)]:
            one.tick_params(labelbottom=True)
        (figure.supxlabel if len(titles) > 1 else axes[0].set_xlabel)(x)
        (figure.supylabel if len(titles) > 1 else axes[0].set_ylabel)(y)
    return figure, list(axes[: len(titles)])


def stretched(low: float, high: float, *, least: float) -> tuple[float, float]:
    """Move the ends of an axis apart, so that a small difference does not look like a collapse.

    >>> stretched(0.5, 0.75, least=0.5)
    (0.375, 0.875)
    """
    room = max(0.0, least - (high - low)) / 2
    return low - room, high + room


def legend(figure: Figure, lines: Mapping[str, Any]) -> None:
    """Add one legend above all panels, if there is more than one line.

    Args:
        figure: with the panels.
        lines: {name: line}.
    """
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
    """Save a figure as PNG, SVG and PDF; the same figure always gives the same bytes.

    Args:
        figure: it is laid out once, since each format would do it again, which takes most of the
            time.
        stem: the path without a suffix.
    """
    # fontTools logs every step of embedding a font
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


def keep_transforms_linked() -> None:
    """Let this process draw figures that another process made and pickled.

    A transform knows the transforms that depend on it by their addresses. matplotlib (3.11)
    restores it with the addresses of the process that pickled it. Then a new transform that happens
    to be at such an address replaces an entry, and the transform of that entry is not updated any
    more: tick labels, for example, stay where they were at another resolution.
    """
    TransformNode.__setstate__ = _restored  # type: ignore[attr-defined]


def _restored(self: TransformNode, state: dict[str, Any]) -> None:
    self.__dict__ = {**state, "_parents": {}}
    for parent in state["_parents"].values():
        if parent is not None:
            TransformNode.set_children(parent, self)


def inline(svg: str, name: str, title: str) -> str:
    """Turn an SVG file of ``save`` into an element in the colours of the page around it.

    Args:
        svg: content of the file.
        name: a prefix of its ids, which must differ from those of other figures on the page.
        title: its accessible name.
    """
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
