"""RESULTS.md of figures.json."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def render(figures: dict[str, Any]) -> str:
    points, machine = figures["points"], figures["machine"]
    tracked = ", ".join(f"{n} {status}" for status, n in figures["tracked"].items())
    rows = {
        "points": points,
        "scores equal to those of the same sweep on one machine": (
            "yes" if figures["same_scores"] else "no"
        ),
        "steps": figures["steps"],
        "steps that were computed twice": figures["computed_twice"],
        "steps that were interrupted, and computed anew": figures["interrupted"],
        "tracked runs": tracked,
        "locks, leases and unfinished entries at the end": figures["left"],
        "submission of all points, with the start of the command": (
            f"{figures['submission_seconds']:.0f} s"
        ),
        "sweep, from the submission to its end": f"{figures['sweep_seconds']:.0f} s",
        "the same sweep, one point after the other in one process": (
            f"{figures['serial_seconds']:.0f} s"
        ),
    }
    waits = defaultdict(list)
    for fault in figures["faults"]:
        waits[fault["what"]].append(fault["seconds"])
    lines = [
        "# Sweeps on Slurm",
        "",
        f"`{figures['command']}`, on {machine['cores']} cores ({machine['processor']}) with four "
        "slots.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {words} | {value} |" for words, value in rows.items()),
        "",
        "| event | jobs | seconds until the job runs again |",
        "| --- | --- | --- |",
        *(f"| {what} | {len(seconds)} | {span(seconds)} |" for what, seconds in waits.items()),
    ]
    return "\n".join(lines) + "\n"


def span(seconds: list[float]) -> str:
    """48, or 132 to 155."""
    low, high = min(seconds), max(seconds)
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
