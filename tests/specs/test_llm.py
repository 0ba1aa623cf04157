"""A language model labels: for the gold, for the silver, and for neither does anything else
change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sciner.errors import CostLimitReached, InputError
from sciner.launch.main import main, plan_sweep
from sciner.launch.overrides import check, parse_flags
from sciner.loop.iteration import Iteration
from sciner.loop.teacher import AskedTeacher
from sciner.policy.acquisition.baselines import Random
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.annotator import SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.seed import Amount, Split
from sciner.policy.threshold.accept import Threshold
from sciner.run.questions import Asking, expected
from sciner.store.disk import DiskStore
from sciner.store.store import NoStore, Store
from sciner.tagger.llm.annotator import LlmAnnotator
from sciner.tagger.llm.ask import Asker, Recipe
from sciner.tagger.llm.client import Prices, Purse
from sciner.tagger.llm.prompt import Prompt, read_template
from sciner.tagger.llm.tagger import LlmTagger
from sciner.text.corpus import gold_example
from tests.endpoint import KEY, MODEL, FakeEndpoint, Says, serving
from tests.specs.test_loop import SAMPLE, parts_of, turn

PARTS = parts_of(SAMPLE)
PARTS = replace(PARTS, pool=PARTS.pool[:40])


def language_model(
    endpoint: Any = None, store: Store | None = None, limit: float | None = None, **recipe: Any
) -> LlmTagger:
    asker = Asker(endpoint or FakeEndpoint(), store or NoStore(), Prices(1.0, 10.0), Purse(limit))
    return LlmTagger(
        Recipe(MODEL, **{"demonstrations": 100, **recipe}),
        Prompt(read_template(None), "", SAMPLE.labels),
        asker,
    )


def asking(parts: Split = PARTS, llm: LlmTagger | None = None) -> tuple[LlmTagger, LlmAnnotator]:
    """A language model, and with it as annotator people who label the seed set."""
    llm = llm or language_model()
    people = SimulatedAnnotator(parts.withheld(), Cost())
    fitted = llm.fit([gold_example(s) for s in parts.seed_set], seed=0)
    return llm, LlmAnnotator(fitted, people, {s.id for s in (*parts.seed_set, *parts.dev)})


def teaching(llm: LlmTagger, beside: bool = False) -> AskedTeacher:
    return AskedTeacher(llm, beside)


def test_people_are_paid_in_minutes_and_the_model_in_money() -> None:
    endpoint = FakeEndpoint()
    _, annotator = asking(llm=language_model(endpoint))
    _, (first, second) = turn(
        parts=PARTS,
        iteration=Iteration(1),
        annotator=annotator,
        acquire=Acquire(Random(), Amount(7)),
    )
    assert first.scores["budget/money"] == 0
    assert second.scores["budget/minutes"] == first.scores["budget/minutes"] > 0
    assert second.scores["budget/sentences"] == first.scores["budget/sentences"] + 7
    assert len(endpoint.asked) == 7
    assert second.scores["budget/money"] == pytest.approx(7 * 0.0002)
    assert second.scores["budget/prompt_tokens"] == 700
    assert second.scores["llm/annotator/sentences"] == 7


def test_what_the_model_says_depends_on_the_sentence_alone() -> None:
    _, annotator = asking()
    whole = annotator.label(PARTS.pool)
    assert annotator.label(PARTS.pool[5:9]) == whole[5:9]
    assert [s.id for s in whole] == [s.id for s in PARTS.pool]
    bare = asking()[1].label([s.withheld() for s in PARTS.pool])
    assert [s.spans for s in bare] == [s.spans for s in whole]  # gold is not read


def test_a_sentence_of_which_nothing_was_said_is_masked() -> None:
    """It is no gold without entities."""
    _, annotator = asking(llm=language_model(FakeEndpoint(lambda request: Says(None))))
    (labelled,) = annotator.label(PARTS.pool[:1])
    assert labelled.spans == () and labelled.masked == frozenset(range(len(labelled.tokens)))
    assert annotator.report([labelled], PARTS.withheld())["faults/refused"] == 1


def test_a_teacher_that_is_asked_labels_the_pool_once_whatever_the_rounds() -> None:
    endpoint = FakeEndpoint()
    llm = language_model(endpoint)
    _, rounds = turn(SAMPLE, Threshold(), Iteration(2), PARTS, asked=teaching(llm))
    texts = {request["messages"][0]["content"] for request in endpoint.asked}
    assert len(endpoint.asked) == len(texts) <= 40
    said = {
        p.sentence.id: p.spans
        for p in llm.fit([gold_example(s) for s in PARTS.seed_set], seed=0).predict(PARTS.pool)
    }
    silver = [e for e in rounds[-1].examples if e.source == "silver"]
    assert len(silver) == 40 and all(e.spans == said[e.sentence.id] for e in silver)
    money = [done.scores.get("budget/money") for done in rounds]
    assert money[0] == 0 and money[1] == money[2] == pytest.approx(len(texts) * 0.0002)
    assert rounds[1].scores["llm/teacher/f1/micro"] == rounds[1].scores["silver/f1/micro"]


def test_beside_the_tagger_it_is_half_of_the_mean() -> None:
    """Where the model says nothing usable, the tagger's word decides."""
    silent = language_model(FakeEndpoint(lambda request: Says("no JSON")))
    _, alone = turn(SAMPLE, Threshold(), Iteration(1), PARTS)
    _, both = turn(SAMPLE, Threshold(), Iteration(1), PARTS, asked=teaching(silent, beside=True))
    assert [e.spans for e in both[1].examples] == [e.spans for e in alone[1].examples]
    assert both[1].scores["llm/teacher/faults/malformed"] > 0


