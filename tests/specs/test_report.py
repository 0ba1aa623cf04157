"""`sciner report export`: what folders, the store and the tracker say of the same runs is the same
file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.main import main
from sciner.report.frames import keys_of, read_counts_csv, read_csv, read_runs
from sciner.report.render import markdown, table_of
from sciner.report.tables import cells
from sciner.results.records import records
from sciner.tracking.database import local_uri
from sciner.tracking.download import download
from tests.runs import write_run
from tests.specs.test_run import fake  # noqa: F401 (a fixture)


def call(*words: str) -> None:
    app(["report", "export", *words], standalone_mode=False)


SWEEP = ["-m", "threshold=accept_all,fixed", "iteration.rounds=1", "hydra.sweep.dir=sweep"]


@pytest.fixture
def swept(project: Path) -> None:
    assert main([*SWEEP, "seed=0,1", "tracking=none"]) == 0


@pytest.fixture
def tracked(project: Path) -> None:
    assert main(SWEEP) == 0


def test_an_export_replaces_no_file_of_a_run_and_not_its_own(swept: None) -> None:
    before = Path("sweep/0/rounds.jsonl").read_bytes()
    for words, told in (
        (
            ["-o", "sweep/0/rounds.jsonl"],
            "rounds.jsonl: it lies in the folder of a run; name another",
        ),
        (["--counts", "sweep/0/config.yaml"], "config.yaml: it lies in the folder of a run"),
        (["-o", "a.csv", "--counts", "./a.csv"], "a.csv: --out and --counts are the same file"),
    ):
        with pytest.raises(InputError, match=told):
            call("sweep", *words)
    assert Path("sweep/0/rounds.jsonl").read_bytes() == before
    assert not Path("a.csv").exists() and not Path("runs.csv").exists()


def test_folders_the_store_and_the_tracker_give_the_same_figures(
    tracked: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call("sweep", "-o", "folders.csv")
    call("-o", "store.csv")
    call("--experiment", "sciner", "-o", "tracker.csv")
    assert Path("folders.csv").read_bytes() == Path("store.csv").read_bytes()
    folders, tracker = (
        read_csv(f"{name}.csv").sort_values(["run", "round", "metric"], ignore_index=True)
        for name in ("folders", "tracker")
    )
    assert_frame_equal(folders, tracker)
    assert_frame_equal(read_csv("folders.csv"), read_runs("sweep"))
    assert "2 runs, " in capsys.readouterr().out
    download(local_uri(Path.cwd()), "sciner", Path("again"))
    assert [run.labels for run in records([Path("again")])] == [
        run.labels for run in records([Path("sweep")])
    ]


@pytest.mark.slow
def test_runs_are_found_by_their_id_and_mlflows_in_the_store_or_else_in_the_tracker(
    tracked: None,
) -> None:
    """One or several, behind one --run or each behind its own; and a sweep by its id."""
    one, two = (
        json.loads((Path("sweep") / n / "run.json").read_text(encoding="utf-8")) for n in "01"
    )
    sweep = one["tags"]["sciner.sweep"]
    both = {one["id"], two["id"]}
    for words, expected in (
        (["--run", one["id"]], {one["id"]}),
        (["--run", one["id"], two["id"]], both),
        (["--run", one["mlflow"], "--run", two["id"]], both),
        (["--sweep", sweep], both),
        (["--experiment", "sciner", "--sweep", sweep, "--run", two["mlflow"]], {two["id"]}),
    ):
        for place in ([], ["--store", "nowhere"]):
            call(*words, *place, "-o", "runs.csv")
            assert set(read_csv("runs.csv")["run"]) == expected, words
    call("sweep", "--run", one["id"], "-o", "runs.csv")
    assert set(read_csv("runs.csv")["run"]) == {one["id"]}
    for words, message in (
        (["--run", one["id"], "gone"], "no finished run gone"),
        (["--sweep", "gone"], f"sweeps there: {sweep}"),
        (["--experiment", "sciner", "--sweep", "gone"], "of sweep gone"),
    ):
        with pytest.raises(InputError, match=message):
            call(*words, "-o", "none.csv")


def test_a_table_can_be_made_of_the_exported_file(swept: None) -> None:
    """The choice of a threshold's file is a column, beside the values in it; the words that fill a
    cell are accepted."""
    call("sweep", "-o", "runs.csv")
    frame = read_csv("runs.csv")
    assert keys_of(frame) == [
        "corpus",
        "model",
        "threshold",
        "threshold.empty",
        "threshold.kind",
        "threshold.min_confidence",
    ]
    assert set(frame["model"]) == {"minilm"}
    grid = cells(
        frame[(frame["threshold"] == "fixed") | (frame["seed"] == 0)],
        ["threshold"],
        [],
        "test/f1/micro",
    )
    (lack,) = grid.missing
    assert lack.command == "sciner run iteration.rounds=1 threshold=accept_all tracking=none seed=1"
    assert main([*lack.command.split()[2:], "hydra.run.dir=more"]) == 0
    assert cells(read_runs("sweep", "more"), ["threshold"], []).missing == ()
    assert "| fixed | 0." in markdown(table_of(grid))


def test_only_some_metrics_may_be_written(project: Path) -> None:
    write_run(
        project / "a",
        "seed=0",
        [{"test/f1/micro": 0.5, "test/f1/Task": 0.5, "budget/tokens": 9, "budget/entities": 1}],
    )
    call("a", "-o", "few.csv", "--metric", "test/f1/micro", "--metric", "budget/*")
    assert set(read_csv("few.csv")["metric"]) == {
        "test/f1/micro",
        "budget/tokens",
        "budget/entities",
    }


def test_each_run_is_a_file_with_the_columns_that_trackio_reads(project: Path) -> None:
    """``import_csv`` wants a column ``step``, and takes every other column of numbers for a
    metric."""
    few, more = {"test/f1/micro": 0.5}, {"test/f1/micro": 0.75, "silver/precision/micro": 1.0}
    write_run(project / "runs" / "a", "seed=0", [few, more])
    write_run(project / "runs" / "b", "seed=1", [few])
    call("runs", "-o", "runs.csv", "--trackio", "steps")
    tables = {file.name: list(csv.reader(file.open())) for file in Path("steps").iterdir()}
    assert tables == {
        "a.csv": [
            ["step", "silver/precision/micro", "test/f1/micro"],
            ["0", "", "0.5"],
            ["1", "1.0", "0.75"],
        ],
        "b.csv": [["step", "test/f1/micro"], ["0", "0.5"]],
    }


def test_what_cannot_be_exported_is_one_line_and_no_file(project: Path) -> None:
    for words, message in (
        ([], "is not a folder"),
        ([str(project)], "no finished run"),
        (["--experiment", "scinr"], "no experiment 'scinr'"),
        (["--experiment", "Default"], "no finished run"),
        (["--experiment", "x", "--uri", "sqlite:///none.db"], "no tracker at sqlite:///none.db"),
        (["x", "--experiment", "x"], "give one of the two"),
        (["x", "--uri", "http://x"], "give one of the two"),
        (["--run", "gone"], "is not a folder"),
    ):
        with pytest.raises(InputError, match=message):
            call(*words, "-o", "runs.csv")
    assert not Path("runs.csv").exists() and not Path("none.db").exists()


def test_runs_without_counts_say_so_and_those_with_leave_a_second_file(project: Path) -> None:
    write_run(project / "old" / "a", "seed=0", [{"test/f1/micro": 0.5}])
    with pytest.raises(InputError, match="have no counts"):
        call("old", "-o", "runs.csv", "--counts", "counts.csv")
    assert not Path("runs.csv").exists()
    write_run(project / "new" / "b", "seed=0", [{"test/f1/micro": 0.5}], counts=[[[1, 2, 3]]])
    call("old", "new", "-o", "runs.csv", "--counts", "counts.csv")
    assert {key: rows.tolist() for key, rows in read_counts_csv("counts.csv").items()} == {
        ("b", 0): [[1, 2, 3]]
    }
