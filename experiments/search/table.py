"""RESULTS.md of figures.json."""

from __future__ import annotations

from math import nan
from statistics import mean, stdev
from typing import Any

from sciner.score.intervals import SIGNED, t_interval


def render(figures: dict[str, Any]) -> str:
    lines = ["# What the searches found, and saved"]
    for name, found in figures.items():
        lines += [
            "",
            f"## {name}",
            "",
            f"`{found['command']}`",
            "",
            *saved(found),
            "",
            *best(found),
            "",
        ]
        lines += [f"![{kind}]({name}/{kind}.png)" for kind in ("history", "importances", "rounds")]
    return "\n".join(lines) + "\n"


def saved(found: dict[str, Any]) -> list[str]:
    ended = ", ".join(f"{count} {state}" for state, count in found["trials"].items())
    planned, fits, known = found["rounds_planned"], found["fits"], found["fits_known"]
    alone, here = found["seconds_alone"], found["seconds_here"]
    return [
        f"Trials: {ended}; {found['seconds'] / 60:.0f} minutes, start-up and all.",
        "",
        "| | of | saved |",
        "| --- | --- | --- |",
        f"| pruning: rounds not run | {planned} | {share(planned - found['rounds'], planned)} |",
        f"| the store: fits known | {fits} | {share(known, fits)} |",
        f"| both: fits not computed | {planned} | {share(planned - fits + known, planned)} |",
        f"| the store: steps known, of all kinds | {found['steps']} | "
        f"{share(found['steps_known'], found['steps'])} |",
        f"| the store: seconds of the rounds that were run | {alone:.0f} | "
        f"{share(alone - here, alone, '.0f')} |",
    ]


def share(part: float, whole: float, form: str = "") -> str:
    return f"{part:{form}} ({part / whole:.0%})"


def best(found: dict[str, Any]) -> list[str]:
    """The best trial, and the paired difference on test by seeds that the search never saw."""
    trial, asked = found["best"][0], found["confirmed"]
    differences = [x - y for x, y in zip(asked["best"], asked["defaults"], strict=True)]
    low, high = t_interval(differences, SIGNED) or (nan, nan)
    return [
        f"Best on dev, of {sum(found['trials'].values())}: trial {trial['trial']}, F1 "
        f"{trial['values'][0]:.3f}.",
        "",
        f"`{trial['command']}`",
        "",
        f"| test F1, {len(asked['seeds'])} other seeds | mean | deviation |",
        "| --- | --- | --- |",
        f"| best trial's words | {mean(asked['best']):.3f} | {stdev(asked['best']):.3f} |",
        f"| the defaults | {mean(asked['defaults']):.3f} | {stdev(asked['defaults']):.3f} |",
        f"| difference, 95% interval | {mean(differences):+.3f} | {low:+.3f} … {high:+.3f} |",
    ]