def test_a_threshold_for_the_models_votes_is_none_for_the_tagger() -> None:
    _, alone = turn(SAMPLE, Threshold(), Iteration(1), PARTS)
    assert alone[1].threshold is not None
    for beside in (False, True):
        _, asked = turn(
            SAMPLE, Threshold(), Iteration(1), PARTS, asked=teaching(language_model(), beside)
        )
        assert asked[1].threshold is None


def test_without_a_seed_set_the_loop_begins_with_the_models_silver() -> None:
    def marks_the_first(request: dict[str, Any]) -> Says:
        word = request["messages"][0]["content"].split("Sentence: ")[-1].split()[0]
        return Says(json.dumps({"entities": [{"text": word, "label": SAMPLE.labels[0]}]}))

    marks_all = FakeEndpoint(marks_the_first)
    empty = replace(PARTS, seed_set=())
    _, rounds = turn(
        SAMPLE, Threshold(), Iteration(1), empty, asked=teaching(language_model(marks_all))
    )
    assert [done.number for done in rounds] == [1]
    assert {e.source for e in rounds[0].examples} == {"silver"}
    assert rounds[0].scores["budget/sentences"] == 0 and rounds[0].scores["budget/money"] > 0
    assert "gold/f1" not in rounds[0].scores


def test_known_answers_report_what_new_ones_did(tmp_path: Path) -> None:
    def scores() -> list[dict[str, float]]:
        llm = language_model(endpoint, DiskStore(tmp_path))
        annotator = asking(llm=llm)[1]
        buy = Acquire(Random(), Amount(5))
        _, rounds = turn(SAMPLE, Threshold(), Iteration(1), PARTS, annotator=annotator, acquire=buy)
        return [
            {k: v for k, v in done.scores.items() if not k.startswith("time/")} for done in rounds
        ]

    endpoint = FakeEndpoint()
    first, asked = scores(), len(endpoint.asked)
    assert scores() == first and len(endpoint.asked) == asked == 5


def test_the_limit_ends_the_loop_after_whole_rounds() -> None:
    _, annotator = asking(llm=language_model(limit=1e-6))
    with pytest.raises(CostLimitReached):
        turn(parts=PARTS, iteration=Iteration(1), annotator=annotator, acquire=Acquire(Random()))


def test_what_points_share_is_planned_once_and_what_is_known_not_at_all(tmp_path: Path) -> None:
    llm = language_model(store=DiskStore(tmp_path))
    fitted = llm.fit([gold_example(s) for s in PARTS.seed_set], seed=0)
    some, whole = Asking(fitted, PARTS.pool, 7), Asking(fitted, PARTS.pool, 40)
    assert expected([]) is None
    found = [expected(these) for these in ([some], [some, some], [some, whole], [whole, whole])]
    assert [e.questions for e in found if e] == [7, 14, 40, 40]
    list(fitted.predict(PARTS.pool[:30]))
    now = expected([some, whole])
    assert now and now.questions == 10 and now.money and 0 < now.money < 10 * 0.01


# From the words of a command line

