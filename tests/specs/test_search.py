"""What a search promises, on a tagger that needs no training time."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

import optuna
from optuna.trial import TrialState, create_trial

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.launch.auto import one_after_the_other
from sciner.launch.main import main, plan_sweep
from sciner.launch.overrides import check, parse_flags
from sciner.loop.iteration import Iteration
from sciner.loop.rounds import run_rounds
from sciner.loop.steps.runner import StepRunner
from sciner.policy.annotator import SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.noise import Noise
from sciner.policy.seed import Split
from sciner.results.records import records
from sciner.run import prepare
from sciner.score.entity import entity_scores
from sciner.search.folds import CrossFit
from sciner.search.storage import RETRIES, storage_of
from sciner.search.study import OVERRIDES, live_trial, refuse_another
from sciner.search.summary import open_study, summarise
from sciner.search.trial import Trial
from sciner.search.worker import NextTrial, Worker
from sciner.store.store import NoStore
from sciner.text.corpus import Corpus
from tests.fakes import FakeTagger, small_corpus
from tests.specs.test_loop import FIXED, SAMPLE, parts_of, shuffled_labels
from tests.specs.test_run import history, rows_of, runs_of

BAD_LUCK = 7.0


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: Any, labels: tuple[str, ...], llm: None = None) -> FakeTagger:
        if config.model.c2 == BAD_LUCK:
            raise RuntimeError("7 brings bad luck")
        return FakeTagger(labels)

    monkeypatch.setattr(prepare, "build_tagger", build)
    monkeypatch.setattr(prepare, "read_corpus", lambda config: small_corpus(4, 2))


SEARCH = (
    "-m",
    "hydra/sweeper=sciner_optuna",
    "model=crf",
    "threshold=fixed",
    "data.dev_size=20",
    "hydra.sweep.dir=sweep",
)
BAR = "threshold.min_confidence=interval(0.5,1)"


def search(*words: str, trials: int, code: int = 0, tracking: str = "none") -> optuna.Study:
    assert (
        main([*SEARCH, f"tracking={tracking}", f"hydra.sweeper.n_trials={trials}", *words]) == code
    )
    return open_study("search", None, Path.cwd())


def refusal(*words: str) -> str:
    with pytest.raises(InputError) as caught:
        check(parse_flags([*SEARCH, *words]))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def params(study: optuna.Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


# A trial


@pytest.mark.slow
def test_a_trial_is_a_run_that_reports_dev_f1_after_each_round(project: Path) -> None:
    study = search(BAR, trials=2, tracking="mlflow")
    runs = {run.data.tags["sciner.trial"]: run for run in runs_of(project)}
    assert runs.keys() == {"0", "1"}
    for trial in study.trials:
        rows = [row["scores"] for row in rows_of(project / "sweep" / str(trial.number))]
        assert (
            trial.intermediate_values == {n: row["dev/f1/micro"] for n, row in enumerate(rows)}
            and len(rows) == 3
        )
        assert trial.value == rows[-1]["search/f1"] == rows[-1]["dev/f1/micro"]
        assert rows[0]["budget/sentences"] > 20  # dev is charged
        run = runs[str(trial.number)]
        assert run.data.tags["sciner.study"] == "search" and run.info.status == "FINISHED"
        assert [value for _, value in history(project, run.info.run_id, "search/f1")] == [
            row["search/f1"] for row in rows
        ]
        assert not any(key.startswith("search.") for key in run.data.params)


def test_a_trial_can_be_taken_up_from_any_process_by_its_number(tmp_path: Path) -> None:
    place = str(tmp_path / "journal")
    for name in ("other", "s", "s"):  # a trial's id in the storage is not its number in the study
        optuna.create_study(study_name=name, storage=storage_of(place), load_if_exists=True).ask()
    elsewhere = optuna.load_study(study_name="s", storage=storage_of(place))
    live_trial(elsewhere, 1).report(0.5, 3)
    elsewhere.tell(1, 0.7)
    first, second = optuna.load_study(study_name="s", storage=storage_of(place)).trials
    assert (second.intermediate_values, second.value) == ({3: 0.5}, 0.7)
    assert first.state == TrialState.RUNNING
    with pytest.raises(KeyError):
        live_trial(elsewhere, 2)


@pytest.mark.slow
def test_test_labels_change_nothing_that_a_search_does(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def values(folder: str) -> list[tuple[Any, Any]]:
        study = search(
            BAR, "hydra.sweeper.pruner=none", f"hydra.sweeper.storage={folder}/journal", trials=3
        )
        study = open_study("search", f"{folder}/journal", Path.cwd())
        return [(t.params, t.intermediate_values) for t in study.trials]

    whole = small_corpus(4, 2)
    search(BAR, trials=1)
    before = values("a")
    wrong = replace(whole, test=shuffled_labels(whole.test))
    monkeypatch.setattr(prepare, "read_corpus", lambda config: wrong)
    assert values("b") == before


@pytest.mark.slow
def test_what_a_trial_was_is_run_again_by_the_command_that_is_shown(project: Path) -> None:
    found = summarise(search(BAR, "model.c1=0.1,0.2", trials=3))
    (best,) = found.best
    words = shlex.split(best.command)
    assert words[:2] == ["sciner", "run"] and main([*words[2:], "hydra.run.dir=again"]) == 0
    (again, was) = (
        rows_of(place)[-1]["scores"] for place in (project / "again", Path(best.directory))
    )
    assert (
        again["dev/f1/micro"]
        == best.values[0]
        == max(t.value for t in open_study("search", None, project).trials)
    )
    assert again["test/f1/micro"] == was["test/f1/micro"]


# A study


@pytest.mark.slow
def test_a_study_that_is_resumed_goes_on_as_if_it_had_not_stopped(project: Path) -> None:
    for trials in (4, 4, 12):
        resumed = search(BAR, trials=trials)
        assert len(resumed.trials) == trials
    words = (BAR, "hydra.sweeper.study=unbroken")
    search(*words, trials=12)
    unbroken = open_study("unbroken", None, project)
    assert params(resumed) == params(unbroken) and len({str(p) for p in params(resumed)}) == 12


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_two_shells_are_never_told_the_same(sampler: str, project: Path) -> None:
    """Whatever the one has told already: each asks for a batch before the other tells."""
    from sciner.search.search import Search

    found = check(
        parse_flags(
            [*SEARCH, BAR, "model.c1=tag(log,interval(0.01,1))", f"hydra.sweeper.sampler={sampler}"]
        )
    ).search
    assert isinstance(found, Search)
    told = []
    for _ in range(4):
        one, other = (Worker(found.begin(project), found.space, 3) for _ in range(2))
        with one.alive(), other.alive():
            for asked in [*one.ask(), *other.ask()]:
                told.append(asked.overrides[-6:-4])
                one.shared.study.tell(asked.number, 1 / (asked.number + 1))
    assert len(told) == 24 == len({str(words) for words in told})


@pytest.mark.slow
def test_a_hopeless_trial_stops_after_a_round_and_says_so(project: Path) -> None:
    study = search(BAR, trials=1, tracking="mlflow")
    first = study.trials[0]
    # than any that the fake tagger can reach
    better = {"value": 0.99, "intermediate_values": dict.fromkeys(range(3), 0.99)}
    same = {
        "params": first.params,
        "distributions": first.distributions,
        "user_attrs": first.user_attrs,
    }
    for _ in range(5):
        study.add_trial(create_trial(**better, **same))
    study = search(BAR, trials=7, tracking="mlflow")
    assert study.trials[-1].state == TrialState.PRUNED
    folder = project / "sweep" / "6"
    # round 0 is warm-up: the bar first tells in round 1
    assert [row["round"] for row in rows_of(folder)] == [0, 1]
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (about["status"], about["pruned"]) == ("KILLED", 1)
    run = next(r for r in runs_of(project) if r.data.tags["sciner.trial"] == "6")
    assert run.info.status == "KILLED" and run.data.tags["sciner.pruned"] == "1"
    with pytest.raises(InputError, match="no finished run"):  # for a report
        records([folder])
    # for a replay
    assert [record.about["id"] for record in records([folder], pruned=True)] == [about["id"]]
    assert summarise(study).rounds_planned - summarise(study).rounds == 1


@pytest.mark.slow
def test_a_trial_that_fails_is_recorded_and_the_study_goes_on(project: Path) -> None:
    words = (f"model.c2=1,{BAD_LUCK}", "hydra.sweeper.sampler=random")
    study = search(*words, trials=6, code=1)
    states = {t.params["model.c2"]: t.state for t in study.trials}
    assert (
        states == {"1": TrialState.COMPLETE, str(BAD_LUCK): TrialState.FAIL}
        and len(study.trials) == 6
    )
    failed = next(t for t in study.trials if t.state == TrialState.FAIL)
    assert "bad luck" in (project / "sweep" / str(failed.number) / "sciner.log").read_text()


@pytest.mark.slow
def test_a_trial_whose_worker_was_killed_is_run_again_and_counts_once(project: Path) -> None:
    search(BAR, trials=1)
    (asked,) = worker(project).ask()
    study = search(BAR, trials=3)
    _, killed, again, _ = study.trials
    assert (killed.number, killed.state) == (asked.number, TrialState.FAIL)
    assert again.params == killed.params and again.state == TrialState.COMPLETE
    assert summarise(study).trials == {"complete": 3}


def worker(project: Path, *words: str) -> Worker:
    """One that is not alive yet."""
    found = check(parse_flags([*SEARCH, BAR, *words])).search
    assert found
    return Worker(found.begin(project), found.space, at_once=1)


def test_a_trial_that_kills_its_workers_fails_in_the_end(project: Path) -> None:
    deaths = [worker(project).ask()[0].number for _ in range(RETRIES + 2)]
    study = worker(project).shared
    first, *again, other = study.study.trials
    assert deaths == list(range(RETRIES + 2)) and len(again) == RETRIES
    assert all(t.params == first.params for t in again) and other.params != first.params
    assert [t.number for t in study.begun()] == [again[-1].number, other.number]


@pytest.mark.parametrize("dies", [False, True])
def test_a_worker_without_a_trial_waits_for_those_of_the_others(
    dies: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should one of them die, it runs the trial again."""
    one, other = (worker(project, "hydra.sweeper.n_trials=2") for _ in range(2))
    launched: list[NextTrial] = []
    with ExitStack() as life:
        life.enter_context(other.alive())
        (theirs,) = other.ask()

        def later(seconds: float) -> None:
            if dies:
                life.close()
            else:
                other.shared.study.tell(theirs.number, 0.5)

        monkeypatch.setattr("sciner.search.worker.time.sleep", later)
        one.work(launched.extend)
    assert [trial.number for trial in launched] == ([1, 2] if dies else [1])
    assert len(one.shared.begun()) == 2 and not one.shared.running()
    if dies:
        assert launched[-1].overrides[:-4] == theirs.overrides[:-4]


