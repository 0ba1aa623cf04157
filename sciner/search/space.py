"""The search space: Hydra's sweeps as Optuna's distributions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sciner.errors import InputError, nearest

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

# what a trial may choose: the training and the policies. The rest says what is asked, or on what
# the answer is measured
TUNABLE = ("model", "iteration", "threshold", "acquire", "trainer", "data.seed_size")


@dataclass(frozen=True, slots=True)
class Space:
    """A search space.

    Attributes:
        fixed: overrides of the keys that are not searched.
        sweeps: the sweep of each searched key, as it was written.
        axes: its distribution. The values of a choice are text, as Hydra reads it, since they may
            be lists or files of a group.
    """

    fixed: tuple[str, ...]
    sweeps: dict[str, str]
    axes: dict[str, BaseDistribution]

    def corners(self) -> Iterator[list[str]]:
        """Yield the ends of every interval and every choice, one key at a time.

        The other keys have their first value.
        """
        ends = {key: ends_of(axis) for key, axis in self.axes.items()}
        first = {key: values[0] for key, values in ends.items()}
        yield [*self.fixed, *overrides_of(first)]
        for key, values in ends.items():
            yield from ([*self.fixed, *overrides_of(first | {key: value})] for value in values[1:])

    def suggest(self, trial: Trial) -> list[str]:
        """The overrides of a point that ``trial`` chooses."""
        return [
            *self.fixed,
            *overrides_of({key: suggest(trial, key, axis) for key, axis in self.axes.items()}),
        ]


def read_space(overrides: Sequence[Any]) -> Space:
    """Read the space of Hydra's parsed overrides; later ones replace earlier ones.

    Raises:
        InputError: a key cannot be searched, a sweep has no distribution, or nothing is swept.
    """
    last = {o.get_key_element(): o for o in overrides}
    swept = {key: o for key, o in last.items() if o.is_sweep_override()}
    if not swept:
        raise InputError(
            "there is nothing to search",
            hint="give a key several values: model.lr='interval(1e-5,5e-4)'",
        )
    for key, override in swept.items():
        refuse_untunable(key.lstrip("+~"), override.input_line)
    fixed = tuple(str(o.input_line) for key, o in last.items() if key not in swept)
    sweeps = {key: o.get_value_string().replace(" ", "") for key, o in swept.items()}
    return Space(fixed, sweeps, {key: distribution(o) for key, o in swept.items()})


def refuse_untunable(key: str, word: str) -> None:
    """Raise InputError for a key that cannot be searched."""
    if any(key == part or key.startswith(f"{part}.") for part in TUNABLE):
        return
    if key == "seed":
        raise InputError(
            f"{word}: a search over seeds finds luck",
            hint="sweep over seeds with the words that it found",
        )
    why = "is measured on" if key.startswith(("data", "annotator")) else "is about"
    raise InputError(
        f"{word}: {key} says what a search {why}", hint=f"search keys of {', '.join(TUNABLE)}"
    )


def distribution(override: Any) -> BaseDistribution:
    """The distribution of one swept key.

    Raises:
        InputError: no distribution has these bounds or tags.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if override.is_choice_sweep():
        return CategoricalDistribution(tuple(dict.fromkeys(override.sweep_string_iterator())))
    sweep = override.value()
    if stray := sweep.tags - {"log"}:
        raise InputError(
            f"{override.input_line}: unknown tag {min(stray)}", hint=nearest(min(stray), ["log"])
        )
    log = "log" in sweep.tags
    low, high, step = (
        (sweep.start, sweep.end, None) if override.is_interval_sweep() else ends_of_range(override)
    )
    try:
        if all(isinstance(value, int) for value in (low, high)):
            return IntDistribution(low, high, log=log, step=step or 1)
        return FloatDistribution(low, high, log=log, step=step)
    except ValueError as error:
        raise InputError(
            f"{override.input_line}: {error}", hint="give LOW < HIGH, and with tag(log, …) 0 < LOW"
        ) from None


def ends_of_range(override: Any) -> tuple[Any, Any, Any]:
    """(lowest, highest, step) of ``range(START,STOP,STEP)``, whose STOP is no value of it."""
    values = sorted(override.value().range())
    if not values:
        raise InputError(
            f"{override.input_line} is empty", hint="give range(LOW,HIGH) with LOW < HIGH"
        )
    return values[0], values[-1], abs(override.value().step)


def ends_of(axis: BaseDistribution) -> tuple[Any, ...]:
    """The ends of an interval, or all choices."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, CategoricalDistribution):
        return axis.choices
    assert isinstance(axis, IntDistribution | FloatDistribution)
    return (axis.low,) if axis.low == axis.high else (axis.low, axis.high)


def suggest(trial: Trial, key: str, axis: BaseDistribution) -> Any:
    """Ask Optuna for the value of one key."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, CategoricalDistribution):
        return trial.suggest_categorical(key, axis.choices)
    if isinstance(axis, IntDistribution):
        return trial.suggest_int(key, axis.low, axis.high, step=axis.step, log=axis.log)
    assert isinstance(axis, FloatDistribution)
    return trial.suggest_float(key, axis.low, axis.high, step=axis.step, log=axis.log)


def overrides_of(values: Mapping[str, Any]) -> list[str]:
    """The values as overrides of a command line."""
    return [f"{key}={value}" for key, value in values.items()]