ENDPOINT = ["llm=endpoint", "llm.base_url=http://127.0.0.1:9/v1", f"llm.name={MODEL}"]
ANNOTATOR = ["annotator=llm", "acquire=random"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (ANNOTATOR, "annotator=llm needs an endpoint: give llm=endpoint"),
        (["iteration.teacher=llm"], "iteration.teacher=llm needs an endpoint"),
        (["model=llm"], "model=llm needs an endpoint"),
        ([*ANNOTATOR, "llm=endpoint"], "llm: there is no endpoint: give llm.base_url"),
        ([*ANNOTATOR, *ENDPOINT[:2]], "llm: there is no model: give llm.name=NAME"),
        (
            [*ANNOTATOR, *ENDPOINT, "llm.base_url=localhost"],
            "llm: base_url=localhost is no",
        ),
        ([*ANNOTATOR, *ENDPOINT, "llm.max_cost=1"], "llm: max_cost=1 needs prices"),
        (
            [*ANNOTATOR, *ENDPOINT, "llm.prices.prompt=1"],
            "llm: only one of prices.prompt and prices.completion is given",
        ),
        ([*ANNOTATOR, *ENDPOINT, "llm.samples=3"], "llm: samples=3 at temperature=0"),
        (
            [*ANNOTATOR, *ENDPOINT, "llm.api_key_env=sk-Qz7xvK2wpL9e"],
            "llm: api_key_env is the name of the variable that holds the key, in capitals",
        ),
        ([*ANNOTATOR, *ENDPOINT, "annotator.assist=true"], "annotator: assist=true lets people"),
        (["model=llm", *ENDPOINT, "save_model=true"], "save_model=true: model=llm trains nothing"),
        (
            ["model=llm", *ENDPOINT, "iteration.teacher=both"],
            "iteration.teacher=both: model",
        ),
        (
            ["iteration.teacher=llm", *ENDPOINT, "data.seed_size=0", "threshold=fixed"],
            "threshold.empty=match_seed_rate needs a seed set",
        ),
        (
            ["iteration.teacher=llm", *ENDPOINT, "data.seed_size=0", "acquire=mnlp"],
            "acquire=mnlp ranks the pool with a trained tagger",
        ),
        (
            [*ANNOTATOR, *ENDPOINT, "acquire.budget=1", "acquire.budget_unit=money"],
            "acquire.budget_unit=money: only a language model with prices",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(InputError) as caught:
        check(parse_flags(words))
    assert str(caught.value).startswith(told)
    assert "Qz7x" not in str(caught.value)


SMALL = ["model=gazetteer", "data.limit=40", "data.seed_size=10", "iteration.rounds=1"]


def rounds_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_a_run_asks_says_no_secret_and_does_not_ask_again(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai")
    monkeypatch.setenv("OUR_KEY", KEY)
    with serving(key=KEY) as served:
        words = [
            *SMALL,
            *ANNOTATOR,
            "acquire.batch=5",
            *ENDPOINT,
            f"llm.base_url={served.url}",
            "llm.api_key_env=OUR_KEY",
            "llm.prices={prompt: 1, completion: 10}",
        ]
        before = plan_sweep(words).questions
        assert before and before.questions == 5 and before.money and served.asked == []
        assert main([*words, "hydra.run.dir=one"]) == 0
        assert plan_sweep(words).questions is None
        asked = len(served.asked)
        assert asked == 5
        assert main([*words, "hydra.run.dir=two"]) == 0
        assert len(served.asked) == asked
        assert main([*words, "hydra.run.dir=three", "llm.max_cost=0.0001"]) == 4
        monkeypatch.setenv("OUR_KEY", "sk-another-that-is-wrong")
        with pytest.raises(InputError, match="rejects the key in OUR_KEY"):
            main([*words, "hydra.run.dir=four"])
    scores = rounds_in(project / "one")[1]["scores"]
    assert scores["budget/money"] == pytest.approx(0.001)
    assert rounds_in(project / "two")[1]["scores"]["budget/money"] == scores["budget/money"]
    assert len(rounds_in(project / "three")) == 1  # round 0 asks nothing
    printed = capfd.readouterr()
    files = [f for f in project.rglob("*") if f.is_file()]
    text = "".join([printed.out, printed.err, *(f.read_bytes().decode("latin-1") for f in files)])
    assert KEY not in text and "sk-another" not in text
    assert "llm.max_cost=0.0001 is reached" in text


@pytest.mark.slow
def test_zero_shot_runs_from_the_command_line_and_is_shown(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    with serving(
        lambda request: Says('{"entities": [{"text": ".", "label": "TaskName"}]}')
    ) as served:
        words = [*SMALL, *ENDPOINT, "data.seed_size=0", "iteration.teacher=llm"]
        assert main([*words, f"llm.base_url={served.url}", "hydra.run.dir=one"]) == 0
    assert [line["round"] for line in rounds_in(project / "one")] == [1]
