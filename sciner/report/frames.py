"""The figures of runs as one tidy frame: a row a run, round and metric; and the same as a file."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from sciner.config.conf import NO_RESULT
from sciner.config.flatten import flatten, word
from sciner.errors import InputError
from sciner.results.records import Record, records
from sciner.text.formats.atomic import write_lines
from sciner.tracking.download import download

ABOUT = ("run", "sweep", "words")  # words: what was set on the command line, but for the seed
FIXED = ("corpus", "model")  # keys that every frame has
NO_COLUMNS = NO_RESULT | {"seed"}  # groups without columns here; the seed has one in every frame
DIGITS = 6  # behind the point: of every value, so that a frame and its file are the same

# (run, round): [documents, 3], as score.entity.entity_counts
Counts = dict[tuple[str, int], npt.NDArray[np.int64]]


def read_runs(*places: str | Path, sweep: str | None = None) -> pd.DataFrame:
    """``tidy`` of the finished runs in and below ``places``: run folders, sweep folders, the
    ``runs/`` of a store.

    Raises InputError where there are none.
    """
    return tidy(records([Path(place) for place in places], sweep))


def read_counts(*places: str | Path, sweep: str | None = None) -> Counts:
    """``counts_of`` of the same runs."""
    return counts_of(records([Path(place) for place in places], sweep))


def read_experiment(uri: str, experiment: str) -> tuple[pd.DataFrame, Counts]:
    """``tidy`` and ``counts_of`` of the finished runs of an MLflow experiment. Raises InputError
    where there are none."""
    with TemporaryDirectory() as scratch:
        download(uri, experiment, Path(scratch))
        found = records([Path(scratch)])
        return tidy(found), counts_of(found)


def tidy(runs: Sequence[Record], keys: Sequence[str] | None = None) -> pd.DataFrame:
    """One row a run, round and metric, the oldest run first; values to six digits.

    Columns: run, sweep, words, corpus, model, then every key of the configuration, and every
    group of conf/, whose value is not the same in all ``runs`` (those that change no result left
    out), then seed, round, metric and value. Keys are as on the command line, their values its
    words; "" where a run has no such key. keys: those to have as columns in place of the keys
    that differ, so that the rows of runs that are read at different times fit together.
    """
    settings = [settings_of(run) for run in runs]
    every = set().union(*settings) - {*FIXED}
    differing = (
        sorted(key for key in every if len({s.get(key, "") for s in settings}) > 1)
        if keys is None
        else list(keys)
    )
    rows = []
    for run, setting in zip(runs, settings, strict=True):
        params = {key: value for key, value in run.about["params"].items() if key != "seed"}
        words = shlex.join(f"{key}={value}" for key, value in params.items())
        about = {"run": run.about["id"], "sweep": run.sweep or "", "words": words}
        about |= {key: setting.get(key, "") for key in (*FIXED, *differing)}
        for line in run.rounds:
            at = about | {"seed": int(run.about["params"]["seed"]), "round": int(line["round"])}
            rows += [
                at | {"metric": name, "value": float(value)}
                for name, value in sorted(line["scores"].items())
            ]
    return _typed(
        pd.DataFrame(rows, columns=[*ABOUT, *FIXED, *differing, "seed", "round", "metric", "value"])
    )


def settings_of(run: Record) -> dict[str, str]:
    """What the run was configured to do, key by key, as words of the command line; its corpus and
    its model by name."""
    config = run.config
    tags = run.about["tags"]
    asked = {key: value for key, value in config.items() if key not in NO_COLUMNS}
    # of no key, no column
    found = {key: word(value) for key, value in flatten(asked).items() if value != {}}
    choices = {
        tag.removeprefix("choice."): choice
        for tag, choice in tags.items()
        if tag.startswith("choice.")
    }
    found |= {group: choice for group, choice in choices.items() if group not in NO_COLUMNS}
    model = config.get("model") or {}
    model_name = (
        choices.get("model")
        or run.about["params"].get("model")
        or model.get("name")
        or model.get("kind")
    )
    return found | {"corpus": run.corpus, "model": str(model_name or "")}


def counts_of(runs: Iterable[Record], of: str = "test") -> Counts:
    """Correct, predicted and gold spans of each test document, for the rounds that kept them.

    of: "test" for the round's tagger, "ensemble/test" for the mean of its teachers.
    """
    return {
        (run.about["id"], line["round"]): np.array(line["counts"][of], dtype=np.int64).reshape(
            -1, 3
        )
        for run in runs
        for line in run.rounds
        if of in line.get("counts", {})
    }


def keys_of(frame: pd.DataFrame) -> list[str]:
    """The columns that say what a run was to do, its seed aside."""
    return [
        name for name in frame.columns if name not in (*ABOUT, "seed", "round", "metric", "value")
    ]


def latest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest of runs that differ in nothing, their seed included."""
    kept = frame.drop_duplicates("run").drop_duplicates([*keys_of(frame), "seed"], keep="last")[
        "run"
    ]
    return frame[frame["run"].isin(kept)].reset_index(drop=True)


