"""Runs become one tidy frame, whose file gives it again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from sciner.errors import InputError
from sciner.report import frames
from sciner.results.records import records
from tests.runs import write_run

ROWS = [[3, 4, 5], [0, 0, 2]]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    place = tmp_path / "runs"
    write_run(
        place / "a",
        "threshold=accept_all seed=0",
        [{"test/f1/micro": 0.1234567}, {"test/f1/micro": 0.5, "silver/x": 1}],
    )
    write_run(
        place / "b",
        "threshold=fixed threshold.min_confidence=0.8 seed=1",
        [{"test/f1/micro": 0.25}],
        counts=[ROWS],
    )
    return place


def test_a_row_is_a_run_a_round_and_a_metric(runs: Path) -> None:
    frame = frames.read_runs(runs)
    shown = frame[["run", "seed", "round", "metric", "value"]].itertuples(index=False, name=None)
    assert list(shown) == [
        ("a", 0, 0, "test/f1/micro", 0.123457),
        ("a", 0, 1, "silver/x", 1.0),
        ("a", 0, 1, "test/f1/micro", 0.5),
        ("b", 1, 0, "test/f1/micro", 0.25),
    ]


def test_columns_are_the_settings_that_differ_and_no_other(runs: Path) -> None:
    """Those that change no result do not count; a key that one run does not have is empty there."""
    write_run(
        runs / "c",
        "threshold=accept_all seed=2",
        [{"test/f1/micro": 0.5}],
        tracking={"kind": "mlflow"},
        store={"dir": "/x"},
        search={"trial": 3},
    )
    frame = frames.read_runs(runs)
    assert frames.keys_of(frame) == ["corpus", "model", "threshold", "threshold.min_confidence"]
    settings = (
        frame.drop_duplicates("run")[["threshold", "threshold.min_confidence"]].to_numpy().tolist()
    )
    assert settings == [["accept_all", ""], ["fixed", "0.8"], ["accept_all", ""]]


def test_columns_that_are_asked_for_stand_whether_they_differ_or_not(runs: Path) -> None:
    """So that the rows of one run fit those of others that were read before."""
    keys = ["data.seed_size", "threshold"]
    for record in records([runs]):
        frame = frames.tidy([record], keys)
        assert frames.keys_of(frame) == ["corpus", "model", *keys] and set(
            frame["data.seed_size"]
        ) == {"10%"}


def test_a_value_is_written_as_on_a_command_line() -> None:
    assert [frames.word(value) for value in (None, True, 0.8, 3, "10%", [0.9, "a"], [])] == [
        "null", "true", "0.8", "3", "10%", "[0.9,a]", "[]"
    ]  # fmt: skip


def test_a_run_of_before_choices_were_recorded_still_has_a_model(runs: Path) -> None:
    about = runs / "a" / "run.json"
    about.write_text(about.read_text().replace('"choice.model"', '"other"'))
    write_run(runs / "old", "model=minilm seed=0", [{"test/f1/micro": 0.5}])
    (runs / "old" / "run.json").write_text(
        (runs / "old" / "run.json").read_text().replace("choice.", "other.")
    )
    assert set(frames.read_runs(runs / "old")["model"]) == {"minilm"}
    assert set(frames.read_runs(runs / "a")["model"]) == {""}


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")),
            st.floats(-1e6, 1e6),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_frame_is_read_back_as_it_was_written(rows: list[tuple[str, float]]) -> None:
    """Whatever stands in the words of a run: commas, quotes, line ends, markup."""
    at = {"sweep": "s", "corpus": "sample", "model": "crf", "seed": 0}
    table = [
        {
            "run": f"r{i}",
            **at,
            "words": words,
            "threshold": words,
            "round": k,
            "metric": metric,
            "value": round(value, 6),
        }
        for i, (words, value) in enumerate(rows)
        for k in range(2)
        for metric in ("a/b", "c/d")[: k + 1]
    ]
    columns = [
        "run",
        "sweep",
        "words",
        "corpus",
        "model",
        "threshold",
        "seed",
        "round",
        "metric",
        "value",
    ]
    frame = frames._typed(pd.DataFrame(table)[columns])
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "runs.csv"
        frames.write_csv(frame, file)
        assert_frame_equal(frames.read_csv(file), frame)


def test_what_was_exported_is_what_was_read(runs: Path, tmp_path: Path) -> None:
    frame = frames.read_runs(runs)
    frames.write_csv(frame, tmp_path / "runs.csv")
    assert_frame_equal(frames.read_csv(tmp_path / "runs.csv"), frame)
    counts = frames.read_counts(runs)
    frames.write_counts(counts, tmp_path / "counts.csv")
    again = frames.read_counts_csv(tmp_path / "counts.csv")
    assert counts.keys() == again.keys() == {("b", 0)}  # the other is of before counts were kept
    assert np.array_equal(counts["b", 0], ROWS) and np.array_equal(again["b", 0], ROWS)


def test_the_last_round_is_the_last_and_not_the_best(tmp_path: Path) -> None:
    write_run(tmp_path / "a", "seed=0", [{"test/f1/micro": f1} for f1 in (0.3, 0.6, 0.4)])
    write_run(tmp_path / "b", "seed=1", [{"test/f1/micro": 0.2}])
    assert list(frames.last_round(frames.read_runs(tmp_path))["value"]) == [0.4, 0.2]


def test_of_runs_that_are_the_same_the_newest_counts(tmp_path: Path) -> None:
    for name, started in (("a", 3), ("b", 2), ("c", 1)):
        write_run(
            tmp_path / name, f"seed={int(name == 'c')}", [{"test/f1/micro": 0.5}], started=started
        )
    assert list(frames.latest(frames.read_runs(tmp_path))["run"]) == ["c", "a"]


def test_only_the_metrics_that_were_asked_for(runs: Path) -> None:
    frame = frames.read_runs(runs)
    assert set(frames.only(frame, ["silver/*"])["metric"]) == {"silver/x"}
    with pytest.raises(InputError, match="no metric matches 'tset"):
        frames.only(frame, ["silver/*", "tset/*"])


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "run,seed,round,a/b\nr,zero,0,1\n"])
def test_another_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    for read in (frames.read_csv, frames.read_counts_csv):
        with pytest.raises(InputError, match=r"x\.csv"):
            read(tmp_path / "x.csv")
