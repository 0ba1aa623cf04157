"""Tables of runs: means over seeds, and differences paired by seed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from sciner.report.frames import Counts, keys_of, last_round, latest, rows_of
from sciner.score.curves import Curve, Difference, area_difference, t_difference
from sciner.score.intervals import Bounds, bounds_of, of_difference, t_interval

F1 = "test/f1/micro"  # the one score that can be computed from counts of spans
WORDS = {"corpus": "data"}  # the key on the command line that sets a column of another name
Key = tuple[Hashable, ...]  # a value for each column of ``Grid.rows``, or of ``Grid.columns``


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean over seeds.

    Attributes:
        mean: of the metric.
        low, high: 95% t interval over seeds, within the range of the metric (``score.intervals``);
            None for one seed.
        seeds: that the mean is over.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Seeds that other cells have and this one lacks.

    Attributes:
        setting: of the cell.
        seeds: that it lacks.
        command: runs them.
    """

    setting: Mapping[str, Hashable]
    seeds: tuple[int, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of means.

    Attributes:
        rows, columns: names of the keys.
        row_keys, column_keys: their values, in order.
        cells: {(row key, column key): mean}, without cells that have no run.
        missing: what is lacking to fill all cells for all seeds.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_keys: tuple[Key, ...]
    column_keys: tuple[Key, ...]
    cells: Mapping[tuple[Key, Key], Cell]
    missing: tuple[Missing, ...]


def cells(
    frame: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    metric: str | Sequence[str] = F1,
    *,
    level: float = 0.95,
) -> Grid:
    """Compute the mean over seeds for every combination of values of ``rows`` and ``columns``.

    Of runs with the same settings and seed, the latest counts.

    Args:
        frame: the runs (``frames.tidy``).
        rows, columns: columns of ``frame``. If ``round`` is not among them, the last round of each
            run counts.
        metric: with several metrics, each has its own columns.
        level: of the intervals.

    Raises:
        ValueError: the frame lacks a column or metric, or a cell would mix runs that differ in
            more than their seed.
    """
    metrics = [metric] if isinstance(metric, str) else list(metric)
    columns = [*columns, *(["metric"] if len(metrics) > 1 else [])]
    for names, known in (((*rows, *columns), frame.columns), (metrics, frame["metric"].unique())):
        if lost := [name for name in names if name not in known]:
            raise ValueError(f"the frame has no {', '.join(lost)}")
    newest = latest(frame)
    whole = newest if "round" in (*rows, *columns) else last_round(newest)
    shown = whole[whole["metric"].isin(metrics)]
    row_keys, column_keys = _values(shown, rows), _values(shown, columns)
    if "metric" in columns:
        column_keys = sorted(
            column_keys, key=lambda key: (_natural(key[:-1]), metrics.index(str(key[-1])))
        )
    grouped = {key: _by_seed(group) for key, group in shown.groupby([*rows, *columns], sort=False)}
    found, settings = {}, {}
    for row, column in product(row_keys, column_keys):
        if by_seed := grouped.get((*row, *column)):
            shown_metric = str(column[-1]) if "metric" in columns else metrics[0]
            found[row, column] = _cell(by_seed, bounds_of(shown_metric), level)
        pairs = zip((*rows, *columns), (*row, *column), strict=True)
        # an existing run may lack a round or a figure, which running it again would not bring
        setting = {name: value for name, value in pairs if name not in ("metric", "round")}
        settings[tuple(setting.values())] = setting
    return Grid(
        tuple(rows),
        tuple(columns),
        tuple(row_keys),
        tuple(column_keys),
        found,
        tuple(_missing(newest, settings.values())),
    )


def _values(frame: pd.DataFrame, names: Sequence[str]) -> list[Key]:
    """Each combination of values of the columns once; numbers in text are sorted by size."""
    if not names:
        return [()]
    found = frame[list(names)].drop_duplicates().itertuples(index=False, name=None)
    return sorted(found, key=_natural)


def _natural(key: Key) -> list[list[tuple[int, float, str]]]:
    parts = [re.split(r"(\d+(?:\.\d+)?)", str(value)) for value in key]
    return [
        [(0, float(p), "") if p[:1].isdigit() else (1, 0.0, p) for p in part if p] for part in parts
    ]


def _by_seed(frame: pd.DataFrame) -> dict[int, float]:
    """{seed: value} of one metric. Raises ValueError for runs that differ in more than the seed."""
    refuse_unlike(frame, keys_of(frame))
    return {
        int(seed): float(value) for seed, value in zip(frame["seed"], frame["value"], strict=True)
    }


def refuse_unlike(frame: pd.DataFrame, keys: Sequence[str]) -> None:
    """Check that runs do not differ in any of the keys.

    Raises:
        ValueError: they do.
    """
    if unlike := [name for name in keys if frame[name].nunique() > 1]:
        raise ValueError(
            f"these runs also differ in {', '.join(unlike)}: name it too, or filter the frame"
        )


def _cell(by_seed: Mapping[int, float], bounds: Bounds | None, level: float) -> Cell:
    values = list(by_seed.values())
    low, high = t_interval(values, bounds, level) or (None, None)
    return Cell(float(np.mean(values)), low, high, tuple(sorted(by_seed)))


def _missing(frame: pd.DataFrame, settings: Iterable[Mapping[str, Hashable]]) -> Iterator[Missing]:
    """The seeds that each setting lacks."""
    runs = frame.drop_duplicates("run")
    seeds = sorted(int(seed) for seed in runs["seed"].unique())
    for setting in settings:
        done = set(rows_of(runs, setting)["seed"])
        if lacking := tuple(seed for seed in seeds if seed not in done):
            yield Missing(setting, lacking, _command(runs, setting, lacking))


def _command(runs: pd.DataFrame, setting: Mapping[str, Hashable], seeds: Sequence[int]) -> str:
    """The command of the run that is most similar to ``setting``, with the differences set.

    A choice of another file comes with the values that a run with this choice set in it.
    """
    alike = sum(
        ((runs[name] == value).astype(int) for name, value in setting.items()),
        pd.Series(0, index=runs.index),
    )
    words = _words_of(runs.loc[alike.idxmax()])
    taken = runs.loc[alike.idxmax()].to_dict()
    for name in sorted(setting, key=lambda name: "." in name):  # files, then values in them
        key, value = WORDS.get(name, name), setting[name]
        if taken[name] == value:
            continue
        if "." in key:
            words[key] = str(value)
            continue
        donor = runs.loc[alike[runs[name] == value].idxmax()]
        within = {column: donor[column] for column in runs.columns if column.startswith(f"{key}.")}
        taken |= within | {name: value}
        words = {k: v for k, v in words.items() if k != key and not k.startswith(f"{key}.")}
        words |= {key: str(value)} | {
            k: v for k, v in _words_of(donor).items() if k == key or k.startswith(f"{key}.")
        }
    sweep = ["-m"] if len(seeds) > 1 else []
    pairs = [*sorted(words.items()), ("seed", ",".join(map(str, seeds)))]
    return shlex.join(["sciner", "run", *sweep, *(f"{key}={value}" for key, value in pairs)])


def _words_of(run: pd.Series) -> dict[str, str]:
    return dict(text.split("=", 1) for text in shlex.split(run["words"]))


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference of two settings.

    Attributes:
        by_seed: {seed: a minus b}.
        difference: the mean, with its interval.
    """

    by_seed: Mapping[int, float]
    difference: Difference


def paired(
    frame: pd.DataFrame,
    a: Mapping[str, object],
    b: Mapping[str, object],
    metric: str = F1,
    counts: Counts | None = None,
    *,
    level: float = 0.95,
) -> Paired:
    """Compute the difference of two settings in their last rounds, paired by seed.

    Entity F1 of runs with ``counts`` has the bootstrap interval over seeds and test documents
    (``score.curves``); anything else has a paired t interval over seeds.

    Args:
        frame: the runs (``frames.tidy``).
        a, b: {column: value}; each selects runs that differ only in their seed. With ``round``, it
            selects that round instead of the last.
        metric: its name.
        counts: spans by test document (``frames.counts_of``).
        level: of the interval.

    Raises:
        ValueError: the runs differ in more, or no seed is common.
    """
    newest = latest(frame)
    last = last_round(newest)
    last, newest = (rows[rows["metric"] == metric] for rows in (last, newest))
    sides = [rows_of(newest if "round" in setting else last, setting) for setting in (a, b)]
    values = [_by_seed(side) for side in sides]
    seeds = sorted(values[0].keys() & values[1].keys())
    if not seeds:
        raise ValueError(f"no seed has both {dict(a)} and {dict(b)}")
    # threshold=fixed also determines the values in its file
    named = {*a, *b}
    others = [k for k in keys_of(frame) if named.isdisjoint((k, k.split(".")[0]))]
    refuse_unlike(pd.concat(sides), others)
    by_seed = {seed: values[0][seed] - values[1][seed] for seed in seeds}
    if metric == F1 and counts:
        points = [_points(side, counts) for side in sides]
        if all(seed in side for side in points for seed in seeds):
            return Paired(by_seed, area_difference(points[0], points[1], level=level))
    bounds = of_difference(bounds_of(metric))
    return Paired(by_seed, t_difference(list(by_seed.values()), level, bounds))


def _points(frame: pd.DataFrame, counts: Counts) -> dict[int, Curve]:
    """The run of each seed as a curve of one point, for the runs that kept their counts."""
    runs = zip(frame["seed"], frame["run"], frame["round"], strict=True)
    return {
        int(seed): Curve.of([0], counts[run, number][None])
        for seed, run, number in runs
        if (run, number) in counts
    }
