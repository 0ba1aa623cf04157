"""Against a small real model behind llama.cpp's own server: however poor its labels are, the
protocol, the price and the store keep their promises."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")

from experiments.llm_annotator.serve import NAME
from sciner.errors import CostLimitReached, InputError
from sciner.store.disk import DiskStore
from sciner.store.store import NoStore, Store
from sciner.tagger.llm.ask import Asker, Recipe
from sciner.tagger.llm.client import Endpoint, Prices, Purse
from sciner.tagger.llm.prompt import Prompt, read_template
from sciner.tagger.llm.tagger import FittedLlm, LlmTagger
from sciner.text.corpus import gold_example
from tests.llama import Served, server, small_model
from tests.slow.test_sweeps import sciner, scores_of
from tests.specs.test_loop import SAMPLE

pytestmark = pytest.mark.slow
SHOWN, SENTENCES = SAMPLE.train[:20], [s.withheld() for s in SAMPLE.train[20:26]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def served(model: Path) -> Iterator[Served]:
    with server(model) as one:
        yield one


def endpoint(url: str, **how: Any) -> Endpoint:
    return Endpoint(url, None, **{"timeout": 120.0, "retries": 0, "concurrency": 2, **how})


def fitted(
    served: Served, store: Store | None = None, purse: Purse | None = None, **recipe: Any
) -> FittedLlm:
    asker = Asker(
        endpoint(served.url), store or NoStore(), Prices(1.0, 10.0), purse or Purse(), known={}
    )
    llm = LlmTagger(
        Recipe(NAME, **{"max_tokens": 64, "demonstrations": 3, **recipe}),
        Prompt(read_template(None), "", SAMPLE.labels),
        asker,
    )
    return llm.fit([gold_example(s) for s in SHOWN], seed=0)


def test_an_answer_has_the_wanted_form_and_its_spans_are_of_the_sentence(served: Served) -> None:
    """Or it was cut off. Its tokens, as the server counts them, are within what was reckoned."""
    llm = fitted(served)
    readings = llm.read(SENTENCES)
    questions = llm.questions(SENTENCES)
    for question, reply in zip(questions, llm.tagger.asker.ask(questions), strict=True):
        most = question.most_tokens()
        assert 0 < reply.prompt_tokens <= most[0] and 0 < reply.completion_tokens <= most[1]
        assert reply.model == NAME and reply.finish in ("stop", "length")
    for sentence, (reading,) in zip(SENTENCES, readings, strict=True):
        assert reading.faults.keys() <= {"unaligned", "overlapping", "truncated"}
        assert all(0 <= s.start < s.end <= len(sentence.tokens) for s in reading.spans)
        assert {s.label for s in reading.spans} <= set(SAMPLE.labels)
    assert any(reading.usable for (reading,) in readings)


def test_several_answers_differ_and_vote_and_each_is_paid(served: Served) -> None:
    llm = fitted(served, samples=3, temperature=1.0)
    for prediction in llm.predict(SENTENCES[:3]):
        assert prediction.distribution.astype(float).sum(1) == pytest.approx(1, abs=0.01)
    replies = list(llm.tagger.asker.known.values())
    assert len(replies) == 9 and len({reply.content for reply in replies}) > 3
    usage = llm.usage(SENTENCES[:3])
    assert usage.prompt_tokens == sum(reply.prompt_tokens for reply in replies)
    assert usage.completion_tokens == sum(reply.completion_tokens for reply in replies)
    price = usage.prompt_tokens / 1e6 + usage.completion_tokens / 1e5
    assert usage.money == pytest.approx(price) and usage.money > 0


def test_the_limit_holds_with_the_servers_own_counts(served: Served) -> None:
    one = fitted(served).questions(SENTENCES[:1])[0].most_tokens()
    purse = Purse(2 * Prices(1.0, 10.0).usage(*one).money)
    with pytest.raises(CostLimitReached):
        list(fitted(served, purse=purse).predict(SENTENCES))
    assert purse.limit and 0 < purse.spent <= purse.limit


def test_an_unknown_model_and_a_wrong_key_are_told_before_a_question(
    served: Served, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(served.url).check(NAME)
    with pytest.raises(InputError, match=f"no model 'gemma-3'; did you mean '{NAME}'"):
        endpoint(served.url).check("gemma-3")
    with server(model, key="sk-right") as guarded:
        where = Endpoint(guarded.url, "OUR_KEY")
        monkeypatch.setenv("OUR_KEY", "sk-right")
        where.check(NAME)
        monkeypatch.setenv("OUR_KEY", "sk-wrong")
        # llama.cpp lists its models to anybody, and wants the key for a question
        question = fitted(guarded).questions(SENTENCES[:1])[0]
        with pytest.raises(InputError, match="refuses the key in OUR_KEY"):
            Endpoint(guarded.url, "OUR_KEY").ask(NAME, question.request())


def test_a_server_that_dies_ends_the_run_in_one_line_and_another_goes_on(
    model: Path, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path)
    with server(model) as one:
        list(fitted(one, store).predict(SENTENCES[:2]))
        kept = store.listed()
        threading.Timer(0.5, one.die).start()
        with pytest.raises(InputError, match="no server answers at") as told:
            list(fitted(one, store, max_tokens=2000, temperature=2.0).predict(SENTENCES))
        assert "\n" not in str(told.value)
    with server(model) as another:
        llm = fitted(another, store)
        list(llm.predict(SENTENCES[:3]))
        assert len(kept) == 2 and len(set(store.listed()) - set(kept)) == 1


def test_a_killed_run_does_not_ask_again_for_what_was_answered(
    served: Served, project: Path
) -> None:
    words = [
        *("run", "model=gazetteer", "data.limit=20", "data.seed_size=10", "iteration.rounds=1"),
        *("iteration.teacher=llm", "llm=endpoint", f"llm.base_url={served.url}"),
        *(f"llm.name={NAME}", "llm.api_key_env=null", "llm.max_tokens=32", "llm.concurrency=2"),
        *("llm.prices.prompt=1", "llm.prices.completion=10", "tracking=none"),
        *("store.dir=store", "hydra.run.dir=run"),
    ]
    store = DiskStore(project / "store")
    run = subprocess.Popen([sys.executable, "-m", "sciner", *words], cwd=project)
    while len(answers(store)) < 3:
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    run.wait()
    before = answers(store)
    assert 3 <= len(before) < 10
    sciner(*words, cwd=project)
    after = answers(store)
    assert len(after) == 10 and before.items() <= after.items()
    (_, last) = scores_of(project / "run")
    tokens = [json.loads(text) for text in after.values()]
    assert last["budget/prompt_tokens"] == sum(told["prompt_tokens"] for told in tokens)
    assert last["llm/teacher/sentences"] == 10 and last["budget/money"] > 0


def answers(store: DiskStore) -> dict[str, str]:
    """{key: what the store has of it}: an answer that came again would hardly be the same file."""
    return {
        key: (store.root / "steps" / key / "answer.json").read_text(encoding="utf-8")
        for key in store.listed()
        if key.startswith("ask-")
    }
