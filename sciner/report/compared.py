"""Runs that are compared: the setting that is compared, and its baseline."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sciner.errors import InputError, nearest
from sciner.report.frames import ABOUT, FIXED, Counts, counts_of, keys_of, latest, settings_of, tidy
from sciner.report.learning_curves import BUDGET
from sciner.report.published import refuse_unknown_paper
from sciner.results.records import Record

PAID = ("data.seed_size", "data.dev_size")  # settings whose value is the budget itself
AT = ("seed", "round", "metric", "value")
Setting = Mapping[str, Hashable]


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """Runs, and how they are compared.

    Attributes:
        runs: all of them, the oldest first.
        frame: their figures (``telling``), without runs that were repeated later.
        set_to: {run: its values in the columns that differ}, of all runs.
        counts: spans of each test document, by run and round.
        key: the column that is compared; None if nothing differs.
        baseline: the value of ``key`` that the others are compared with.
        others: the other columns that differ.
        units: of the budget, a curve for each.
        paper: the paper whose published figures are shown beside the runs.
    """

    runs: Sequence[Record]
    frame: pd.DataFrame
    set_to: Mapping[str, Setting]
    counts: Counts
    key: str | None
    baseline: str | None
    others: tuple[str, ...]
    units: tuple[str, ...] = ("sentences",)
    paper: str | None = None

    @property
    def values(self) -> list[str]:
        """The values of the key, the baseline first."""
        if self.key is None:
            return []
        found = self.frame[self.key].drop_duplicates()
        return [str(self.baseline), *(str(value) for value in found if value != self.baseline)]

    @property
    def settings(self) -> list[Setting]:
        """Each combination of values of ``others`` (``settings_in``)."""
        return settings_in(self.frame, self.others)

    def order(self) -> Callable[[Setting], tuple[int, int]]:
        """Return the sort key of settings: by ``settings``, then the baseline first."""
        others = {tuple(setting.values()): i for i, setting in enumerate(self.settings)}
        values = {value: i for i, value in enumerate(self.values)}
        return lambda setting: (
            others[tuple(setting[name] for name in self.others)],
            values[str(setting[self.key])] if self.key else 0,
        )

    @property
    def sorted_runs(self) -> list[Record]:
        """All runs, in the ``order`` of their settings, then by seed."""
        place = self.order()
        return sorted(
            self.runs, key=lambda run: (place(self.set_to[run.about["id"]]), int(seed_of(run)))
        )

    def name_of(self, run: Record) -> str:
        """Name a run by the settings in which it differs; "" if it is the only one."""
        setting = dict(self.set_to[run.about["id"]])
        if len({seed_of(other) for other in self.runs}) > 1:
            setting["seed"] = seed_of(run)
        return worded(setting)


def compare_runs(
    runs: Sequence[Record],
    key: str | None = None,
    baseline: str | None = None,
    units: Sequence[str] = (),
    paper: str | None = None,
) -> ComparedRuns:
    """Compare runs.

    Args:
        runs: the oldest first.
        key: the setting to compare; None takes the first override of the commands whose value
            differs, a budget of gold only if nothing else differs.
        baseline: the value to compare with; None takes that of the oldest run.
        units, paper: as in ``ComparedRuns``.

    Raises:
        InputError: the runs do not differ in ``key``, none has the baseline or a unit, or no
            figures of the paper are known.
    """
    refuse_unknown_units(runs, units)
    if paper is not None:
        refuse_unknown_paper(paper)
    every = tidy(runs)
    frame = telling(latest(every))
    differing = [name for name in keys_of(frame) if frame[name].nunique() > 1]
    typed = {
        word.partition("=")[0] for words in frame["words"].unique() for word in shlex.split(words)
    }
    askable = [name for name in _ordered(frame, differing) if name != "corpus"]
    if key is not None and key not in askable:
        raise InputError(
            f"the runs do not differ in {key!r}",
            hint=nearest(key, askable) if askable else "leave --compare out",
        )
    # that more gold is better is seldom the question
    default = sorted(askable, key=lambda name: (name not in typed, name in PAID))
    key = key or next(iter(default), None)
    if key is not None:
        values = [str(value) for value in frame[key].drop_duplicates()]
        if baseline is not None and baseline not in values:
            raise InputError(f"no run has {key}={baseline}", hint=nearest(baseline, values))
        baseline = baseline or values[0]
    elif baseline is not None:
        raise InputError(
            "the runs differ in nothing but their seeds: there is no baseline",
            hint="leave --baseline out",
        )
    others = tuple(name for name in differing if name != key)
    asked = [name for name in (*others, key) if name]
    set_to = {
        row["run"]: {name: row[name] for name in asked}
        for row in every.drop_duplicates("run").to_dict("records")
    }
    asked_units = tuple(dict.fromkeys(units)) or ("sentences",)
    counts = counts_of(runs)
    return ComparedRuns(runs, frame, set_to, counts, key, baseline, others, asked_units, paper)


def refuse_unknown_units(runs: Sequence[Record], units: Sequence[str]) -> None:
    """Check that some run has a budget in each unit.

    Raises:
        InputError: none has.
    """
    known = {
        name.removeprefix(BUDGET)
        for run in runs
        for line in run.rounds
        for name in line["scores"]
        if name.startswith(BUDGET)
    }
    for unit in units:
        if unit not in known:
            hint = nearest(unit, known) if known else "leave --unit out"
            raise InputError(f"no run has a budget in {unit!r}", hint=hint)


def settings_in(frame: pd.DataFrame, names: Sequence[str]) -> list[Setting]:
    """List each combination of values of the columns ``names`` once.

    Values are in the order of their first appearance; those of the first column change slowest.
    """
    if not names:
        return [{}]
    place = {name: {value: i for i, value in enumerate(frame[name].unique())} for name in names}
    rows = frame[list(names)].drop_duplicates().itertuples(index=False, name=None)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return sorted(
        found, key=lambda setting: [place[name][value] for name, value in setting.items()]
    )


def average_settings(
    compared: ComparedRuns, most: int, keep: Sequence[str] = ("corpus",)
) -> tuple[ComparedRuns, list[str]]:
    """Average over columns until at most ``most`` settings are left.

    Means are taken seed by seed. Those of all values of the key cover the same settings and seeds,
    and the rounds that all of these reach; what some value of the key lacks is left out. So is a
    figure in a round of a setting that some value lacks, though it has the figure elsewhere.

    Args:
        compared: the runs.
        most: number of settings.
        keep: columns that are not averaged over.

    Returns:
        (the averaged runs, the columns that were averaged over: those with the most values).
    """
    names, gone = list(compared.others), list[str]()
    while len(compared.frame[names].drop_duplicates()) > most and (
        axes := [name for name in names if name not in keep]
    ):
        gone.append(max(axes, key=lambda name: compared.frame[name].nunique()))
        names.remove(gone[-1])
    if not gone:
        return compared, gone
    frame = compared.frame.assign(_all="")
    panel, key = ["_all", *names], compared.key or "_all"
    shared = frame.groupby([*panel, *gone, "seed"])[key].transform("nunique")
    frame = frame[shared == frame.groupby(panel)[key].transform("nunique")]
    reached = frame.groupby([*panel, "round"])["run"].transform("nunique")
    frame = frame[reached == frame.groupby(panel)["run"].transform("nunique")]
    have = frame.groupby([*panel, *gone, "seed", "round", "metric"])[key].transform("nunique")
    frame = frame[have == frame.groupby([*panel, "metric"])[key].transform("nunique")]
    at = [*panel, *([compared.key] if compared.key else []), "seed", "round", "metric"]
    how = dict.fromkeys(("run", "sweep", "words", *FIXED), "first") | {"value": "mean"}
    how = {name: word for name, word in how.items() if name not in at}
    means = frame.groupby(at, sort=False, as_index=False).agg(how).drop(columns="_all")
    return replace(compared, frame=means, others=tuple(names)), gone


def with_settings(runs: Sequence[Record], wanted: Sequence[str]) -> list[Record]:
    """Select the runs that have every setting of ``wanted``.

    Args:
        runs: to select from.
        wanted: KEY=VALUE, as on the command line.

    Raises:
        InputError: no run has the key, or the value.
    """
    kept = [(run, settings_of(run)) for run in runs] if wanted else []
    for word in wanted:
        key, _, value = word.partition("=")
        if key not in (known := {key for _, setting in kept for key in setting}):
            raise InputError(f"the runs have no setting {key!r}", hint=nearest(key, known))
        if value not in (values := {setting.get(key, "") for _, setting in kept}):
            raise InputError(f"no run has {key}={value}", hint=nearest(value, values))
        kept = [(run, setting) for run, setting in kept if setting.get(key) == value]
    return [run for run, _ in kept] if wanted else list(runs)


def telling(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that are needed to distinguish the settings, and corpus and model.

    ``threshold`` stays, for example, and the values in its file are dropped, unless they
    distinguish more.
    """
    keys, kept = keys_of(frame), list(FIXED)
    runs = frame.drop_duplicates("run")
    for name in _ordered(frame, [name for name in keys if name not in FIXED]):
        if len(runs.drop_duplicates([*kept, name])) > len(runs.drop_duplicates(kept)):
            kept.append(name)
    return frame[[*ABOUT, *kept, *AT]]


def _ordered(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Names in the order of the command lines, then chosen files, then the values in them."""
    typed = [
        word.partition("=")[0] for words in frame["words"].unique() for word in shlex.split(words)
    ]
    place = {name: i for i, name in reversed(list(enumerate(typed)))}
    return sorted(names, key=lambda name: (place.get(name, len(typed)), "." in name, name))


def seed_of(run: Record) -> str:
    """Return the seed of a run, as text."""
    return str(run.about["params"]["seed"])


def worded(setting: Setting) -> str:
    """Write a setting as ``key=value, key=value``, without keys that have no value in it."""
    return ", ".join(f"{name}={value}" for name, value in setting.items() if value != "")
