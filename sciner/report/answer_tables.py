"""The answer as tables: what each setting reached, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from sciner.report.answer import FEW, UNITS, Gap, SettingResult, extremes
from sciner.report.compared import ComparedRuns, Setting, worded
from sciner.report.render import NONE, Table, cell_text, difference_text, duration, p_text

Column = tuple[str, Callable[[SettingResult], str]]
Marks = Mapping[tuple[str, ...], str]
MARKS = ("", "†", "‡")  # there are three kinds of intervals
MOST_GROUPS = 6  # with more, the best and the worst of each are a wall of text


def answer_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """Make the table of the answer, with a row for each setting.

    It has the F1 of the last round, its differences from round 0 and from the baseline, and, if
    there are any, the runs with collapse warnings. The notes say what the intervals resample.
    """
    columns: list[Column] = [
        ("seeds", lambda one: str(one.seeds)),
        ("entity F1", lambda one: cell_text(one.f1)),
    ]
    gains = [one.gain for one in found if one.gain]
    differences = [one.difference for one in found if one.difference]
    marks = interval_marks(found)
    if gains:
        columns.append(("minus its round 0", lambda one: gap_text(one.gain, marks)))
        if any(gap.p is not None for gap in gains):
            columns.append(("p", lambda one: gap_p(one.gain)))
    if differences:
        columns.append(_against_baseline(compared, marks))
        if any(gap.p is not None for gap in differences):
            columns.append(("p", lambda one: "" if one.is_baseline else gap_p(one.difference)))
    return _table(compared, found, [*columns, *_warnings(found)], notes(found))


def notes(found: Sequence[SettingResult], p: bool = True) -> tuple[str, ...]:
    """Say what the intervals of a table of the answer cover.

    Args:
        found: the rows of the table.
        p: whether the table has p values.
    """
    told = []
    if any(one.f1 and one.f1.low is not None for one in found):
        told.append("F1: mean over seeds [95% t interval over seeds].")
    kinds = [
        f"{mark and f'{mark} '}95% {'t' if over == ('seeds',) else 'bootstrap'} interval over "
        f"{' and '.join(over).replace('documents', 'test documents')}"
        for over, mark in interval_marks(found).items()
    ]
    if kinds:
        told.append(f"Differences: paired by seed [{'; '.join(kinds)}].")
    gaps = gaps_of(found)
    if any(one.f1 and one.f1.low is None for one in found) or not all(
        gap.has_interval for gap in gaps
    ):
        told.append("* One seed: no interval.")
    if p and any(gap.p is not None for gap in gaps):
        told.append(
            f"p: after Holm's correction over the settings of each corpus, from {FEW} seeds."
        )
    return tuple(told)


def gaps_of(found: Sequence[SettingResult]) -> list[Gap]:
    """List all differences."""
    return [gap for one in found for gap in (one.gain, one.difference) if gap]


def interval_marks(found: Sequence[SettingResult]) -> Marks:
    """Choose a mark for each kind of interval; the most frequent one has none.

    Returns:
        {what the interval is over: mark}.
    """
    over = Counter(gap.paired.difference.over for gap in gaps_of(found) if gap.has_interval)
    return {kind: mark for (kind, _), mark in zip(over.most_common(), MARKS, strict=False)}


def cost_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """Make the table of what each setting cost: gold by its last round, and computing time."""
    columns: list[Column] = [
        (unit if unit == "money" else f"gold {unit}", _cost(unit))
        for unit in UNITS
        if any(unit in one.cost for one in found)
    ]
    if any(one.seconds is not None for one in found):
        columns.append(
            (
                "computing time",
                lambda one: NONE if one.seconds is None else duration(one.seconds),
            )
        )
    means = "Means over seeds. " if any(one.seeds > 1 for one in found) else ""
    notes = (
        f"{means}Gold includes dev if it was bought. Computing time is that of each run as if it "
        "ran alone, even if the store already had some of its results.",
    )
    return _table(compared, found, columns, notes)


def comparison_table(compared: ComparedRuns, found: Sequence[SettingResult]) -> Table:
    """Make the table that the console shows at the end of a sweep: answer and cost in one."""
    columns: list[Column] = [
        ("seeds", lambda one: str(one.seeds)),
        ("F1 micro", lambda one: cell_text(one.f1)),
        ("F1 macro", lambda one: cell_text(one.macro)),
    ]
    marks = interval_marks(found)
    if any(one.gain for one in found):
        columns.append(("gain over round 0", lambda one: gap_text(one.gain, marks)))
    if any(one.difference for one in found):
        columns.append(_against_baseline(compared, marks))
    columns += [
        (f"gold {unit}", _cost(unit))
        for unit in UNITS[:1]
        if any(unit in one.cost for one in found)
    ]
    return _table(compared, found, [*columns, *_warnings(found)], notes(found, p=False))


def _against_baseline(compared: ComparedRuns, marks: Marks) -> Column:
    return (
        f"minus {compared.key}={compared.baseline}",
        lambda one: "baseline" if one.is_baseline else gap_text(one.difference, marks),
    )


def _warnings(found: Sequence[SettingResult]) -> list[Column]:
    """The runs with collapse warnings, if there are any."""
    if not any(one.warned_runs for one in found):
        return []
    return [("collapse warnings", lambda one: f"{one.warned_runs} of {_runs(one)}")]


def _runs(one: SettingResult) -> str:
    return f"{one.seeds} run{'s' * (one.seeds != 1)}"


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


def gap_text(gap: Gap | None, marks: Marks) -> str:
    """Format a difference, such as ``+0.012 [-0.003, +0.027]``; a dash if there is none.

    The mark of its kind of interval follows it (``interval_marks``).
    """
    if gap is None:
        return NONE
    difference = gap.paired.difference
    return difference_text(difference) + marks.get(difference.over, "")


def gap_p(gap: Gap | None) -> str:
    """Format the p value of a difference; a dash if there is none."""
    return NONE if gap is None else p_text(gap.p)


def best_and_worst(compared: ComparedRuns, found: Sequence[SettingResult]) -> list[str]:
    """Name the best and the worst value of the compared setting, a line for each.

    Runs that also differ in other settings are compared within each combination of these: F1 on
    two corpora, or with two budgets, cannot be compared. With more than ``MOST_GROUPS``
    combinations there are no lines.
    """
    if len(compared.settings) > MOST_GROUPS:
        return []
    return [line for group in compared.settings for line in _ends_of(found, group)]


def _ends_of(found: Sequence[SettingResult], group: Setting) -> Iterator[str]:
    inside = [one for one in found if group.items() <= one.setting.items()]
    if (ends := extremes(inside)) is None:
        return
    where = f" of {worded(group)}" if group else ""
    for word, one in zip(("best", "worst"), ends, strict=True):
        shown = replace(one, setting={k: v for k, v in one.setting.items() if k not in group})
        yield f"{word}{where}: {_reached(shown)}"


def _reached(one: SettingResult) -> str:
    """Its F1, its difference from the baseline, and its collapse warnings, in words."""
    told = [worded(one.setting)]
    if one.is_baseline:
        told[0] += " (the baseline)"
    if one.f1:
        told.append(f"entity F1 {one.f1.mean:.3f}")
    if one.difference:
        told.append(f"{one.difference.point:+.3f} from the baseline")
    if one.warned_runs:
        told.append(f"collapse warnings in {one.warned_runs} of {_runs(one)}")
    return ", ".join(told)
