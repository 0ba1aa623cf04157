"""The answer as tables: what each setting reached, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sciner.report.answer import FEW, UNITS, Gap, SettingResult, extremes
from sciner.report.compared import ComparedRuns, worded
from sciner.report.render import NONE, Table, cell_text, difference_text

Column = tuple[str, Callable[[SettingResult], str]]


def answer_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """A row for each setting: last-round F1, and the differences from its own round 0 and from the
    baseline, with what their intervals resample."""
    columns: list[Column] = [
        ("seeds", lambda one: str(one.seeds)),
        ("entity F1", lambda one: cell_text(one.f1)),
    ]
    gains = [one.gain for one in found if one.gain]
    differences = [one.difference for one in found if one.difference]
    if gains:
        columns.append(("minus its round 0", lambda one: gap_text(one.gain)))
        if any(gap.p is not None for gap in gains):
            columns.append(("p", lambda one: p_text(one.gain)))
    if differences:
        columns.append(
            (
                f"minus {compared.key}={compared.baseline}",
                lambda one: "baseline" if one.is_baseline else gap_text(one.difference),
            )
        )
        if any(gap.p is not None for gap in differences):
            columns.append(("p", lambda one: "" if one.is_baseline else p_text(one.difference)))
    return _table(compared, found, columns, notes(found))


def notes(found: Sequence[SettingResult], p: bool = True) -> tuple[str, ...]:
    """What the intervals of ``found`` are over, and with ``p`` what is corrected."""
    gaps = [gap for one in found for gap in (one.gain, one.difference) if gap]
    told = []
    if any(one.f1 and one.f1.low is not None for one in found):
        told.append("F1: mean over seeds [95% t interval over seeds].")
    over = sorted({" and ".join(gap.paired.difference.over) for gap in gaps})
    kinds = [
        f"95% {'t interval over' if one == 'seeds' else 'bootstrap interval over'} "
        f"{one.replace('documents', 'test documents')}"
        for one in over
        if one
    ]
    if kinds:
        told.append(f"Differences: paired by seed [{'; '.join(kinds)}].")
    if any(one.f1 and one.f1.low is None for one in found) or "" in over:
        told.append("* One seed: no interval.")
    if p and any(gap.p is not None for gap in gaps):
        told.append(f"p: after Holm's correction over its column; from {FEW} seeds on.")
    return tuple(told)


def cost_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """A row for each setting: the gold it bought by its last round, and the hours of computing."""
    columns: list[Column] = [
        (unit if unit == "money" else f"gold {unit}", _cost(unit))
        for unit in UNITS
        if any(unit in one.cost for one in found)
    ]
    if any(one.hours is not None for one in found):
        columns.append(
            ("hours of computing", lambda one: NONE if one.hours is None else hours(one.hours))
        )
    columns.append(("runs with collapse warnings", lambda one: f"{one.warnings} of {one.seeds}"))
    notes = (
        "Means over seeds. Gold includes dev where it was bought. Computing is counted for each "
        "run as if it ran alone, also where the store had the result.",
    )
    return _table(compared, found, columns, notes)


def comparison_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """Both in one, as the console shows it at the end of a sweep."""
    gains = [one.gain for one in found if one.gain]
    columns: list[Column] = [
        ("seeds", lambda one: str(one.seeds)),
        ("F1 micro", lambda one: cell_text(one.f1)),
        ("F1 macro", lambda one: cell_text(one.macro)),
    ]
    if gains:
        columns.append(("gain on round 0", lambda one: gap_text(one.gain)))
    columns += [
        (f"gold {unit}", _cost(unit))
        for unit in UNITS[:1]
        if any(unit in one.cost for one in found)
    ]
    if any(one.warnings for one in found):
        columns.append(("collapse warnings", lambda one: f"{one.warnings} of {one.seeds}"))
    shown = [replace(one, difference=None) for one in found]
    return _table(compared, found, columns, notes(shown, p=False))


def _table(
    compared: ComparedRuns,
    found: Sequence[SettingResult],
    columns: Sequence[Column],
    notes: tuple[str, ...],
) -> Table:
    names = [*compared.others, *([compared.key] if compared.key else [])]
    first = names or ["runs"]
    rows = tuple(
        (
            *(str(one.setting[name]) for name in names),
            *([] if names else ["all"]),
            *(text(one) for _, text in columns),
        )
        for one in found
    )
    return Table((*first, *(heading for heading, _ in columns)), rows, len(first), notes)


def _cost(unit: str) -> Callable[[SettingResult], str]:
    form = ".4g" if unit == "money" else ",.0f"
    return lambda one: f"{one.cost[unit]:{form}}" if unit in one.cost else NONE


def gap_text(gap: Gap | None) -> str:
    return NONE if gap is None else difference_text(gap.paired.difference)


def p_text(gap: Gap | None) -> str:
    if gap is None or gap.p is None:
        return NONE
    return f"{gap.p:.3f}" if gap.p >= 0.001 else "<0.001"


def hours(value: float) -> str:
    """0.004, 0.52, 12."""
    return f"{value:.{3 if value < 0.1 else 2 if value < 10 else 0}f}"


def best_and_worst(found: Sequence[SettingResult]) -> list[str]:
    """A line for the best setting and one for the worst, by the mean F1 of the last round."""
    if (ends := extremes(found)) is None:
        return []
    return [
        f"{word}: {worded(one.setting)}, entity F1 {one.f1.mean:.3f}"
        for word, one in zip(("best", "worst"), ends, strict=True)
        if one.f1
    ]
