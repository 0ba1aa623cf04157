"""What the loop promises when gold grows, whatever the policy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sciner.loop.iteration import Iteration
from sciner.loop.rounds import run_rounds
from sciner.loop.steps.runner import StepRunner
from sciner.policy.acquisition.base import STRATEGIES, Strategy
from sciner.policy.acquisition.baselines import Random
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.uncertainty_sampling import Fluctuation, Mnlp
from sciner.policy.annotator import SimulatedAnnotator, TwoAnnotators
from sciner.policy.cost import Cost
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import AcceptNone
from sciner.store.disk import DiskStore
from sciner.store.store import NoStore
from tests.fakes import FakeTagger, small_corpus
from tests.specs.test_loop import FIXED, parts_of, shuffled_labels, timeless, turn

SAMPLE = small_corpus(4, 2)
PARTS = parts_of(SAMPLE, dev_size="10")
REJECT = Threshold(AcceptNone())
every_strategy = pytest.mark.parametrize(
    "strategy", [s() for s in STRATEGIES.values() if s.buys], ids=lambda s: s.kind
)
ways = pytest.mark.parametrize("threshold", [REJECT, FIXED], ids=["alone", "hybrid"])


@every_strategy
@ways
def test_every_round_buys_a_batch_of_the_pool_and_pays_for_it(
    strategy: Strategy, threshold: Threshold
) -> None:
    tagger, rounds = turn(
        SAMPLE, threshold, Iteration(3), PARTS, acquire=Acquire(strategy, Amount(10))
    )
    pool = {s.id: s for s in PARTS.pool}
    gold = {s.id for s in PARTS.seed_set}
    for before, done in pairwise(rounds):
        # never twice
        assert (
            len(done.acquired) == 10 and done.acquired <= pool.keys() and not done.acquired & gold
        )
        gold |= done.acquired
        assert {e.sentence.id for e in done.examples if e.source == "gold"} == gold
        assert done.scores["budget/sentences"] - before.scores["budget/sentences"] == 10
        paid = sum(len(pool[i].tokens) for i in done.acquired)
        assert (
            done.scores["budget/tokens"] - before.scores["budget/tokens"]
            == paid
            == done.scores["acquire/tokens"]
        )
    assert all(s.spans is None for s in tagger.seen)


@every_strategy
def test_no_choice_depends_on_labels_that_were_not_bought(strategy: Strategy) -> None:
    acquire = Acquire(strategy, Amount(10))
    blind = replace(SAMPLE, test=shuffled_labels(SAMPLE.test))
    _, rounds = turn(SAMPLE, FIXED, Iteration(1), PARTS, acquire=acquire)
    _, others = turn(
        blind,
        FIXED,
        Iteration(1),
        replace(PARTS, pool=shuffled_labels(PARTS.pool)),
        acquire=acquire,
    )
    assert rounds[1].acquired == others[1].acquired and rounds[1].acquired


@ways
def test_the_loop_ends_with_the_pool(threshold: Threshold) -> None:
    _, rounds = turn(
        SAMPLE, threshold, Iteration(50), PARTS, acquire=Acquire(Mnlp(), Amount(30, percent=True))
    )
    assert frozenset().union(*(done.acquired for done in rounds)) == {s.id for s in PARTS.pool}
    assert len(rounds) == 1 + -(
        -len(PARTS.pool) // round(0.3 * (len(PARTS.pool) + len(PARTS.seed_set)))
    )
    assert {e.source for e in rounds[-1].examples} == {"gold"}


@pytest.mark.parametrize("unit", ["sentences", "tokens", "entities", "minutes"])
def test_the_loop_ends_with_the_budget(unit: str) -> None:
    (start, *_) = turn(SAMPLE, REJECT, Iteration(0), PARTS)[1]
    limit = start.scores[f"budget/{unit}"] * 1.5
    acquire = Acquire(Random(), Amount(7), budget=limit, budget_unit=unit)  # type: ignore[arg-type]
    _, rounds = turn(SAMPLE, REJECT, Iteration(50), PARTS, acquire=acquire)
    spent = [done.scores[f"budget/{unit}"] for done in rounds]
    assert spent[-2] < limit <= spent[-1]
    if unit == "sentences":
        assert spent[-1] - limit < 1


def test_two_annotators_are_both_within_the_budget() -> None:
    one = SimulatedAnnotator(PARTS.withheld(), Cost())
    acquire = Acquire(Random(), Amount(30), budget=2 * (len(PARTS.seed_set) + 10 + 11))
    both = TwoAnnotators(one, one, one, "agreed")
    _, rounds = turn(SAMPLE, REJECT, Iteration(9), PARTS, acquire=acquire, annotator=both)
    assert [len(done.acquired) for done in rounds] == [0, 11]
    assert rounds[-1].scores["budget/sentences"] == acquire.budget


@pytest.mark.parametrize("unit", ["tokens", "entities"])
def test_a_batch_in_another_unit_is_spent_to_the_last_sentence(unit: str) -> None:
    _, rounds = turn(
        SAMPLE, REJECT, Iteration(2), PARTS, acquire=Acquire(Random(), Amount(50), unit)
    )  # type: ignore[arg-type]
    for done in rounds[1:]:
        assert done.scores[f"acquire/{unit}"] == 50 + done.scores["acquire/overshoot"]
        assert done.scores["acquire/overshoot"] < max(len(s.tokens) for s in PARTS.pool)


@pytest.mark.parametrize("relabel", ["all", "frozen"])
def test_what_is_bought_is_no_silver_any_more(relabel: str) -> None:
    iteration = Iteration(4, relabel=relabel)  # type: ignore[arg-type]
    _, rounds = turn(SAMPLE, Threshold(), iteration, PARTS, acquire=Acquire(Random(), Amount(10)))
    bought: set[str] = set()
    for done in rounds:
        bought |= done.acquired
        ids = [e.sentence.id for e in done.examples]
        assert len(ids) == len(set(ids))
        assert not bought & {e.sentence.id for e in done.examples if e.source == "silver"}


def test_a_choice_by_what_was_frozen_is_possible() -> None:
    """Sentences whose silver is accepted and kept can be bought all the same."""
    _, rounds = turn(
        SAMPLE,
        Threshold(),
        Iteration(2, relabel="frozen"),
        PARTS,
        acquire=Acquire(Mnlp(), Amount(10)),
    )
    accepted = {e.sentence.id for e in rounds[1].examples if e.source == "silver"}
    assert rounds[2].acquired and rounds[2].acquired <= accepted


@pytest.mark.parametrize("strategy", [Mnlp(), Fluctuation()])
def test_two_rounds_are_the_prefix_of_four(strategy: Strategy) -> None:
    short, long = (
        turn(SAMPLE, FIXED, Iteration(n), PARTS, acquire=Acquire(strategy, Amount(5)))[1]
        for n in (2, 4)
    )
    assert timeless(short) == timeless(long[:3]) and [r.acquired for r in short] == [
        r.acquired for r in long[:3]
    ]


@every_strategy
def test_a_second_run_knows_every_step(strategy: Strategy, tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        store = DiskStore(tmp_path / "store")
        runs.append(
            turn(
                SAMPLE,
                FIXED,
                Iteration(2),
                PARTS,
                store=store,
                acquire=Acquire(strategy, Amount(5)),
            )[1]
        )
    assert all(step.hit for done in runs[1] for step in done.steps)
    assert timeless(runs[0]) == timeless(runs[1])


def test_a_scorer_ranks_in_the_learners_place_and_sees_gold_alone() -> None:
    learner, cheap = FakeTagger(SAMPLE.labels), FakeTagger(SAMPLE.labels)
    scorer = StepRunner(cheap, NoStore(), SAMPLE.labels)
    acquire = Acquire(Mnlp(), Amount(5))
    steps = StepRunner(learner, NoStore(), SAMPLE.labels)
    rounds = list(
        run_rounds(
            SAMPLE, PARTS, steps, REJECT, Iteration(2), seed=0, acquire=acquire, scorer=scorer
        )
    )
    pool = {s.id for s in PARTS.pool}
    assert not pool & {s.id for s in learner.seen} and pool >= {s.id for s in cheap.seen}
    assert [len(examples) for examples in cheap.fits] == [
        len(PARTS.seed_set),
        len(PARTS.seed_set) + 5,
    ]
    assert {e.source for examples in cheap.fits for e in examples} == {"gold"}
    assert all(len(done.acquired) == 5 for done in rounds[1:])


def test_an_assisted_annotator_is_paid_for_mending_what_the_tagger_proposes() -> None:
    def minutes(assist: bool) -> tuple[float, frozenset[str]]:
        cost = Cost(read_token=0, mark_entity=60, correct_span=6, assist=assist)
        annotator = SimulatedAnnotator(PARTS.withheld(), cost)
        acquire = Acquire(Random(), Amount(20))
        zero, one = turn(SAMPLE, REJECT, Iteration(1), PARTS, annotator=annotator, acquire=acquire)[
            1
        ]
        return one.scores["budget/minutes"] - zero.scores["budget/minutes"], one.acquired

    (alone, bought), (assisted, same) = minutes(False), minutes(True)
    assert bought == same
    assert alone == sum(len(s.spans or ()) for s in PARTS.pool if s.id in bought)
    assert 0 < assisted < alone
