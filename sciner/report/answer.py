"""The answer that a set of runs gives: the last round of each setting against two references.

These are its own round 0, and the baseline. The console and the page show the same answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sciner.report.compared import ComparedRuns, Setting, settings_in
from sciner.report.frames import last_round, rows_of
from sciner.report.gain import no_silver, sign_of
from sciner.report.tables import F1, Cell, Paired, cells, paired
from sciner.score.curves import Difference
from sciner.score.multiple import holm_by_family

FEW = 5  # seeds; with fewer there is no p value
ALPHA = 0.05  # a difference with a corrected p at or below this value is called significant
MACRO = "test/f1/macro"
UNITS = ("sentences", "tokens", "entities", "minutes", "money")  # of the budget


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of micro F1, paired by seed.

    Attributes:
        paired: the difference, and that of each seed.
        p: two-sided p value after Holm's correction over the settings of the same corpus; None
            with fewer than ``FEW`` seeds.
    """

    paired: Paired
    p: float | None

    @property
    def point(self) -> float:
        """The mean difference, in [-1, 1]."""
        return self.paired.difference.point

    @property
    def seeds(self) -> int:
        """The number of seeds that both sides have."""
        return len(self.paired.by_seed)

    @property
    def significant(self) -> bool:
        """Whether p is known and at most ``ALPHA``."""
        return self.p is not None and self.p <= ALPHA

    @property
    def sign(self) -> int:
        """1 or -1 if the interval excludes 0, otherwise 0.

        Without an interval, it is the sign of the rounded difference.
        """
        return sign_of(self.paired.difference)

    @property
    def has_interval(self) -> bool:
        """Whether the difference has an interval."""
        return self.paired.difference.low is not None


@dataclass(frozen=True, slots=True)
class SettingResult:
    """What the runs of one setting reached in their last rounds.

    Attributes:
        setting: their values in the columns that differ.
        seeds: the number of seeds.
        f1, macro: mean entity F1; None if no run has one.
        gain: the last round minus round 0 of the same run; None if there is only round 0.
        difference: the last round minus that of the baseline; None for the baseline itself, and
            if no seed has both.
        is_baseline: whether this is the baseline.
        cost: the gold that was bought, by unit: the mean over seeds.
        seconds: the computing time of a run: the mean over seeds; None if no run has it.
        warned_runs: the number of runs with a collapse warning after round 0.
        warned_rounds: the number of their rounds with a warning.
        no_silver: whether no run accepted silver in any round, or bought gold after round 0.
    """

    setting: Setting
    seeds: int
    f1: Cell | None
    macro: Cell | None
    gain: Gap | None
    difference: Gap | None
    is_baseline: bool
    cost: dict[str, float]
    seconds: float | None
    warned_runs: int
    warned_rounds: int
    no_silver: bool


def results(compared: ComparedRuns) -> list[SettingResult]:
    """Compute the result of every setting.

    Settings that differ only in the compared key stand together, the baseline first.
    """
    frame, key = compared.frame, compared.key
    names = [*compared.others, *([key] if key else [])]
    last = last_round(frame)
    f1, macro = (_means(frame, names, metric) for metric in (F1, MACRO))
    by_id = {run.about["id"]: run for run in compared.runs}
    found = []
    for setting in sorted(settings_in(frame, names), key=compared.order()):
        at = tuple(setting.values())
        here = rows_of(last, setting)
        rounds = [by_id[id].rounds for id in here["run"].unique()]
        warned = [count for lines in rounds if (count := warned_rounds(lines))]
        is_baseline = bool(key) and setting[key] == compared.baseline  # type: ignore[index]
        found.append(
            SettingResult(
                setting,
                here["seed"].nunique(),
                f1.get(at),
                macro.get(at),
                _as_in_the_run(_gap(compared, setting, {**setting, "round": 0}), here)
                if rows_of(frame, setting)["round"].max() > 0
                else None,
                _gap(compared, setting, {**setting, key: compared.baseline})
                if key and not is_baseline
                else None,
                is_baseline,
                {
                    unit: float(values.mean())
                    for unit in UNITS
                    if len(values := here.loc[here["metric"] == f"budget/{unit}", "value"])
                },
                _seconds(rows_of(frame, setting)),
                len(warned),
                sum(warned),
                bool(rounds) and all(map(no_silver, rounds)),
            )
        )
    families = [str(one.setting.get("corpus", "")) for one in found]
    gains = _corrected([one.gain for one in found], families)
    differences = _corrected([one.difference for one in found], families)
    return [
        replace(one, gain=gain, difference=difference)
        for one, gain, difference in zip(found, gains, differences, strict=True)
    ]