def test_of_all_workers_one_sums_up_the_study(project: Path) -> None:
    one, other = worker(project), worker(project)
    one.settle(one.ask())
    assert [study.shared.sums_up() for study in (one, other, one)] == [True, False, False]
    other.settle(other.ask())
    assert other.shared.sums_up() and not one.shared.sums_up()


def test_a_worker_that_only_seemed_dead_runs_its_trial_to_the_end(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = worker(project)
    asked.settle(asked.ask())  # another worker has it now
    mine: Any = Trial(live_trial(asked.shared.study, 0), {}, None, None, 3)  # type: ignore[arg-type]
    assert mine.report(0.5, 0) is False and "another worker runs it again" in caplog.text


def question(*words: str) -> dict[str, Any]:
    found = check(parse_flags([*SEARCH, *words])).search
    assert found
    return found.question()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("seed=1", "seed=0, and this is seed=1"),
        ("data.dev_size=21", "data.dev_size=20, and this is data.dev_size=21"),
        ("model.c1=0,1", "model.c1=0.05, and this is model.c1=0,1"),
        (
            "hydra.sweeper.pruner=none",
            "hydra.sweeper.pruner=median, and this is hydra.sweeper.pruner=none",
        ),
        ("search=cross_fit", "search.objective=dev, and this is search.objective=cross_fit"),
    ],
)
def test_a_study_answers_one_question(words: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_another("search", question(BAR), question(BAR, words))
    assert str(caught.value).startswith(
        f"study 'search' was begun with {told}; trials of two questions do not compare"
    )


@pytest.mark.parametrize(
    "word",
    ["tracking=none", "store=none", "hydra.sweeper.sampler=random", "hydra.sweeper.n_trials=9"],
)
def test_what_changes_no_result_changes_no_question(word: str) -> None:
    assert question(BAR, word) == question(BAR)


def test_a_study_that_asks_something_else_starts_no_trial(project: Path) -> None:
    begun = check(parse_flags([*SEARCH, BAR])).search
    assert begun
    begun.begin(project)
    with pytest.raises(InputError, match="this is seed=1"):
        main([*SEARCH, BAR, "seed=1"])
    assert not (project / "sweep").exists()


# Cost


@pytest.mark.slow
def test_the_best_trial_is_within_the_limit_of_the_budget(project: Path) -> None:
    sizes = "data.seed_size=choice(10,20,40,60)"
    budget = (
        "hydra.sweeper.budget.unit=sentences",
        "hydra.sweeper.budget.limit=50",
        "hydra.sweeper.sampler=qmc",
    )
    study = search(sizes, *budget, trials=8)
    value = {t.number: t.value for t in study.trials if t.state == TrialState.COMPLETE}
    allowed = [
        t.number
        for t in study.trials
        if t.number in value and int(t.params["data.seed_size"]) + 20 <= 50
    ]
    (best,) = summarise(study).best
    assert best.values[0] == max(value[n] for n in allowed) < max(value.values())


@pytest.mark.slow
def test_two_objectives_give_the_front_and_no_pruning(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "data.seed_size=choice(10,20,40,60)",
        "hydra.sweeper.budget.unit=tokens",
        "hydra.sweeper.pruner=none",
    )
    study = search(*words, trials=8)
    assert all(t.state == TrialState.COMPLETE and not t.intermediate_values for t in study.trials)
    for trial in study.trials:
        last = rows_of(project / "sweep" / str(trial.number))[-1]["scores"]
        assert trial.values == [last["search/f1"], last["budget/tokens"]]
    pairs = {(b.values[0], b.values[1]) for b in summarise(study).best}
    front = {
        (f1, spent)
        for f1, spent in (t.values for t in study.trials)
        if not any(
            a >= f1 and b <= spent and (a, b) != (f1, spent)
            for a, b in (t.values for t in study.trials)
        )
    }
    assert pairs == front
    app(["search", "show", "search", "-o", "figures"], standalone_mode=False)
    assert {p.name for p in Path("figures").iterdir()} == {
        "history.png",
        "importances.png",
        "pareto.png",
    }
    assert " tokens: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "data.dev_size=0",
            "a search maximises F1 on dev, and there is no dev: give data.dev_size=20%",
        ),
        (
            "search=test",
            "search=test: the test set must not choose settings; give search=dev or "
            "search=cross_fit",
        ),
        (
            "search.objective=test",
            "search.objective: the test set must not choose settings",
        ),
        (
            "search=cross_fit acquire=random",
            "acquire=random: with search=cross_fit, every fold would buy its own sentences",
        ),
        (
            "hydra.sweeper.budget.unit=tokens",
            "hydra.sweeper: budget.unit=tokens without a limit is a second objective",
        ),
        ("hydra.sweeper.budget.limit=9", "hydra.sweeper.budget: limit=9 of what?"),
        (
            "hydra.sweeper.budget.unit=money",
            "hydra.sweeper.budget.unit: 'money' is no unit of a budget",
        ),
        (
            "hydra.sweeper.n_trails=9",
            "unknown key hydra.sweeper.n_trails; did you mean 'n_trials'?",
        ),
        (
            "hydra.sweeper.sampler=tep",
            "hydra.sweeper.sampler=tep: there is no such choice; did you mean 'tpe'?",
        ),
        ("hydra.sweeper.study=a/b", "hydra.sweeper.study='a/b': it should"),
        (
            "model.max_iterations=interval(5,9)",
            "model.max_iterations=5.0: it should be a valid integer; write an interval of",
        ),
        (
            "threshold=accept_all,fixed",
            "unknown key threshold.min_confidence; threshold=fixed or threshold=",
        ),
        ("model.c1=interval(-1,1)", "model.c1=-1.0: it should be greater than or equal to 0"),
        (
            "data.seed_size=5%,9% data.dev_size=9%",
            "data.seed_size is searched, and data.dev_size=9% is a share",
        ),
        (
            "data.seed_size=5%,9% search=cross_fit",
            "data.seed_size is searched, and search=cross_fit is judged on",
        ),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused_before_anything_runs(
    words: str, told: str, project: Path
) -> None:
    assert refusal(BAR, *words.split(" ")).startswith(told)
    assert not (project / ".sciner").exists()


