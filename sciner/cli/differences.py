"""What `sciner store diff` prints: where two runs begin to differ, and in which inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sciner.cli.console import add_row, table_of
from sciner.store.layout import DEFAULT_FOLDER

if TYPE_CHECKING:
    from sciner.results.compare import Cause, Diff, Difference

SHORT = 20  # characters that are shown of a digest


def partings(found: Diff, stored: bool) -> list[Any]:
    """What `sciner store diff` prints about the steps.

    Args:
        found: the comparison.
        stored: whether there is a store to look inputs up in.
    """
    from sciner.loop.steps.fit import Fit
    from sciner.store.step import step_of

    if not found.partings:
        return [f"the same computation: all {found.same} steps have the same keys"]
    said: list[Any] = []
    for n, parting in enumerate(found.partings):
        names = [step_of(key) for key in (parting.a, parting.b)]
        if n == 0:
            said.append(
                f"the first {found.same} steps are the same"
                if found.same
                else "not even the first step is the same"
            )
        where = f"round {parting.round}, {names[0] or names[1]}"
        if parting.cause is None:
            alone = "A" if parting.a else "B"
            over = parting.round >= min(found.rounds)
            said.append(f"{where}: only {alone} has this step{'; the other run has ended' * over}")
            continue
        said += [
            f"{where}: {('the first difference', 'still different', 'still different')[n]}",
            *explained(parting.cause, stored),
        ]
    if all(step_of(p.a or p.b) != Fit.NAME for p in found.partings):
        said.append(
            "the fits that both runs have are the same: the difference changed no training set"
        )
    return said


def explained(cause: Cause, stored: bool) -> list[Any]:
    """A cause, and the causes behind it."""
    from sciner.loop.steps import STEPS
    from sciner.store.step import short_key, step_of

    said: list[Any] = []
    if cause.inputs:
        step = STEPS.get(step_of(cause.a))
        said.append(table_of_differences("input", cause.inputs, step.INPUTS if step else {}))
    if not stored:
        said.append(f"  no store in {DEFAULT_FOLDER}: give --dir to see which inputs differ")
    elif cause.missing:
        sides = " and ".join(("A's", "B's")[key == cause.b] for key in cause.missing)
        said.append(
            f"  the store has no entry of {sides} (pruned, or never kept): its inputs are unknown"
        )
    for deeper in cause.because:
        said += [
            f"  because of {short_key(deeper.a)} and {short_key(deeper.b)}:",
            *explained(deeper, stored),
        ]
    return said


def table_of_differences(
    heading: str,
    found: tuple[Difference, ...],
    meanings: Mapping[str, str] | None = None,
) -> Any:
    """A table of values that differ.

    Args:
        heading: of the first column.
        found: the differences.
        meanings: explanations of names.
    """
    table = table_of(heading, "A", "B")
    for d in found:
        meaning = (meanings or {}).get(d.name)
        add_row(table, f"{d.name} ({meaning})" if meaning else d.name, short(d.a), short(d.b))
    return table


def short(value: Any) -> str:
    """A value of a key.json; digests and keys are shortened."""
    import re
    from json import dumps

    from sciner.store.step import KEY, short_key

    if not isinstance(value, str):
        return dumps(value, ensure_ascii=False)
    if KEY.fullmatch(value):
        return f"{short_key(value)}…"
    return f"{value[:SHORT]}…" if re.fullmatch("[0-9a-f]{64}", value) else value
