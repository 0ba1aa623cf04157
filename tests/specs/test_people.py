"""People label what a run asks for, in files, and it goes on as a simulated one does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.main import go_on, main, plan_sweep
from sciner.policy.noise import Noise
from sciner.run import prepare
from sciner.text.corpus import Corpus, Sentence
from sciner.text.formats.exchange.base import EXCHANGES
from sciner.text.formats.record import Record, record_of
from sciner.tracking.mlflow import MlflowTracker
from tests.fakes import small_corpus
from tests.specs.test_loop import shuffled_labels
from tests.specs.test_run import fake, history, rows_of, runs_of  # noqa: F401 (a fixture)

CORPUS = small_corpus(4, 2)
GOLD = {s.id: s for s in CORPUS.train}
BUYS = ["acquire=mnlp", "acquire.batch=6", "iteration.rounds=2", "data.dev_size=5"]
WORDS = ["annotator=people", *BUYS, "hydra.run.dir=here"]
Said = Mapping[str, Sentence]


def loop(*words: str) -> int:
    """The exit code of `sciner loop`."""
    return app(["loop", *words], standalone_mode=False) or 0


def goes_on(*files: str) -> int:
    return loop("continue", "here", *(word for file in files for word in ("--labels", file)))


def batch(round: int) -> Path:
    return Path(f"here/people/round_{round}.json")


def asked(round: int) -> list[Record]:
    return list(EXCHANGES["label_studio"].read(batch(round), Counter()))


def label(round: int, out: str, said: Said = GOLD, only: slice = slice(None)) -> str:
    """Label some of a batch as Label Studio's user does."""
    return export(out, [record.id for record in asked(round)[only]], said)


def export(out: str, ids: Iterable[str], said: Said = GOLD) -> str:
    write = EXCHANGES["label_studio"].write
    assert write is not None
    write(Path(out), [record_of(said[id]) for id in ids])
    return out


def timeless(folder: Path) -> list[dict[str, float]]:
    return [
        {name: value for name, value in row["scores"].items() if not name.startswith("time/")}
        for row in rows_of(folder)
    ]


def test_a_run_with_people_is_the_run_with_a_simulated_annotator(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same scores, budget and steps, in one run of the tracker; and each stop is one line that
    says what to do."""
    assert main(WORDS) == 0
    for number in (1, 2):
        (run,) = runs_of(project)
        assert run.info.status == "SCHEDULED"
        line = f"round {number} waits for labels: 6 sentences in {batch(number)}; when they are"
        assert f"{line} labelled, type: sciner loop continue here --labels FILE\n" in (
            capsys.readouterr().out
        )
        assert goes_on(label(number, "back.json")) == 0
    assert len(list(project.glob(".sciner/store/steps/weights-*"))) == 1  # of the last fit
    simulated = ["annotator=perfect", "annotator.assist=true", *BUYS, "hydra.run.dir=there"]
    assert main([*simulated, "tracking=none"]) == 0
    assert timeless(project / "here") == timeless(project / "there")
    assert "acquire/proposed/f1" in rows_of(project / "here")[2]["scores"]
    (run,) = runs_of(project)
    assert run.info.status == "FINISHED"
    for name in ("test/f1/micro", "budget/minutes"):
        told = [(k, row["scores"][name]) for k, row in enumerate(rows_of(project / "here"))]
        assert history(project, run.info.run_id, name) == told


def test_a_batch_is_of_the_pool_with_silver_to_start_from(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels of dev and test do not reach it, nor those of the pool: it is the same without."""
    assert main([*WORDS, "tracking=none"]) == 0
    text = (project / "here/round_0/annotated.jsonl").read_text(encoding="utf-8")
    trained = {row["id"] for row in map(json.loads, text.splitlines())}
    records, written = asked(1), batch(1).read_bytes()
    assert len(records) == 6 and any(record.marks for record in records)
    for record in records:
        assert record.id in GOLD and record.id not in trained
        assert record.marks is None or record.origin.suggested
        assert all(mark.confidence is not None for mark in record.marks or ())
    bare = (s if s.id in trained else replace(s, spans=()) for s in CORPUS.train)
    blind = replace(CORPUS, train=tuple(bare), test=shuffled_labels(CORPUS.test))
    monkeypatch.setattr(prepare, "read_corpus", lambda config: blind)
    assert main([*WORDS, "tracking=none"]) == 0
    assert batch(1).read_bytes() == written


@pytest.mark.slow
def test_what_came_back_is_kept_and_the_rest_is_asked_for_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "tracking=none"]) == 0
    whole = [record.id for record in asked(1)]
    assert goes_on(label(1, "first.json", only=slice(2))) == 0
    assert [record.id for record in asked(1)] == whole[2:]
    capsys.readouterr()
    assert loop("status", "here") == 0
    out = capsys.readouterr().out
    assert (
        "round 1 waits for labels: 4 sentences" in out and "2 of 6 sentences are labelled\n" in out
    )
    seed = rows_of(Path("here"))[0]["scores"]["budget/sentences"]
    assert f"budget after round 0: {seed:.0f} sentences, " in out
    untouched = label(1, "again.json", only=slice(0, 3))
    assert goes_on("first.json", untouched, str(batch(1))) == 0  # which nobody has labelled
    out = capsys.readouterr().out
    told = "3 answers; 2 answers that were known; 4 left out: sentences that nobody has labelled"
    assert out.startswith(f"{told}\n")
    assert [record.id for record in asked(1)] == whole[5:]
    assert goes_on(label(1, "last.json")) == 0
    assert rows_of(Path("here"))[1]["acquired"] == sorted(whole)