def test_a_plan_says_that_points_are_not_known_and_bounds_the_fits(project: Path) -> None:
    with pytest.raises(
        InputError, match=r"cannot be planned; at most 60 fits \(5 trials, 4 rounds, 3 per round\)"
    ):
        plan_sweep(
            [
                *SEARCH,
                "iteration.rounds=1,3",
                "search=cross_fit",
                "hydra.sweeper.n_trials=5",
                "search.folds=2",
            ]
        )


# Cross-fitting


def crossed(
    corpus: Corpus = SAMPLE,
    parts: Split | None = None,
    folds: int = 3,
    rounds: int = 2,
    noise: float = 0.0,
) -> tuple[list[FakeTagger], list[float], SimulatedAnnotator]:
    """The taggers of the folds, the values of the rounds."""
    parts, taggers = parts or parts_of(corpus), []
    annotator = SimulatedAnnotator(parts.withheld(), Cost(), Noise(corpus.labels, noise))

    def begin(corpus: Corpus, parts: Split) -> Any:
        taggers.append(FakeTagger(corpus.labels))
        steps = StepRunner(taggers[-1], NoStore(), corpus.labels)
        return steps, run_rounds(
            corpus, parts, steps, FIXED, Iteration(rounds), seed=0, annotator=annotator
        )

    _, own = begin(corpus, parts)
    objective = CrossFit(corpus, parts, annotator, begin, folds)
    return taggers[1:], [objective(done) for done in own], annotator


