"""The answer that a set of runs gives: each setting's last round against its own round 0 and
against the baseline. The console and the page show the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sciner.report.compared import ComparedRuns, Setting, settings_in, worded
from sciner.report.frames import last_round, rows_of
from sciner.report.render import difference_text
from sciner.report.tables import F1, Cell, Paired, cells, paired
from sciner.results.records import Record
from sciner.score.multiple import holm_by_family

FEW = 5  # seeds; with fewer there is no p value
DIGITS = 3  # of an F1; what differs by less is called equal
ALPHA = 0.05  # a corrected p at or below it is called significant
MACRO = "test/f1/macro"
UNITS = ("sentences", "tokens", "entities", "minutes")  # of the budget


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


def question(compared: ComparedRuns) -> str:
    """What these runs ask, as a sentence."""
    rounds = compared.frame["round"].max() > 0
    over = "training on the seed set alone (round 0)"
    if not compared.key:
        return (
            f"Do the rounds gain anything over {over}?"
            if rounds
            else "How good is a tagger that was trained on the seed set alone?"
        )
    others = compared.values[1:]
    sides = f"{compared.key}={compared.baseline}"
    beats = (
        f"Is {compared.key}={others[0]} better than {sides}"
        if len(others) == 1
        else f"Which {compared.key} is better than {sides}"
    )
    return f"{beats}, and does any setting gain over {over}?" if rounds else f"{beats}?"


def answers(compared: ComparedRuns, found: Sequence[SettingResult]) -> list[str]:
    """What the last rounds tell, in sentences: against round 0, against the baseline, and what
    cannot be concluded."""
    told = [
        _against_round_0(found),
        _against_baseline(compared, found),
        _evidence(found),
    ]
    return [sentence for sentence in told if sentence] or [
        "Nothing here can be compared: it takes two rounds, or two values with a seed and a test "
        "set in common."
    ]


def _against_round_0(found: Sequence[SettingResult]) -> str:
    gains = [(one, one.gain) for one in found if one.gain]
    if not gains:
        return ""
    points = [round(gap.point, DIGITS) for _, gap in gains]
    lost, won = sum(p < 0 for p in points), sum(p > 0 for p in points)
    size = _between([abs(p) for p in points])
    if len(gains) == 1:
        (gap,) = (gap for _, gap in gains)
        change = f"{'loses' if lost else 'gains'} {size} entity F1 against round 0"
        return (
            f"The last round {change if lost or won else 'has the entity F1 of round 0'}, the "
            f"tagger trained on the seed set alone{_interval(gap)}{_significance([gap])}."
        )
    gaps = [gap for _, gap in gains]
    if len(gains) in (lost, won):
        verb = "loses against" if lost else "gains over"
        return (
            f"Every setting ({len(gains)} of {len(gains)}) {verb} its own round 0, the "
            f"tagger trained on the seed set alone: by {size} entity F1{_significance(gaps)}."
        )
    best, worst = (end(gains, key=lambda pair: pair[1].point) for end in (max, min))
    verb = "gains over its" if won == 1 else "gain over their"
    return (
        f"{won} of {len(gains)} settings {verb} own round 0, the tagger trained on the seed set "
        f"alone, and {lost} lose{'s' * (lost == 1)}{_of_each(gaps)}. The most: "
        f"{best[1].point:+.3f} with {worded(best[0].setting)}; the least: "
        f"{worst[1].point:+.3f} with {worded(worst[0].setting)}."
    )


def _against_baseline(compared: ComparedRuns, found: Sequence[SettingResult]) -> str:
    differing = [(one, one.difference) for one in found if one.difference]
    if not differing:
        return ""
    gaps = [gap for _, gap in differing]
    baseline = f"the baseline {compared.key}={compared.baseline}"
    if len(differing) == 1:
        ((one, gap),) = differing
        verb = "better" if gap.point > 0 else "worse"
        equal = not round(gap.point, DIGITS)
        how = "as good as" if equal else f"{abs(gap.point):.3f} {verb} than"
        return (
            f"{compared.key}={one.setting[str(compared.key)]} is {how} {baseline}"
            f"{_interval(gap)}{_significance(gaps)}."
        )
    better = sum(gap.point > 0 for gap in gaps)
    best, worst = (end(differing, key=lambda pair: pair[1].point) for end in (max, min))
    how_many = "None" if not better else "All" if better == len(gaps) else str(better)
    significance = _significance(gaps) if better in (0, len(gaps)) else _of_each(gaps)
    return (
        f"{how_many} of the {len(gaps)} other settings {'is' if better < 2 else 'are'} better "
        f"than {baseline}{significance}: from {worst[1].point:+.3f} with "
        f"{worded(worst[0].setting)} to {best[1].point:+.3f} with {worded(best[0].setting)}"
        + (", the best by the same test figures, which flatters it." if better else ".")
    )


def _interval(gap: Gap) -> str:
    d = gap.paired.difference
    return "" if d.low is None else f", 95% interval {difference_text(d).partition(' ')[2]}"


def _significance(gaps: Sequence[Gap]) -> str:
    """How many differences are significant, in brackets; nothing where no p is known."""
    known = [gap for gap in gaps if gap.p is not None]
    if not known:
        return ""
    if len(known) == 1:
        return f" ({'' if known[0].significant else 'not '}significant: p = {known[0].p:.3f})"
    counted = sum(gap.significant for gap in known)
    number = {0: "none", len(known): "all"}.get(counted, str(counted))
    return f" ({number} significant after correction, p ≤ {ALPHA})"


def _of_each(gaps: Sequence[Gap]) -> str:
    """How many gains and how many losses are significant."""
    if all(gap.p is None for gap in gaps):
        return ""
    gains, losses = (
        sum(gap.significant for gap in gaps if sign * gap.point > 0) for sign in (1, -1)
    )
    return f" (significant after correction: {gains} of the gains, {losses} of the losses)"


def _evidence(found: Sequence[SettingResult]) -> str:
    """What cannot be concluded."""
    gaps = [gap for one in found for gap in (one.gain, one.difference) if gap]
    few = [gap for gap in gaps if gap.seeds < FEW]
    if not few:
        return ""
    least, most = min(gap.seeds for gap in few), max(gap.seeds for gap in few)
    seeds = _seeds(least) if least == most else f"{least} to {_seeds(most)}"
    where = "" if len(few) == len(gaps) else f" in {len(few)} of {len(gaps)} comparisons"
    return (
        f"Whether other seeds would do the same cannot be concluded from {seeds}{where}: a p "
        f"value is given from {FEW} seeds on."
    )


def _seeds(number: int) -> str:
    return f"{number} seed{'s' * (number != 1)}"


def _between(sizes: Sequence[float]) -> str:
    low, high = f"{min(sizes):.3f}", f"{max(sizes):.3f}"
    return low if low == high else f"{low} to {high}"


def extremes(found: Sequence[SettingResult]) -> tuple[SettingResult, SettingResult] | None:
    """The settings with the highest and the lowest mean F1; None where fewer than two have one."""
    known = [one for one in found if one.f1]
    if len(known) < 2:
        return None
    by_f1 = sorted(known, key=lambda one: -one.f1.mean if one.f1 else 0.0)  # ties: as they stand
    return by_f1[0], by_f1[-1]