@pytest.mark.slow
def test_an_answer_can_be_changed_until_its_round_is_trained(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tool's export holds all that was ever labelled in it."""
    assert main([*WORDS, "tracking=none"]) == 0
    wrong = {id: replace(s, spans=()) for id, s in GOLD.items()}
    assert goes_on(label(1, "a.json", wrong, slice(5))) == 0
    right = export("b.json", [row["id"] for row in answers()])
    assert goes_on(right, label(1, "c.json")) == 0
    assert all(tuple(map(tuple, row["spans"])) == GOLD[row["id"]].spans for row in answers())
    capsys.readouterr()
    assert goes_on("a.json") == 0
    assert "left out: answers to earlier rounds that have changed" in capsys.readouterr().out
    assert all(tuple(map(tuple, row["spans"])) == GOLD[row["id"]].spans for row in answers())


def answers() -> list[dict[str, Any]]:
    file = Path("here/people/answers.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_two_people_agree_as_far_as_two_simulated_ones(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their batches are labelled by the simulated two, who differ. The seed set was labelled before
    the run, by one."""
    people = {
        name: {
            s.id: replace(s, spans=Noise(CORPUS.labels, 0.5, stream=stream).spans(*place(s)))
            for s in CORPUS.train
        }
        for stream, name in enumerate(("anna", "ben"))
    }
    words = ["annotator.adjudicate=expert", "iteration.rounds=1", "tracking=none"]
    assert main([*WORDS, *words]) == 0
    ids = [record.id for record in asked(1)]
    assert goes_on(label(1, "anna.json", people["anna"])) == 0
    capsys.readouterr()
    loop("status", "here")
    assert "\n0 of 6 sentences are labelled; anna: 6\n" in capsys.readouterr().out
    assert goes_on(label(1, "ben.json", people["ben"])) == 0
    differ = [id for id in ids if people["anna"][id].spans != people["ben"][id].spans]
    assert [record.id for record in asked(1)] == differ != ids
    assert loop("continue", "here", "--labels", "ben.json", label(1, "carla.json")) == 0
    rows = rows_of(Path("here"))
    scores, before = rows[1]["scores"], rows[0]["scores"]
    assert scores["budget/sentences"] - before["budget/sentences"] == 2 * len(ids) + len(differ)
    assert "gold/agreement_f1" not in before and 0 < scores["gold/agreement_f1"] < 1
    text = Path("here/round_1/annotated.jsonl").read_text(encoding="utf-8")
    gold = {row["id"]: row["spans"] for row in map(json.loads, text.splitlines())}
    for id in ids:
        spans = (GOLD if id in differ else people["anna"])[id].spans or ()
        assert [(s["start"], s["end"], s["label"]) for s in gold[id]] == list(spans)


def place(s: Sentence) -> tuple[str, int, tuple[Any, ...]]:
    return s.id, len(s.tokens), s.spans or ()


def test_a_third_person_is_asked_about_differences_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "annotator.adjudicate=either", "tracking=none"]) == 0
    files = [label(1, f"{name}.json", only=slice(2)) for name in ("anna", "ben", "carla")]
    assert goes_on(*files) == 2
    err = capsys.readouterr().err
    assert "was labelled by anna and ben already; name the file after one of them" in err
    assert not Path("here/people/answers.jsonl").exists()


def test_text_without_any_labels_is_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled, raw = CORPUS.train[:40], tuple(s.withheld() for s in CORPUS.train[40:])
    corpus = Corpus("c", CORPUS.labels, labelled, CORPUS.test, unlabelled=raw)
    monkeypatch.setattr(prepare, "read_corpus", lambda config: corpus)
    words = ["data.pool=unlabelled", "data.unlabelled=x", "data.seed_size=100%", "data.dev_size=0"]
    assert main([*WORDS, *words, "threshold=fixed", "tracking=none"]) == 0
    assert {record.id for record in asked(1)} <= {s.id for s in raw}
    assert goes_on(label(1, "a.json")) == 0 and goes_on(label(2, "b.json")) == 0
    scores = rows_of(Path("here"))[2]["scores"]
    assert scores["budget/sentences"] == 40 + 12 and "gold/f1" not in scores


@pytest.mark.slow
def test_reported_time_is_charged(project: Path) -> None:
    assert main([*WORDS, "iteration.rounds=1", "tracking=none"]) == 0
    tasks = json.loads(Path(label(1, "back.json")).read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"][0]["lead_time"] = 30
    Path("back.json").write_text(json.dumps(tasks), encoding="utf-8")
    assert goes_on("back.json") == 0
    minutes = [row["scores"]["budget/minutes"] for row in rows_of(Path("here"))]
    assert minutes[1] - minutes[0] == pytest.approx(6 * 30 / 60)


@pytest.mark.slow
def test_a_tracker_that_was_away_finds_the_run_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(WORDS) == 0
    with monkeypatch.context() as patched:
        patched.setattr(MlflowTracker, "unfinished", lost)
        assert goes_on(label(1, "a.json")) == 3
    assert goes_on(label(2, "b.json")) == 0
    (run,) = runs_of(project)
    assert run.info.status == "FINISHED"
    assert [k for k, _ in history(project, run.info.run_id, "test/f1/micro")] == [0, 1, 2]


def lost(self: MlflowTracker, tags: Mapping[str, str]) -> str:
    raise ConnectionError("the server is away")


@pytest.mark.slow
def test_what_people_will_cause_is_planned_as_unknown(project: Path) -> None:
    planned = plan_sweep(WORDS)
    assert (planned.alone, planned.least, planned.most) == (3, 1, 3)
    assert main([*WORDS, "tracking=none"]) == 0
    planned = plan_sweep(WORDS)
    assert (planned.stored, planned.least, planned.most) == (1, 0, 2)


@pytest.mark.slow
def test_a_waiting_run_goes_on_in_its_folder_alone(project: Path) -> None:
    assert main(WORDS) == 0
    assert main([*WORDS[:-1], "hydra.run.dir=there"]) == 0
    assert [run.info.status for run in runs_of(project)] == ["SCHEDULED"] * 2


@pytest.mark.slow
def test_what_was_interrupted_after_labels_came_goes_on_without_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annotator=people", *BUYS, "hydra.run.dir=with blank"]) == 0
    tasks = json.loads(Path("with blank/people/round_1.json").read_text(encoding="utf-8"))
    export("back.json", [task["data"]["sciner_id"] for task in tasks])
    with monkeypatch.context() as patched:
        patched.setattr(prepare, "build_tagger", None)
        assert loop("continue", "with blank", "--labels", "back.json") == 1
    capsys.readouterr()
    loop("status", "with blank")
    told = "round 1 has all its labels; type: sciner loop continue 'with blank'\n6 of 6 sentences"
    assert capsys.readouterr().out.startswith(told)
    assert loop("continue", "with blank") == 0
    assert len(rows_of(Path("with blank"))) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acquire=none"], "annotator=people labels what is acquired, and acquire=none"),
        (["acquire.unit=entities"], "acquire.unit=entities: the entities of a sentence"),
        (["store=none"], "annotator=people continues from the results in the store"),
        (
            ["-m", "seed=0,1"],
            "annotator=people works for a single run only, and a sweep has several",
        ),
        (["annotator.format=conll"], "annotator.format: conll keeps no ids of unlabelled"),
        (["annotator.format=docano"], "annotator.format: docano is not a format; did you mean"),
        (["annotator.rate=0.1"], "unknown key annotator.rate"),
    ],
)
def test_what_people_cannot_do_is_refused(project: Path, words: list[str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        main([*WORDS, *words])
    assert str(refused.value).startswith(told) and not Path("here").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "the command of the run cannot be read; type it again"),
        ("hydra: [", "the command of the run cannot be read; type it again"),
        ("hydra: {}", "the command of the run cannot be read; type it again"),
        (
            "hydra: {runtime: {config_sources: []}, overrides: {hydra: [], task: "
            "['tracking.uri=x://me:${oc.env:SCINER_SECRET_0}@h']}}",
            "the command contains a password",
        ),
    ],
)
def test_a_command_that_no_file_keeps_has_to_be_typed(
    project: Path, text: str | None, told: str
) -> None:
    if text:
        Path("here/.hydra").mkdir(parents=True)
        Path("here/.hydra/hydra.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"here/\.hydra/hydra\.yaml: {told}"):
        go_on(Path("here"))


@pytest.mark.slow
def test_other_folders_are_refused(project: Path) -> None:
    assert main(["hydra.run.dir=there", "iteration.rounds=0", "tracking=none"]) == 0
    for folder, told in (
        ("there", "people label nothing"),
        ("nowhere", "there is no readable run"),
    ):
        with pytest.raises(InputError, match=f"{folder}: {told}"):
            loop("status", folder)
    assert main([*WORDS, "iteration.rounds=1", "tracking=none"]) == 0
    assert goes_on(label(1, "back.json")) == 0
    with pytest.raises(InputError, match="here: the run has ended; for more rounds"):
        goes_on("back.json")
    assert main([*WORDS, "iteration.rounds=2", "tracking=none"]) == 0  # one more, as it says
    assert len(asked(2)) == 6


def test_a_batch_that_is_waited_for_is_not_written_again(project: Path) -> None:
    """Somebody may be labelling in that very file."""
    assert main(WORDS) == 0
    batch(1).write_text("edited")
    with pytest.raises(InputError, match="--labels FILE"):
        goes_on()
    assert batch(1).read_text() == "edited"


def test_a_run_goes_on_with_hydras_own_words(project: Path) -> None:
    Path("mine/threshold").mkdir(parents=True)
    (Path("mine/threshold/strict.yaml")).write_text(
        "defaults:\n  - fixed\n  - _self_\n\nmin_confidence: 0.99\n"
    )
    words = ["threshold=strict", "hydra.job.name=ours", "--config-dir", "mine"]
    assert main([*WORDS, *words]) == 0
    assert goes_on(label(1, "one.json")) == 0
    assert "ours" in Path("here/.hydra/hydra.yaml").read_text()
    assert len(rows_of(project / "here")) == 2