def ids(sentences: Sequence[Any]) -> set[str]:
    return {s.id for s in sentences}


@pytest.mark.slow
def test_a_fold_is_judged_by_a_loop_that_never_saw_it() -> None:
    parts = parts_of(SAMPLE)
    taggers, _, _ = crossed(parts=parts)
    trained = [{e.sentence.id for fit in tagger.fits for e in fit} for tagger in taggers]
    held = [ids(parts.seed_set) - seen for seen in trained]
    assert set().union(*held) == ids(parts.seed_set) and sum(map(len, held)) == len(parts.seed_set)
    assert max(map(len, held)) - min(map(len, held)) <= 1
    for tagger, fold in zip(taggers, held, strict=True):
        assert ids(tagger.seen) == fold | ids(parts.pool)  # and nothing of test


@pytest.mark.slow
def test_the_value_is_the_f1_of_all_folds_together() -> None:
    """Computed anew: each fold's loop by itself, seqeval over all predictions at once."""
    parts = parts_of(SAMPLE, seed_size="60%")
    _, values, _ = crossed(parts=parts)
    predicted: list[dict[str, Any]] = [{}, {}, {}]
    for at in range(3):
        held = parts.seed_set[at::3]
        rest = tuple(s for s in parts.seed_set if s not in held)
        steps = StepRunner(FakeTagger(SAMPLE.labels), NoStore(), SAMPLE.labels)
        corpus = Corpus("fold", SAMPLE.labels, (*rest, *parts.pool), held)
        for done in run_rounds(
            corpus, Split(rest, parts.pool, ()), steps, FIXED, Iteration(2), seed=0
        ):
            predicted[done.number] |= {p.sentence.id: p.spans for p in done.test.read()}
    expected = [
        entity_scores(parts.seed_set, [row[s.id] for s in parts.seed_set])["f1/micro"]
        for row in predicted
    ]
    assert values == pytest.approx(expected) and len(set(values)) > 1