def last_round(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of every run's last round: a figure of a run is that, and never the best by test."""
    return frame[frame["round"] == frame.groupby("run")["round"].transform("max")].reset_index(
        drop=True
    )


def rows_of(frame: pd.DataFrame, setting: Mapping[str, object]) -> pd.DataFrame:
    """The rows that have every value of ``setting``. Raises ValueError for a column that the frame
    does not have."""
    kept = pd.Series(True, index=frame.index)
    for name, value in setting.items():
        if name not in frame.columns:
            raise ValueError(f"the frame has no {name}")
        kept &= frame[name] == value
    return frame[kept]


def only(frame: pd.DataFrame, patterns: Sequence[str]) -> pd.DataFrame:
    """The rows of the metrics that match one of ``patterns`` (test/f1/*). Raises InputError for one
    that no metric matches."""
    names = frame["metric"].unique()
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise InputError(f"no metric matches {pattern!r}", hint="docs/results.md names them")
    return frame[
        frame["metric"].map(lambda name: any(fnmatch.fnmatchcase(name, p) for p in patterns))
    ].reset_index(drop=True)


def write_csv(frame: pd.DataFrame, file: str | Path) -> None:
    """A line a run and round, metrics as columns behind ``round``; ``read_csv`` gives the frame
    again."""
    at = [name for name in frame.columns if name not in ("metric", "value")]
    order = frame[at].drop_duplicates()
    wide = frame.pivot(index=["run", "round"], columns="metric", values="value")
    whole = order.merge(wide, left_on=["run", "round"], right_index=True, how="left")
    write_lines(file, whole.to_csv(index=False, lineterminator="\n").removesuffix("\n").split("\n"))


def write_steps(frame: pd.DataFrame, folder: str | Path) -> list[Path]:
    """One file for each run, ``<run>.csv``, with the columns that Trackio's ``import_csv`` reads:
    ``step`` (the round), then the metrics. Returns the files."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for run, of_run in frame.groupby("run", sort=False):
        wide = of_run.pivot(index="round", columns="metric", values="value")
        text = wide.rename_axis(index="step").reset_index().to_csv(index=False, lineterminator="\n")
        written.append(place / f"{run}.csv")
        write_lines(written[-1], text.splitlines())
    return written


def read_csv(file: str | Path) -> pd.DataFrame:
    """What ``write_csv`` wrote. Raises InputError for another file."""
    try:
        wide = pd.read_csv(file, dtype=str, keep_default_na=False)
        at = list(wide.columns[: wide.columns.get_loc("round") + 1])
        long = wide.melt(at, var_name="metric", value_name="value", ignore_index=False)
        # by line; within one, columns are sorted already
        long = long[long["value"] != ""].sort_index(kind="stable")
        return _typed(long.reset_index(drop=True))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"this is no table of runs ({error})", file=file, hint="sciner report export writes one"
        ) from None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    words = dict.fromkeys((*ABOUT, *keys_of(frame), "metric"), str)
    typed = frame.astype(words | {"seed": "int64", "round": "int64"})
    return typed.assign(value=frame["value"].astype("float64").round(DIGITS))


def write_counts(counts: Counts, file: str | Path) -> None:
    """A line a run and round, and in each column one number a document, in the order of the test
    set."""
    lines = (
        ",".join([run, str(number), *(" ".join(map(str, column)) for column in rows.T)])
        for (run, number), rows in counts.items()
    )
    write_lines(file, ["run,round,correct,predicted,gold", *lines])


def read_counts_csv(file: str | Path) -> Counts:
    """What ``write_counts`` wrote. Raises InputError for another file."""
    try:
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        columns = [
            [np.array(text.split(), dtype=np.int64) for text in rows[name]]
            for name in ("correct", "predicted", "gold")
        ]
        at = zip(rows["run"], rows["round"].astype(int), strict=True)
        return {key: np.stack(row, axis=1) for key, *row in zip(at, *columns, strict=True)}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"these are no counts of runs ({error})",
            file=file,
            hint="sciner report export writes them",
        ) from None
