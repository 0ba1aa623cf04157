"""RESULTS.md of figures.json."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

MARGIN = 0.01
TRIAL = {"scierc": 0.561, "cmu_sciner": 0.388}
PUBLISHED = {"scierc": "BERT-base 0.652, SciBERT 0.676", "cmu_sciner": "bert-base 0.520"}


JUDGED = (("scierc", "dev"), ("scierc", "test"), ("cmu_sciner", "test"))


def f1s(figures: dict[str, Any], system: str, corpus: str, split: str) -> dict[int, float]:
    """By seed."""
    wanted = (system, corpus, split)
    return {
        row["seed"]: row["f1"]
        for row in figures["runs"]
        if (row["system"], row["corpus"], row["split"]) == wanted
    }


def render(figures: dict[str, Any]) -> str:
    lines = [
        "# Recipe check: full supervision with minilm against transformers.Trainer",
        "",
        "Entity F1 (strict, micro): mean over seeds (least to greatest). Difference: sciner minus "
        "Trainer,",
        f"paired by seed, 95% t interval; non-inferior where its lower end is above -{MARGIN}.",
        "",
        "| corpus | judged on | sciner | transformers.Trainer | difference | non-inferior | "
        "untuned trial | published |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for corpus, split in JUDGED:
        ours, theirs = (
            f1s(figures, system, corpus, split) for system in ("sciner", "transformers.Trainer")
        )
        if not (seeds := sorted(ours.keys() & theirs.keys())):
            continue
        gaps = np.array([ours[seed] - theirs[seed] for seed in seeds])
        low, high = stats.t.interval(0.95, len(gaps) - 1, gaps.mean(), stats.sem(gaps))
        verdict = f"{'yes' if low > -MARGIN else 'no'} ({len(seeds)} seeds)"
        others = f"{TRIAL[corpus]:.3f} | {PUBLISHED[corpus]}" if split == "test" else "|"
        lines.append(
            f"| {corpus} | {split} | {spread(ours)} | {spread(theirs)} | {gaps.mean():+.3f} "
            f"[{low:+.3f}, {high:+.3f}] | "
            f"{verdict} | {others} |"
        )
    lines += ["", "Made by:", "", *(f"- `{command}`" for command in figures["commands"])]
    return "\n".join(lines) + "\n"


def spread(f1: dict[int, float]) -> str:
    values = list(f1.values())
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
