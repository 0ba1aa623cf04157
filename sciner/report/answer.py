"""The answer that a set of runs gives: each setting's last round against its own round 0 and
against the baseline. The console and the page show the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sciner.report.compared import ComparedRuns, Setting, settings_in
from sciner.report.frames import last_round, rows_of
from sciner.report.tables import F1, Cell, Paired, cells, paired
from sciner.results.records import Record
from sciner.score.multiple import holm_by_family

FEW = 5  # seeds; with fewer there is no p value
DIGITS = 3  # of an F1; what differs by less is called equal
ALPHA = 0.05  # a corrected p at or below it is called significant
MACRO = "test/f1/macro"
UNITS = ("sentences", "tokens", "entities", "minutes", "money")  # of the budget


@dataclass(frozen=True, slots=True)
class Gap:
    """A paired difference of micro F1. p: after Holm's correction over the settings of the same
    corpus; None with fewer than ``FEW`` seeds."""

    paired: Paired
    p: float | None

    @property
    def point(self) -> float:
        return self.paired.difference.point

    @property
    def seeds(self) -> int:
        return len(self.paired.by_seed)

    @property
    def significant(self) -> bool:
        return self.p is not None and self.p <= ALPHA

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes 0, else 0; of one seed that of the difference."""
        d = self.paired.difference
        if d.low is None or d.high is None:
            point = round(d.point, DIGITS)
            return (point > 0) - (point < 0)
        return (d.low > 0) - (d.high < 0)

    @property
    def has_interval(self) -> bool:
        return self.paired.difference.low is not None


@dataclass(frozen=True, slots=True)
class SettingResult:
    """What the runs of one setting reached in their last rounds.

    setting: their values in the columns that differ. seeds: how many. f1, macro: mean entity F1;
    None where no run has one. gain: the last round minus round 0 of the same run; None where
    there is one round. difference: minus the baseline; None for the baseline, and where no seed
    has both. cost: gold bought, the mean over seeds, by unit. hours: of computing, the mean over
    seeds. warnings: how many runs collapsed, by ``drift/collapse`` of any round.
    """

    setting: Setting
    seeds: int
    f1: Cell | None
    macro: Cell | None
    gain: Gap | None
    difference: Gap | None
    is_baseline: bool
    cost: dict[str, float]
    hours: float | None
    warnings: int


def results(compared: ComparedRuns) -> list[SettingResult]:
    """Of every setting, those of one setting of everything else together, the baseline first."""
    frame, key = compared.frame, compared.key
    names = [*compared.others, *([key] if key else [])]
    last = last_round(frame)
    f1, macro = (_means(frame, names, metric) for metric in (F1, MACRO))
    warned = warned_runs(compared.runs)
    found = []
    for setting in _ordered(compared, names):
        at = tuple(setting.values())
        here = rows_of(last, setting)
        is_baseline = bool(key) and setting[key] == compared.baseline  # type: ignore[index]
        found.append(
            SettingResult(
                setting,
                here["seed"].nunique(),
                f1.get(at),
                macro.get(at),
                _gap(compared, setting, {**setting, "round": 0})
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
                _hours(rows_of(frame, setting)),
                len(warned & set(here["run"])),
            )
        )
    families = [str(one.setting.get("corpus", "")) for one in found]
    gains = _corrected([one.gain for one in found], families)
    differences = _corrected([one.difference for one in found], families)
    return [
        replace(one, gain=gain, difference=difference)
        for one, gain, difference in zip(found, gains, differences, strict=True)
    ]


def _ordered(compared: ComparedRuns, names: Sequence[str]) -> list[Setting]:
    if not compared.key:
        return settings_in(compared.frame, names)
    place = {value: i for i, value in enumerate(compared.values)}
    others = {tuple(setting.values()): i for i, setting in enumerate(compared.settings)}
    return sorted(
        settings_in(compared.frame, names),
        key=lambda s: (others[tuple(s[n] for n in compared.others)], place[str(s[compared.key])]),  # type: ignore[index]
    )


def _means(
    frame: pd.DataFrame, names: Sequence[str], metric: str
) -> dict[tuple[Hashable, ...], Cell]:
    if not (frame["metric"] == metric).any():
        return {}
    grid = cells(frame, names or ["corpus"], [], metric)
    return {row[: len(names)]: cell for (row, _), cell in grid.cells.items()}


def _gap(compared: ComparedRuns, a: Setting, b: Setting) -> Gap | None:
    """None where no seed has both, or their test sets differ."""
    try:
        found = paired(compared.frame, a, b, F1, compared.counts)
    except ValueError:
        return None
    return Gap(found, found.difference.p if len(found.by_seed) >= FEW else None)


def _corrected(gaps: Sequence[Gap | None], families: Sequence[str]) -> list[Gap | None]:
    """With p after Holm's correction, each family by itself."""
    adjusted = holm_by_family([gap.p if gap else None for gap in gaps], families)
    return [replace(gap, p=p) if gap else None for gap, p in zip(gaps, adjusted, strict=True)]


def _hours(frame: pd.DataFrame) -> float | None:
    """What computing all rounds of a run took when it was done, the mean over seeds."""
    seconds = frame[frame["metric"] == "time/round/seconds"].groupby("run")["value"].sum()
    return float(seconds.mean()) / 3600 if len(seconds) else None


def warned_runs(runs: Sequence[Record]) -> set[str]:
    """The ids of those with a collapse warning in any round."""
    return {run.about["id"] for run in runs if any(line.get("warnings") for line in run.rounds)}


def extremes(found: Sequence[SettingResult]) -> tuple[SettingResult, SettingResult] | None:
    """The settings with the highest and the lowest mean F1; None where fewer than two have one."""
    known = [one for one in found if one.f1]
    if len(known) < 2:
        return None
    by_f1 = sorted(known, key=lambda one: -one.f1.mean if one.f1 else 0.0)  # ties: as they stand
    return by_f1[0], by_f1[-1]
