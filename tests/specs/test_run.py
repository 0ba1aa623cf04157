"""`sciner run` from the words of a command line to disk, tracker and exit code."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sciner.errors import InputError
from sciner.launch.job import Asked, attempt
from sciner.launch.main import main
from sciner.launch.overrides import check, parse_flags
from sciner.loop.rounds import Round
from sciner.progress import QUIET
from sciner.results.folder import LOCK, RunFolder, reserved
from sciner.results.records import records
from sciner.run import prepare
from sciner.run.job import Job
from sciner.text.sample import LABELS
from sciner.tracking import address
from sciner.tracking.database import local_uri
from sciner.tracking.replay import replay
from tests.fakes import FakeTagger, small_corpus


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no weights: what is tested here is everything around the tagger."""

    def build(config: Any, labels: tuple[str, ...], llm: None = None) -> FakeTagger:
        if config.seed == 13:
            raise RuntimeError("seed 13 brings bad luck")
        return FakeTagger(labels)

    monkeypatch.setattr(prepare, "build_tagger", build)
    monkeypatch.setattr(prepare, "read_corpus", lambda config: small_corpus(4, 2))


def parse_points(*words: str) -> dict[str, Any]:
    """The configuration that ``words`` mean, as a launcher hands it to a job."""
    return check(parse_flags(words)).points[0].model_dump()


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def runs_of(project: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(local_uri(project))
    experiments = [e.experiment_id for e in client.search_experiments()]
    return list(client.search_runs(experiments))


def history(project: Path, run_id: str, metric: str) -> list[tuple[int, float]]:
    from mlflow import MlflowClient

    return sorted(
        (m.step, m.value)
        for m in MlflowClient(local_uri(project)).get_metric_history(run_id, metric)
    )


def test_each_round_is_a_line_on_disk_and_a_step_in_the_tracker(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hydra.run.dir=here", "threshold=fixed", "data.dev_size=5"]) == 0
    rows = rows_of(project / "here")
    assert [row["round"] for row in rows] == [0, 1, 2]
    (run,) = runs_of(project)
    for name in (
        *(f"test/f1/class/{label}" for label in LABELS),
        "test/f1/micro",
        "budget/sentences",
        "dev/f1/micro",
    ):
        assert history(project, run.info.run_id, name) == [
            (k, rows[k]["scores"][name.replace("class/", "")]) for k in range(3)
        ]
    assert history(project, run.info.run_id, "train/round_1/loss") == [(1, 0.5)]
    assert run.info.status == "FINISHED"
    assert run.data.params["threshold"] == "fixed"
    # defaults, too
    assert (run.data.params["iteration.rounds"], run.data.params["data.seed_order"]) == (
        "2",
        "random",
    )
    assert {"sciner.corpus_digest", "version.torch"} <= run.data.tags.keys()
    assert run.data.tags["sciner.cache"].endswith(" steps known")
    out = capsys.readouterr().out
    assert "round 2" in out and "sciner ui" in out and local_uri(project) in out
    assert "The last round " in out and "contradict" not in out
    assert out.rstrip().endswith("to see the results: sciner report here (in MLflow: sciner ui)")


def test_the_gold_is_that_of_the_annotator_who_was_asked_for(project: Path) -> None:
    words = [
        "annotator=two_annotators",
        "annotator.rate=0.5",
        "annotator.adjudicate=either",
        "data.dev_size=5",
    ]
    assert main([*words, "hydra.run.dir=here", "tracking=none", "iteration.rounds=0"]) == 0
    (row,) = rows_of(project / "here")
    assert row["scores"]["gold/f1"] < 1 and row["scores"]["gold/agreement_f1"] < 1
    gold = (project / "here/round_0/annotated.jsonl").read_text(encoding="utf-8").splitlines()
    assert row["scores"]["budget/sentences"] == 2 * (len(gold) + 5)


def test_a_bar_a_class_reaches_every_job_of_a_sweep(project: Path) -> None:
    """Hydra composes once more for the jobs, in files and processes of its own."""
    bars = [
        "threshold=per_class",
        "threshold.classes={TaskName:0.6},{TaskName: 0.7, MetricName: 0.5}",
    ]
    rates = [
        "annotator=noisy",
        "annotator.rates.TaskName=0.3",
        "tracking=none",
        "iteration.rounds=1",
    ]
    assert main(["-m", *bars, *rates, "hydra.sweep.dir=sweep"]) == 0
    kept = [
        yaml.safe_load((project / "sweep" / job / "config.yaml").read_text(encoding="utf-8"))
        for job in "01"
    ]
    assert [one["threshold"]["classes"] for one in kept] == [
        {"TaskName": 0.6},
        {"TaskName": 0.7, "MetricName": 0.5},
    ]
    assert all(one["annotator"]["rates"] == {"TaskName": 0.3} for one in kept)


def test_runs_of_a_sweep_that_share_round_0_train_it_once(project: Path) -> None:
    """The first annotates no pool with it; the second does, when the first is long past it. Then
    only last weights stay."""
    bought = [
        "acquire=random,mnlp",
        "acquire.batch=2",
        "threshold=accept_none",
        "iteration.rounds=2",
        "tracking=none",
    ]
    assert main(["-m", *bought, "hydra.sweep.dir=sweep"]) == 0
    first, second = (rows_of(project / "sweep" / job) for job in "01")
    assert [step["hit"] for row in first for step in row["steps"] if step["step"] == "fit"] == [
        False
    ] * 3
    assert [step["hit"] for row in second for step in row["steps"] if step["step"] == "fit"] == [
        True,
        False,
        False,
    ]
    assert len(list((project / ".sciner/store/steps").glob("weights-*"))) == 2


def test_the_annotated_corpus_of_the_last_round_is_an_artefact(project: Path) -> None:
    from mlflow import MlflowClient

    assert main(["hydra.run.dir=here", "save_model=true"]) == 0
    (run,) = runs_of(project)
    client = MlflowClient(local_uri(project))
    assert {a.path for a in client.list_artifacts(run.info.run_id)} == {
        "config.yaml",
        "rounds.jsonl",
        "run.json",
        "round_2",
        "model",
    }
    held = {Path(a.path).name for a in client.list_artifacts(run.info.run_id, "round_2")}
    assert held == {"annotated.jsonl", "annotated.conll", "test_predictions.jsonl"}


def test_a_failing_job_leaves_its_traceback_in_its_log_and_the_sweep_goes_on(project: Path) -> None:
    assert main(["-m", "seed=12,13,14", "hydra.sweep.dir=sweep", "iteration.rounds=1"]) == 1
    assert [len(rows_of(project / "sweep" / job)) for job in "02"] == [2, 2]
    assert "bad luck" in (project / "sweep/1/sciner.log").read_text()
    assert len({r.data.tags["sciner.sweep"] for r in runs_of(project)}) == 1


def test_a_run_that_fails_midway_is_failed_in_the_tracker(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: FakeTagger, *_: Any, **__: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(FakeTagger, "fit", explode)
    assert main(["hydra.run.dir=here"]) == 1
    assert [r.info.status for r in runs_of(project)] == ["FAILED"]
    assert "out of luck" in (project / "here/sciner.log").read_text()


def test_a_full_disk_is_one_line_and_the_same_words_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: RunFolder, done: Round) -> None:
        if done.number == 1:
            raise OSError(errno.ENOSPC, "No space left on device", "rounds.jsonl")
        own(self, done)

    own = RunFolder.write_round
    monkeypatch.setattr(RunFolder, "write_round", full)
    with pytest.raises(InputError, match=r"rounds\.jsonl: the disk is full"):
        main(["hydra.run.dir=here", "tracking=none"])
    assert "Traceback" not in (project / "here/sciner.log").read_text()
    monkeypatch.setattr(RunFolder, "write_round", own)
    assert main(["hydra.run.dir=here", "tracking=none"]) == 0
    rows = rows_of(project / "here")
    assert len(rows) == 3 and all(step["hit"] for row in rows[:2] for step in row["steps"])


def test_a_sweep_ends_with_one_table_and_the_command_of_its_report(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a line for each run; a table of rounds is for a single run."""
    words = ["-m", "threshold=accept_all,fixed", "iteration.rounds=1", "tracking=none"]
    assert main([*words, "hydra.sweep.dir=sweep", "hydra/launcher=basic"]) == 0
    out = capsys.readouterr().out
    assert "test F1 by round" not in out and out.count("gain over round 0") == 1
    assert "best: threshold=" in out and "worst: threshold=" in out
    assert out.rstrip().endswith("to see the results: sciner report sweep")
    assert main([*words, "seed=1", "hydra.sweep.dir=sweep", "hydra.sweep.subdir=more${seed}"]) == 0
    assert "to see the results: sciner report sweep --sweep " in capsys.readouterr().out


def test_a_quiet_run_prints_the_folder_of_its_results_alone(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--quiet", "iteration.rounds=0", "tracking=none"]
    assert main([*words, "hydra.run.dir=here"]) == 0
    assert capsys.readouterr() == (f"{project / 'here'}\n", "")
    assert main([*words, "-m", "seed=0,1", "hydra.sweep.dir=sweep"]) == 0
    assert capsys.readouterr() == (f"{project / 'sweep'}\n", "")

    def explode(self: FakeTagger, *_: Any, **__: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(FakeTagger, "fit", explode)
    words = ["--quiet", "-m", "seed=2,3", "tracking=none", "store=none"]
    assert main([*words, "hydra.sweep.dir=bad", "hydra/launcher=basic"]) == 1
    out, error = capsys.readouterr()
    assert out == f"{project / 'bad'}\n" and error.count("failed: ") == 2
    assert os.environ.get(QUIET) is None


def test_without_tracking_mlflow_is_not_asked(project: Path) -> None:
    assert main(["hydra.run.dir=here", "tracking=none"]) == 0
    assert len(rows_of(project / "here")) == 3
    assert runs_of(project) == []


def test_a_tracker_that_dies_midway_loses_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sciner.tracking.mlflow import MlflowTracker

    kept = MlflowTracker.log_round

    def dying(self: MlflowTracker, number: int, *told: Any) -> None:
        if number == 1:
            raise ConnectionError("the server went away")
        kept(self, number, *told)

    monkeypatch.setattr(MlflowTracker, "log_round", dying)
    assert main(["hydra.run.dir=here"]) == 3
    assert len(rows_of(project / "here")) == 3
    assert "the tracker failed" in (project / "here/sciner.log").read_text()


def test_a_tracker_that_comes_back_has_the_whole_run_when_the_command_ends(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sciner.tracking.mlflow import MlflowTracker

    kept, calls = MlflowTracker.log_round, []

    def missing(self: MlflowTracker, number: int, *told: Any) -> None:
        calls.append(number)
        if calls == [0, 1]:
            raise ConnectionError("the server is restarted")
        kept(self, number, *told)

    monkeypatch.setattr(MlflowTracker, "log_round", missing)
    assert main(["hydra.run.dir=here"]) == 0
    (run,) = runs_of(project)
    rows = rows_of(project / "here")
    assert run.info.status == "FINISHED" and [row["round"] for row in rows] == [0, 1, 2]
    assert history(project, run.info.run_id, "test/f1/micro") == [
        (row["round"], row["scores"]["test/f1/micro"]) for row in rows
    ]
    out = capsys.readouterr().out
    assert "logged now: 1 of the 1 runs that it missed" in out and "tracked: sqlite" in out


def test_a_tracker_that_is_down_is_asked_once_for_all_jobs_and_once_at_the_end(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(address, "ask_server", lambda uri: asked.append(uri) or "no answer")
    assert (
        main(
            [
                "-m",
                "seed=1,2",
                "tracking.uri=http://team:5000",
                "iteration.rounds=0",
                "hydra.sweep.dir=sweep",
            ]
        )
        == 3
    )
    assert asked == ["http://team:5000"] * 2
    assert all(
        "the tracker failed (no answer)" in (project / "sweep" / job / "sciner.log").read_text()
        for job in "01"
    )
    out = capsys.readouterr().out
    assert "2 of 2 jobs done" in out and "tracked:" not in out and "sciner ui" not in out
    assert "not in the tracker: 2 runs; to log them: sciner track replay --uri http://team" in out


@pytest.mark.parametrize(
    "word",
    [
        "tracking.uri=htpp://team",
        "tracking.uri=./mlruns",
        "tracking.uri=sqlite:///junk",
        "tracking.experiment=",
    ],
)
def test_a_tracker_that_cannot_be_meant_is_refused_before_anything_is_written(
    word: str, project: Path
) -> None:
    (project / "junk").write_text("no database")
    before = sorted(project.iterdir())
    with pytest.raises(InputError):
        main([word])
    assert sorted(project.iterdir()) == before


def test_a_deleted_experiment_is_one_line_that_says_how_to_go_on(project: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(local_uri(project))
    client.delete_experiment(client.create_experiment("sciner"))
    for call in (
        lambda: main(["hydra.run.dir=here"]),
        lambda: list(replay([], local_uri(project), "sciner")),
    ):
        with pytest.raises(
            InputError,
            match=r"was deleted; restore it \(mlflow experiments restore --experiment-id 1\)",
        ):
            call()
    assert not (project / "here").exists()


def test_the_same_command_twice_gives_identical_scores(project: Path) -> None:
    for folder in "ab":
        assert main([f"hydra.run.dir={folder}", "tracking=none", "threshold=fixed"]) == 0
    a, b = (
        [
            {k: v for k, v in r["scores"].items() if not k.startswith("time")}
            for r in rows_of(project / f)
        ]
        for f in "ab"
    )
    assert a == b
    assert (project / "a/round_2/annotated.jsonl").read_bytes() == (
        project / "b/round_2/annotated.jsonl"
    ).read_bytes()


def test_an_oracle_seed_set_says_so(project: Path) -> None:
    assert (
        main(["hydra.run.dir=here", "data.seed_order=oracle_entities", "iteration=supervised"]) == 0
    )
    assert "used withheld labels" in (project / "here/sciner.log").read_text()
    assert runs_of(project)[0].data.tags["sciner.oracle"] == "oracle_entities"


def test_brackets_of_the_user_are_no_markup(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(
            [
                "-m",
                "seed=1,13",
                "data=files",
                "data.train=[red.conll,b.conll]",
                "data.test=c",
                "iteration=supervised",
            ]
        )
        == 1
    )
    ours = [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("job ", "failed: "))
    ]
    assert len(ours) == 3  # two jobs begun, one failed
    assert all("data.train=[red.conll,b.conll]" in line for line in ours)


def test_invalid_input_leaves_no_new_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But a folder that was there stays, and so does what is in it."""

    def refuse(config: Any) -> None:
        raise InputError("unknown label", file="a.conll", line=3)

    monkeypatch.setattr(prepare, "read_corpus", refuse)
    (project / "kept").mkdir()
    for folder in ("outputs/a/b", "kept/a"):
        with pytest.raises(InputError, match=r"a\.conll:3: unknown label"):
            main([f"hydra.run.dir={folder}", "tracking=none"])
    assert sorted(place.name for place in project.iterdir()) == ["kept", "mlflow.db"]
    assert not any((project / "kept").iterdir())
    (project / "kept" / "notes").touch()
    with pytest.raises(InputError):
        main(["hydra.run.dir=kept", "tracking=none"])
    assert (project / "kept" / "notes").exists()


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("here", ["hydra.run.dir=here"]),
        ("sweep", ["hydra.run.dir=sweep/0"]),
        ("sweep", ["-m", "seed=0,1", "hydra.sweep.dir=sweep"]),
    ],
)
def test_a_second_run_in_a_folder_is_refused_before_anything_is_written(
    held: str, words: list[str], project: Path
) -> None:
    with reserved(project / held):
        with pytest.raises(InputError, match="another run is active in this folder"):
            main(words)
        assert [path.name for path in (project / held).iterdir()] == [LOCK]
    assert main([*words, "tracking=none", "iteration.rounds=0"]) == 0


def test_the_second_of_two_jobs_in_one_folder_is_bad_input_and_leaves_the_first_alone(
    project: Path,
) -> None:
    """Where a launcher begins jobs of two sweeps at once, the folder of a job is held by the
    job."""
    values = parse_points("hydra.run.dir=here", "tracking=none")
    job, asked = Job(project / "here", (), project), Asked(project, None, 1, project / "gone")
    assert attempt(values, job, asked, 0) == 0
    before = (project / "here/rounds.jsonl").read_bytes()
    with reserved(project / "here"):
        assert attempt(values, job, asked, 0) == 2
    assert (project / "here/rounds.jsonl").read_bytes() == before


def test_a_default_folder_is_the_one_that_was_reserved(project: Path) -> None:
    assert main(["-m", "seed=0,1", "tracking=none", "iteration.rounds=0"]) == 0
    (sweep,) = project.glob("multirun/*/*")
    assert (sweep / LOCK).is_file() and (sweep / "0" / "rounds.jsonl").is_file()


def test_without_a_tracker_a_sweep_that_goes_on_records_no_point_twice(
    project: Path,
) -> None:
    """In the same folders each run keeps its id, so the store keeps one record."""
    words = ["-m", "seed=0,1", "iteration.rounds=0", "tracking=none", "hydra.sweep.dir=sweep"]
    for _ in range(2):
        assert main(words) == 0
    folders, store = (records([Path(place)]) for place in ("sweep", ".sciner/store"))
    assert len(store) == 2 and {r.about["id"] for r in store} == {r.about["id"] for r in folders}
