"""The figures of runs as a tidy frame, a row for each run, round and metric, and as files."""

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

ABOUT = ("run", "sweep", "words")  # words: the overrides of the command line, without the seed
FIXED = ("corpus", "model")  # keys that every frame has
NO_COLUMNS = NO_RESULT | {"seed"}  # groups without columns; the seed has its own in every frame
DIGITS = 6  # decimal places of every value, so that a frame and its file are the same

# {(run, round): [documents, 3]}, as score.entity.entity_counts returns them
Counts = dict[tuple[str, int], npt.NDArray[np.int64]]


def read_runs(*places: str | Path, sweep: str | None = None) -> pd.DataFrame:
    """Read finished runs as a frame (``tidy``).

    Args:
        places: folders of runs or sweeps, or ``runs/`` of a store.
        sweep: only the runs of this sweep.

    Raises:
        InputError: there are none.
    """
    return tidy(records([Path(place) for place in places], sweep))


def read_counts(*places: str | Path, sweep: str | None = None) -> Counts:
    """Read the counts by document (``counts_of``) of the same runs as ``read_runs``."""
    return counts_of(records([Path(place) for place in places], sweep))


def read_experiment(uri: str, experiment: str) -> tuple[pd.DataFrame, Counts]:
    """Read the finished runs of an MLflow experiment.

    Returns:
        (``tidy``, ``counts_of``).

    Raises:
        InputError: there are none.
    """
    with TemporaryDirectory() as scratch:
        download(uri, experiment, Path(scratch))
        found = records([Path(scratch)])
        return tidy(found), counts_of(found)


def tidy(runs: Sequence[Record], keys: Sequence[str] | None = None) -> pd.DataFrame:
    """Make a frame with a row for each run, round and metric, the oldest run first.

    Its columns are run, sweep, words, corpus and model; then every key of the configuration and
    every group of conf/ whose value differs between the runs (without those that change no result);
    then seed, round, metric and value. Keys and values are written as on the command line; a run
    without a key has "". Values have six decimal places.

    Args:
        runs: the oldest first.
        keys: the columns to have instead of the keys that differ, so that frames of runs that are
            read at different times fit together.
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
    """Return the configuration of a run, {key: value} as on the command line.

    Corpus and model are given by name.
    """
    config = run.config
    tags = run.about["tags"]
    asked = {key: value for key, value in config.items() if key not in NO_COLUMNS}
    # an empty mapping has no key, so no column
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
    """Collect correct, predicted and gold spans of each test document.

    Args:
        runs: those that kept no counts are left out.
        of: "test" for the tagger of a round, "ensemble/test" for the mean of its teachers.
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
    """Return the columns with settings of the runs, without the seed."""
    return [
        name for name in frame.columns if name not in (*ABOUT, "seed", "round", "metric", "value")
    ]


def latest(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep only the newest of runs with the same settings and seed."""
    kept = frame.drop_duplicates("run").drop_duplicates([*keys_of(frame), "seed"], keep="last")[
        "run"
    ]
    return frame[frame["run"].isin(kept)].reset_index(drop=True)


def last_round(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the last round of each run: a run is reported by it, never by its best round on test."""
    return frame[frame["round"] == frame.groupby("run")["round"].transform("max")].reset_index(
        drop=True
    )


def rows_of(frame: pd.DataFrame, setting: Mapping[str, object]) -> pd.DataFrame:
    """Select the rows that have every value of a setting.

    Raises:
        ValueError: the frame has no such column.
    """
    kept = pd.Series(True, index=frame.index)
    for name, value in setting.items():
        if name not in frame.columns:
            raise ValueError(f"the frame has no {name}")
        kept &= frame[name] == value
    return frame[kept]


def only(frame: pd.DataFrame, patterns: Sequence[str]) -> pd.DataFrame:
    """Select the rows of the metrics that match one of the patterns, such as ``test/f1/*``.

    Raises:
        InputError: no metric matches a pattern.
    """
    names = frame["metric"].unique()
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise InputError(f"no metric matches {pattern!r}", hint="docs/results.md names them")
    return frame[
        frame["metric"].map(lambda name: any(fnmatch.fnmatchcase(name, p) for p in patterns))
    ].reset_index(drop=True)


def write_csv(frame: pd.DataFrame, file: str | Path) -> None:
    """Write a frame with a line for each run and round, and metrics as columns after ``round``.

    ``read_csv`` reads the same frame.
    """
    at = [name for name in frame.columns if name not in ("metric", "value")]
    order = frame[at].drop_duplicates()
    wide = frame.pivot(index=["run", "round"], columns="metric", values="value")
    whole = order.merge(wide, left_on=["run", "round"], right_index=True, how="left")
    write_lines(file, whole.to_csv(index=False, lineterminator="\n").removesuffix("\n").split("\n"))


def write_steps(frame: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write one file for each run, ``<run>.csv``, for Trackio's ``import_csv``.

    Its columns are ``step`` (the round) and the metrics.

    Returns:
        The files.
    """
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
    """Read what ``write_csv`` wrote.

    Raises:
        InputError: it is another file.
    """
    try:
        wide = pd.read_csv(file, dtype=str, keep_default_na=False)
        at = list(wide.columns[: wide.columns.get_loc("round") + 1])
        long = wide.melt(at, var_name="metric", value_name="value", ignore_index=False)
        # in the order of the lines; within a line, columns are sorted already
        long = long[long["value"] != ""].sort_index(kind="stable")
        return _typed(long.reset_index(drop=True))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"this is not a table of runs ({error})",
            file=file,
            hint="sciner report export writes one",
        ) from None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    words = dict.fromkeys((*ABOUT, *keys_of(frame), "metric"), str)
    typed = frame.astype(words | {"seed": "int64", "round": "int64"})
    return typed.assign(value=frame["value"].astype("float64").round(DIGITS))


def write_counts(counts: Counts, file: str | Path) -> None:
    """Write counts by document, with a line for each run and round.

    A column has a number for each document, in the order of the test set.
    """
    lines = (
        ",".join([run, str(number), *(" ".join(map(str, column)) for column in rows.T)])
        for (run, number), rows in counts.items()
    )
    write_lines(file, ["run,round,correct,predicted,gold", *lines])


def read_counts_csv(file: str | Path) -> Counts:
    """Read what ``write_counts`` wrote.

    Raises:
        InputError: it is another file.
    """
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
            f"this file has no counts of runs ({error})",
            file=file,
            hint="sciner report export writes them",
        ) from None
