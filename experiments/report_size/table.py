"""RESULTS.md of figures.json."""

from __future__ import annotations

from statistics import median
from typing import Any

LIMITS = (
    "Limits: 96 runs over 4 corpora in under 30 s and under 1,000 MB; `index.html` of 50 "
    "runs under 3 MB."
)
PARTS = ("index.html", "sentences.html", "figures", "tables")


def render(figures: dict[str, Any]) -> str:
    m = figures["machine"]
    head = [
        "# What the page of a large sweep costs",
        "",
        f"`sciner run -m {' '.join(figures['words'])}`, then `sciner report` of all of its runs, "
        "and of the last of them.",
        f"{m['processor']}, {m['cores']} cores, Python {m['python']}, matplotlib "
        f"{m['matplotlib']}.",
        "",
        LIMITS,
        "",
        f"| runs | seconds | memory, MB | {', MB | '.join(PARTS)}, MB |",
        "| ---: | ---: | ---: |" + " ---: |" * len(PARTS),
    ]
    return "\n".join([*head, *(row(found) for found in figures["sweeps"])]) + "\n"


def row(found: dict[str, Any]) -> str:
    seconds, peaks = found["seconds"], found["peak_mb"]
    sizes = " | ".join(f"{found['bytes'].get(name, 0) / 1e6:.1f}" for name in PARTS)
    times = f"{median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"
    return f"| {found['runs']} | {times} | {max(peaks):,} | {sizes} |"
