"""Learning curves: entity F1 over the budget, by method and seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sciner.report.frames import Counts, keys_of, latest
from sciner.report.tables import F1, refuse_unlike
from sciner.score.curves import Curve

BUDGET = "budget/"  # with a unit after it: what the gold has cost so far


def every_round(frame: pd.DataFrame, unit: str) -> list[tuple[float, float]]:
    """List (budget in ``unit``, entity F1) of every round of every run that has both."""
    wanted = [f"{BUDGET}{unit}", F1]
    wide = frame[frame["metric"].isin(wanted)].pivot(
        index=["run", "round"], columns="metric", values="value"
    )
    return [*wide.reindex(columns=wanted).dropna().itertuples(index=False, name=None)]


def learning_curves(
    frame: pd.DataFrame, by: Sequence[str], unit: str = "sentences", counts: Counts | None = None
) -> dict[str, dict[int, Curve]]:
    """Compute learning curves of entity F1 over ``budget/<unit>``.

    The runs of one method may differ only in seed and ``data.seed_size``. A curve has a point for
    every budget of its runs: the rounds of a run that buys gold, the runs of a sweep over seed
    sizes, or both. If several rounds have the same budget, the last one counts.

    Args:
        frame: the runs (``frames.tidy``).
        by: columns; a method is a combination of their values.
        unit: of the budget.
        counts: spans by test document (``frames.counts_of``).

    Returns:
        {method: {seed: curve}}.

    Raises:
        ValueError: the runs of a method differ in more, two of them have the same seed and budget,
            or the frame lacks a unit or column.
    """
    wanted = [F1, f"{BUDGET}{unit}"]
    if lost := [name for name in (*wanted, *by) if name not in {*frame["metric"], *frame.columns}]:
        raise ValueError(f"the frame has no {', '.join(lost)}")
    newest = latest(frame)
    at = ["run", "seed", "round", *by]
    shown = (
        newest[newest["metric"].isin(wanted)]
        .pivot(index=at, columns="metric", values="value")
        .dropna(subset=wanted)
        .reset_index()
    )
    points = (
        shown.sort_values("round")
        .drop_duplicates(["run", wanted[1]], keep="last")
        .sort_values(wanted[1])
    )
    for _, of_method in newest.groupby(list(by)):
        refuse_unlike(of_method, [key for key in keys_of(frame) if key != "data.seed_size"])
    found: dict[str, dict[int, Curve]] = {}
    for (seed, *values), group in points.groupby(["seed", *by]):
        method = ", ".join(map(str, values))
        kept = [(counts or {}).get(key) for key in zip(group["run"], group["round"], strict=True)]
        budget, f1 = group[wanted[1]].to_numpy(float), group[F1].to_numpy(float)
        whole = [one for one in kept if one is not None]
        if len(set(budget)) < len(budget):
            raise ValueError(
                f"two runs of {method}, seed {seed}, have the same budget: add data.seed_size to by"
            )
        try:
            curve = (
                Curve.of(budget, np.stack(whole)) if len(whole) == len(kept) else Curve(budget, f1)
            )
        except ValueError as error:
            raise ValueError(
                f"the runs of {method}, seed {seed}, are not a learning curve: {error}"
            ) from None
        found.setdefault(method, {})[int(seed)] = curve
    return found
