"""RESULTS.md of figures.json."""

from __future__ import annotations

from statistics import median
from typing import Any


def render(figures: dict[str, Any]) -> str:
    m = figures["machine"]
    lines = [
        "# Speed",
        "",
        f"{m['processor']}, {m['cores']} cores, Python {m['python']}, torch {m['torch']}. Medians (least to greatest).",
    ]
    for part, title in (("fit", "Fit"), ("annotate", "Annotate")):
        if part in figures:
            lines += ["", f"## {title}", "", *speeds(figures[part])]
    if "limit" in figures:
        lines += ["", "## Fraction of the machine", "", *fractions(figures["limit"])]
    if "score" in figures:
        s = figures["score"]
        lines += ["", "## Scoring", "", f"A judged set of {s['tokens']:,} tokens: {span(s['seconds'], 's')}."]
    if "start" in figures:
        lines += ["", "## Start-up", "", "| command | seconds |", "| --- | --- |"]
        lines += [f"| `{name}` | {span(values)} |" for name, values in figures["start"]["seconds"].items()]
    return "\n".join(lines) + "\n"


def speeds(found: dict[str, Any]) -> list[str]:
    about = {
        "steps": "scierc train, {steps} optimiser steps of {batch_size} sentences on average, in turns",
        "paragraphs": "{paragraphs} unlabelled paragraphs of cmu_sciner, {tokens:,} tokens, from text to spans, in turns",
    }
    words = next(text for name, text in about.items() if name in found).format(**found)
    by = found["tokens_per_second"]
    ours = median(next(iter(by.values())))
    rows = [f"| {name} | {span(values, digits=0)} | {ours / median(values):.1f} |" for name, values in by.items()]
    return [f"{words}.", "", "| | corpus tokens a second | sciner is faster by |", "| --- | --- | --- |", *rows]


def fractions(found: dict[str, Any]) -> list[str]:
    by = found["gflops"]
    peak = median(by["matrix product"])
    rows = [f"| {name} | {span(values, digits=0)} | {median(values) / peak:.0%} |" for name, values in by.items()]
    words = f"Matrix products and attention in {found['precision']}, padding included; the limit is a product of 2048 x 2048."
    return [words, "", "| | GFLOP/s | of the limit |", "| --- | --- | --- |", *rows]


def span(values: list[float], unit: str = "", digits: int = 2) -> str:
    low, middle, high = (f"{x:,.{digits}f}" for x in (min(values), median(values), max(values)))
    return f"{middle}{f' {unit}' if unit else ''} ({low} to {high})"
