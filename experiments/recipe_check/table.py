"""RESULTS.md of figures.json."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

MARGIN = 0.01
TRIAL = {"scierc": 0.561, "cmu_sciner": 0.388}
PUBLISHED = {"scierc": "BERT-base 0.652, SciBERT 0.676", "cmu_sciner": "bert-base 0.520"}


def f1s(figures: dict[str, Any], system: str, corpus: str) -> dict[int, float]:
    """By seed."""
    return {row["seed"]: row["f1"] for row in figures["runs"] if (row["system"], row["corpus"]) == (system, corpus)}


def render(figures: dict[str, Any]) -> str:
    lines = [
        "# Recipe check: full supervision with minilm against transformers.Trainer",
        "",
        "Entity F1 (strict, micro) on test: mean over seeds (least to greatest). Difference: sciner minus Trainer,",
        f"paired by seed, 95% t interval; non-inferior where its lower end is above -{MARGIN}.",
        "",
        "| corpus | sciner | transformers.Trainer | difference | non-inferior | untuned trial | published |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for corpus in TRIAL:
        ours, theirs = f1s(figures, "sciner", corpus), f1s(figures, "transformers.Trainer", corpus)
        seeds = sorted(ours.keys() & theirs.keys())
        gaps = np.array([ours[seed] - theirs[seed] for seed in seeds])
        low, high = stats.t.interval(0.95, len(gaps) - 1, gaps.mean(), stats.sem(gaps))
        lines.append(
            f"| {corpus} | {spread(ours)} | {spread(theirs)} | {gaps.mean():+.3f} [{low:+.3f}, {high:+.3f}] | "
            f"{'yes' if low > -MARGIN else 'no'} ({len(seeds)} seeds) | {TRIAL[corpus]:.3f} | {PUBLISHED[corpus]} |"
        )
    lines += ["", "Made by:", "", *(f"- `{command}`" for command in figures["commands"])]
    return "\n".join(lines) + "\n"


def spread(f1: dict[int, float]) -> str:
    values = list(f1.values())
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