def _means(
    frame: pd.DataFrame, names: Sequence[str], metric: str
) -> dict[tuple[Hashable, ...], Cell]:
    if not (frame["metric"] == metric).any():
        return {}
    grid = cells(frame, names or ["corpus"], [], metric)
    return {row[: len(names)]: cell for (row, _), cell in grid.cells.items()}


def _gap(compared: ComparedRuns, a: Setting, b: Setting) -> Gap | None:
    """The difference a - b; None if no seed has both, or if their test sets differ."""
    try:
        found = paired(compared.frame, a, b, F1, compared.counts)
    except ValueError:
        return None
    return Gap(found, found.difference.p if len(found.by_seed) >= FEW else None)


def _as_in_the_run(gain: Gap | None, last: pd.DataFrame) -> Gap | None:
    """The gain of a single seed with the interval that the table of its run has.

    That is also a bootstrap over test documents, but with other draws.
    """
    if gain is None or gain.seeds > 1:
        return gain
    values = last[last["seed"].isin(gain.paired.by_seed)].set_index("metric")["value"]
    low, high = (values.get(f"test/gain/micro_{end}") for end in ("low", "high"))
    if low is None or low == high:  # no counts, or a single document
        return gain
    own = Difference(gain.point, float(low), float(high), None, ("documents",))
    return replace(gain, paired=replace(gain.paired, difference=own))


def _corrected(gaps: Sequence[Gap | None], families: Sequence[str]) -> list[Gap | None]:
    """The differences with p after Holm's correction within each family."""
    adjusted = holm_by_family([gap.p if gap else None for gap in gaps], families)
    return [replace(gap, p=p) if gap else None for gap, p in zip(gaps, adjusted, strict=True)]


def _seconds(frame: pd.DataFrame) -> float | None:
    """How long all rounds of a run took when they were computed: the mean over seeds."""
    seconds = frame[frame["metric"] == "time/round/seconds"].groupby("run")["value"].sum()
    return float(seconds.mean()) if len(seconds) else None


def warned_rounds(rounds: Sequence[Mapping[str, Any]]) -> int:
    """Count the rounds of a run with a collapse warning.

    Round 0 does not count: it is trained on the seed set alone, so silver cannot have caused it.
    """
    return sum(bool(line["round"] and line.get("warnings")) for line in rounds)


def extremes(found: Sequence[SettingResult]) -> tuple[SettingResult, SettingResult] | None:
    """Find the best and the worst of settings that differ only in the compared key.

    They are ordered by their difference from the baseline, which has 0 itself, so that the order
    agrees with the differences beside it. Without a baseline, the order is that of the mean F1.

    Returns:
        (best, worst); None if fewer than two settings can be ordered.
    """
    with_baseline = any(one.is_baseline for one in found)
    order = {
        i: value for i, one in enumerate(found) if (value := _merit(one, with_baseline)) is not None
    }
    if len(order) < 2:
        return None
    ranked = sorted(order, key=lambda i: -order[i])  # equal ones stay in their order
    return found[ranked[0]], found[ranked[-1]]


def _merit(one: SettingResult, with_baseline: bool) -> float | None:
    if not one.f1:
        return None
    if not with_baseline:
        return one.f1.mean
    if one.is_baseline:
        return 0.0
    return one.difference.point if one.difference else None