@pytest.mark.slow
def test_folds_are_judged_by_the_gold_that_was_bought() -> None:
    """An annotator who errs is all that a decision knows of: clean labels of the seed set must not
    reach it."""
    parts = parts_of(SAMPLE)
    _, noisy, annotator = crossed(parts=parts, noise=0.4)
    labelled = annotator.label(parts.seed_set)
    assert labelled != parts.seed_set
    _, told, _ = crossed(parts=replace(parts, seed_set=labelled))  # whom these labels are clean for
    assert noisy == told


def test_a_seed_set_smaller_than_the_folds_is_refused() -> None:
    parts = parts_of(SAMPLE, seed_size="3")
    with pytest.raises(InputError, match="3 sentences of seed set make no 4 folds"):
        crossed(parts=parts, folds=4)


@pytest.mark.slow
def test_cross_fitting_buys_no_more_gold_and_costs_its_folds_in_fits(project: Path) -> None:
    study = search(
        BAR, "search=cross_fit", "search.folds=2", "data.dev_size=0", "store=none", trials=2
    )
    seed_set = rows_of(project / "sweep/0")[0]["scores"]["budget/sentences"]
    assert (
        main(["data.dev_size=0", "tracking=none", "model=crf", "hydra.run.dir=plain", "store=none"])
        == 0
    )
    assert rows_of(project / "plain")[0]["scores"]["budget/sentences"] == seed_set
    assert summarise(study).fits == 2 * 3 * (1 + 2)
    assert study.trials[0].value == rows_of(project / "sweep/0")[-1]["scores"]["search/f1"]


@pytest.mark.parametrize(("n_jobs", "threads"), [(2, "1"), (1, None)])
def test_all_trials_of_a_study_have_the_same_threads(
    project: Path, n_jobs: int, threads: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the last of an odd number, which runs alone: threads change the digits of a fit."""
    launched: list[Sequence[str]] = []

    def launch(
        hydra: object, at_once: object, jobs: list[Sequence[str]], first: int
    ) -> list[object]:
        launched.extend(jobs)
        return [*one_after_the_other(hydra, jobs, first)]  # type: ignore[arg-type]

    monkeypatch.setattr("sciner.launch.auto.launch", launch)
    study = search(BAR, f"hydra.sweeper.n_jobs={n_jobs}", trials=3)
    assert len(launched) == 3
    wanted = ["trainer.threads=1"] if threads else []
    for words in (*launched, *(trial.user_attrs[OVERRIDES] for trial in study.trials)):
        assert [word for word in words if word.startswith("trainer.threads=")] == wanted
