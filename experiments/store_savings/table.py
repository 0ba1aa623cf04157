"""RESULTS.md of figures.json."""

from __future__ import annotations

from typing import Any


def render(figures: dict[str, Any]) -> str:
    s, o, k = figures["savings"], figures["overhead"], figures["known"]
    over = 100 * (o["wall_seconds"] - o["work_seconds"]) / o["wall_seconds"]
    lines = [
        "# What the store saves",
        "",
        f"`{s['command']}` on `sample`: {s['points']} points, {figures['cores']} cores.",
        "",
        "| | fits | optimiser steps | seconds |",
        "| --- | --- | --- | --- |",
        f"| each point alone | {s['fits_alone']} | {s['steps_alone']:,} | "
        f"{s['seconds_alone']:,.0f} (sum of the steps' own) |",
        "| structural bound: round 0 shared by all thresholds, shorter runs by longer ones | "
        f"{s['fits_structural']} | | |",
        f"| with the store | {s['fits_executed']} | {s['steps_executed']:,} | {s['seconds']:,.0f} "
        "(wall, whole sweep) |",
        f"| saved | {1 - s['fits_executed'] / s['fits_alone']:.0%} | "
        f"{1 - s['steps_executed'] / s['steps_alone']:.0%} | |",
        "",
        f"Distinct trainings among the {s['fits_alone']}: {s['fits_distinct']}. Before it ran, "
        "`sciner sweep plan` said:",
        "; ".join(s["plan"]) + ".",
        "",
        "## What it costs",
        "",
        f"In the {o['rounds']} rounds in which nothing was known: {o['wall_seconds']:.1f} s of "
        "wall time, of which",
        f"{o['work_seconds']:.1f} s went into training, annotating, selecting and scoring. The "
        "rest, the store's own work and",
        f"everything between, is {over:.1f}%.",
        "",
        "## A sweep that is known",
        "",
        f"`{k['command']}`: {k['points']} points, {k['rounds']} rounds, all known.",
        "",
        "| | seconds |",
        "| --- | --- |",
        f"| run again, `tracking=none` | {k['none']:.1f} |",
        f"| run again into SQLite | {k['sqlite']:.1f} |",
        f"| `sciner track replay` into an empty SQLite database | {k['track_replay']:.1f} |",
    ]
    return "\n".join(lines) + "\n"
