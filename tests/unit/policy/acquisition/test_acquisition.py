"""One battery for every acquisition; then each score against its paper's formula, computed another
way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from sciner.policy import diversity, uncertainty
from sciner.policy.acquisition.base import (
    STRATEGIES,
    Evidence,
    Scores,
    Strategy,
    acquisition,
    not_asked_for,
)
from sciner.policy.acquisition.batch import Unit, price, take
from sciner.policy.acquisition.rank import rank
from sciner.policy.acquisition.uncertainty_sampling import Fluctuation
from sciner.tagger.base import PROBES
from sciner.tagger.decode import predictions
from sciner.text.corpus import Sentence, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import Span

LABELS = ("Method", "Task", "Data")
TAGS = tagset(LABELS)
KINDS = [kind for kind, strategy in STRATEGIES.items() if strategy.buys]
every_kind = pytest.mark.parametrize("kind", KINDS)


def pool_of(count: int, seed: int = 0, sharp: float = 0.3) -> list[Prediction]:
    """Predictions for sentences of 1 to 12 tokens whose ids do not sort as they stand."""
    rng = np.random.default_rng(seed)
    sentences = [
        Sentence(f"d{n * 7 % 13}#{n}", ("w",) * int(rng.integers(1, 13))) for n in range(count)
    ]
    rows = [rng.dirichlet([sharp] * len(TAGS), len(s.tokens)).astype(np.float32) for s in sentences]
    return list(predictions(sentences, rows, TAGS))


def evidence_of(pool: Sequence[Prediction], past: Sequence[Prediction] = ()) -> Evidence:
    """Everything a policy may ask for; what is drawn is drawn by the sentence."""

    def drawn(p: Prediction) -> np.random.Generator:
        return np.random.default_rng(list(p.sentence.id.encode()))

    return Evidence(
        predictions=lambda: iter(pool),
        history=[lambda: iter(past)] if past else [],
        samples=lambda passes: (
            drawn(p).dirichlet([0.5] * len(TAGS), (passes, len(p.confidence))).astype(np.float32)
            for p in pool
        ),
        embeddings=lambda: np.array(
            [drawn(p).normal(size=5) for p in pool], dtype=np.float32
        ).reshape(-1, 5),
        known=lambda: np.zeros((2, 5), np.float32),
        counts=(5, 1, 3),
    )


def order_of(
    kind: str, pool: Sequence[Prediction], *, seed: int = 0, round: int = 1, count: int = 6
) -> list[str]:
    candidates = [p.sentence for p in pool]
    order = rank(
        STRATEGIES[kind](), candidates, evidence_of(pool), count=count, seed=seed, round=round
    )
    return [candidates[i].id for i in order]


@every_kind
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_a_ranking_names_every_candidate_once(kind: str, count: int) -> None:
    pool = pool_of(count)
    assert sorted(order_of(kind, pool)) == sorted(p.sentence.id for p in pool)


@every_kind
def test_the_order_of_the_candidates_does_not_matter(kind: str) -> None:
    pool = pool_of(40)
    assert order_of(kind, pool[::-1]) == order_of(kind, pool)


@every_kind
def test_the_same_seed_and_round_give_the_same_choice(kind: str) -> None:
    pool = pool_of(30)
    assert order_of(kind, pool, seed=3, round=2) == order_of(kind, pool, seed=3, round=2)


# what is probed never ties here
@pytest.mark.parametrize("kind", [k for k in KINDS if not STRATEGIES[k].needs & PROBES])
def test_ties_fall_at_random_another_way_each_round_and_seed(kind: str) -> None:
    (p,) = pool_of(1)
    alike = [
        Prediction(Sentence(f"d#{n:02}", p.sentence.tokens), p.spans, p.distribution, p.confidence)
        for n in range(20)
    ]
    first, later, other = (
        order_of(kind, alike, seed=s, round=r) for s, r in ((0, 1), (0, 2), (1, 1))
    )
    assert len({tuple(first), tuple(later), tuple(other)}) == 3
    assert first not in (sorted(first), sorted(first, reverse=True))


@every_kind
@pytest.mark.parametrize("unit", get_args(Unit))
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_batch_ends_with_the_sentence_that_spends_it(kind: str, unit: Unit, size: int) -> None:
    pool = pool_of(25)
    marked = {p.sentence.id: p.spans for p in pool}
    asked: list[str] = []

    def label(sentence: Sentence) -> Sentence:
        asked.append(sentence.id)
        return Sentence(sentence.id, sentence.tokens, marked[sentence.id])

    sentences = {p.sentence.id: p.sentence for p in pool}
    ranked = order_of(kind, pool)
    batch, spent = take((sentences[i] for i in ranked), size, unit, label)
    prices = [price(s, unit) for s in batch]
    assert asked == [s.id for s in batch] == ranked[: len(batch)] and sum(prices) == spent
    if len(batch) < len(pool):
        assert sum(prices[:-1]) < size <= spent
    if unit == "sentences":
        assert len(batch) == min(size, len(pool))


@every_kind
def test_a_strategy_has_no_setting_of_a_name_that_all_have(kind: str) -> None:
    """In the configuration, or in the key of what it ranked."""
    shared = {"kind", "batch", "unit", "budget", "budget_unit", "scorer"}
    shared |= {
        "candidates",
        "count",
        "seed",
        "round",
        "fit",
        "bought",
        "fresh",
        "history",
        "counts",
    }
    assert not {f.name for f in fields(STRATEGIES[kind])} & shared


@every_kind
def test_what_a_strategy_needs_is_what_it_looks_at(kind: str) -> None:
    """Without what it does not name it still ranks; without what it names it cannot."""
    pool = pool_of(10)
    whole, strategy = evidence_of(pool), STRATEGIES[kind]()
    fields = {"predictions", "samples", "embeddings"}

    def ranked(absent: set[str]) -> Any:
        evidence = replace(whole, **dict.fromkeys(absent, not_asked_for))
        return rank(strategy, [p.sentence for p in pool], evidence, count=3, seed=0, round=1)

    ranked(fields - strategy.needs)
    for need in fields & strategy.needs:
        with pytest.raises(ValueError, match="what its needs name"):
            ranked({need})


def test_a_strategy_gets_all_that_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions and embeddings together, a row a candidate in one order."""
    monkeypatch.setattr(STRATEGIES, "_entries", {})

    @acquisition("weighted", needs={"predictions", "embeddings"})
    class Weighted(Strategy):
        weight: float = 2.0

        def scores(self, evidence: Evidence) -> Scores:
            return evidence.scored(uncertainty.mnlp) + self.weight * evidence.embeddings()[:, 0]

    pool = pool_of(20)
    whole = evidence_of(pool)
    expected = np.argsort(
        [-uncertainty.mnlp(p) - 2 * v for p, v in zip(pool, whole.embeddings()[:, 0], strict=True)]
    )
    assert order_of("weighted", pool) == [pool[i].sentence.id for i in expected]
    assert list(STRATEGIES) == ["weighted"] and vars(Weighted()) == {"weight": 2.0}


# Scores against the papers' formulas


def by_hand(kind: str, p: Prediction) -> float:
    """The formulas as the papers have them, token by token, higher first."""
    rows = [row.astype(float) for row in p.distribution]
    match kind:
        case "least_confidence":  # 1 - P(y*): Culotta & McCallum 2005
            return 1 - math.prod(float(c) for c in p.confidence)
        case "mnlp":  # the lowest mean of log P(y*_i) comes first: Shen et al. 2017
            return -sum(math.log(c) for c in p.confidence) / len(p.confidence)
        case "margin":  # the smallest mean of P(best) - P(second): Scheffer et al. 2001
            return -sum(sorted(row)[-1] - sorted(row)[-2] for row in rows) / len(rows)
        case "token_entropy":  # -1/T sum_t sum_m P log P: Settles & Craven 2008
            return sum(-sum(x * math.log(x) for x in row if x > 0) for row in rows) / len(rows)
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["least_confidence", "mnlp", "margin", "token_entropy"])
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_choice_is_that_of_the_papers_formula(kind: str, seed: int) -> None:
    pool = pool_of(60, seed, sharp=1.0)
    expected = sorted(pool, key=lambda p: -by_hand(kind, p))
    assert len({by_hand(kind, p) for p in pool}) == len(pool)
    assert order_of(kind, pool) == [p.sentence.id for p in expected]


def test_least_confidence_still_tells_sentences_apart_where_their_probability_underflows() -> None:
    sure, less = (
        Prediction(
            Sentence(f"d#{n}", ("w",) * 600),
            (),
            np.full((600, 3), c, np.float16),
            np.full(600, c, np.float32),
        )
        for n, c in enumerate((0.11, 0.1))
    )
    assert math.prod(sure.confidence.astype(float)) == math.prod(less.confidence.astype(float)) == 0
    assert uncertainty.least_confidence(less) > uncertainty.least_confidence(sure)


def test_bald_is_the_entropy_of_the_mean_less_the_mean_entropy() -> None:
    samples = np.random.default_rng(0).dirichlet([0.5] * 7, (9, 4)).astype(np.float32)
    token = [
        entropy(samples[:, t].mean(0)) - np.mean([entropy(samples[k, t]) for k in range(9)])
        for t in range(4)
    ]
    assert uncertainty.bald(samples) == pytest.approx(np.mean(token), rel=1e-5)
    # unsure, but of one mind
    assert uncertainty.bald(np.repeat(samples[:1], 9, axis=0)) == pytest.approx(0, abs=1e-6)


def test_fluctuation_counts_changed_tags_before_it_looks_at_confidence() -> None:
    sentence, rows, sure = (
        Sentence("d#0", ("a", "b", "c")),
        np.zeros((3, 7), np.float16),
        np.full(3, 0.9, np.float32),
    )
    # one tag changes, then two
    spans = [(Span(0, 1, "Task"),), (Span(0, 2, "Task"),), (Span(0, 2, "Data"),)]
    passes = [Prediction(sentence, s, rows, sure) for s in spans]
    assert math.floor(uncertainty.fluctuation(passes)) == 3
    doubtful = Prediction(sentence, spans[0], rows, np.full(3, 1e-6, np.float32))
    assert uncertainty.fluctuation([doubtful]) < 1 < uncertainty.fluctuation(passes[:2])


def test_history_of_other_sentences_is_skipped() -> None:
    then, now = pool_of(12), [p for p in pool_of(12) if "d7" not in p.sentence.id]
    assert len(now) < len(then)
    order = rank(
        Fluctuation(), [p.sentence for p in now], evidence_of(now, then), count=3, seed=0, round=2
    )
    alone = rank(
        Fluctuation(), [p.sentence for p in now], evidence_of(now), count=3, seed=0, round=2
    )
    assert order.tolist() == alone.tolist()  # the same predictions twice: nothing changed


def test_round_robin_begins_with_the_rarest_class_and_takes_turns() -> None:
    pool = pool_of(30)
    best = {
        c: max(pool, key=lambda p: uncertainty.class_scores(p)[c]).sentence.id for c in range(3)
    }
    assert len(set(best.values())) == 3
    assert order_of("round_robin", pool)[:3] == [best[1], best[2], best[0]]  # counts: 5, 1, 3


# Diversity


def test_k_means_asks_first_for_the_nearest_to_each_centre() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [50, 0], [0, 50], [50, 50]])
    vectors = np.concatenate(
        [rng.normal(c, 1, (n, 2)) for c, n in zip(centres, (30, 20, 10, 5), strict=True)]
    )
    order = diversity.k_means(vectors.astype(np.float32), 4, 0)
    blobs = [vectors[:30], vectors[30:50], vectors[50:60], vectors[60:]]
    starts = (0, 30, 50, 60)
    nearest = [
        at + int(cdist(blob, [blob.mean(0)]).argmin())
        for at, blob in zip(starts, blobs, strict=True)
    ]
    assert order[:4].tolist() == nearest  # large clusters first


@pytest.mark.parametrize("known", [0, 3])
def test_core_set_takes_the_furthest_from_all_it_has(known: int) -> None:
    rng = np.random.default_rng(1)
    vectors, bought = (
        rng.normal(size=(60, 4)).astype(np.float32),
        rng.normal(size=(known, 4)).astype(np.float32),
    )
    order = diversity.core_set(vectors, bought, 10, 0).tolist()
    have = [*bought, *([] if known else [vectors[order[0]]])]
    for best in order[0 if known else 1 : 10]:
        assert best == int(cdist(vectors, np.array(have)).min(axis=1).argmax())
        have.append(vectors[best])
    rest = cdist(vectors[order[10:]], np.array(have)).min(axis=1)
    assert all(a >= b - 1e-4 for a, b in pairwise(rest))


def test_copies_are_asked_for_last() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    assert len({i // 5 for i in diversity.core_set(vectors, vectors[:0], 4, 0)[:4].tolist()}) == 4
    assert len({i // 5 for i in diversity.k_means(vectors, 4, 0)[:4].tolist()}) == 4


def test_text_vectors_put_sentences_of_the_same_words_together() -> None:
    physics, cooking = (
        [["the", "quark", "decays", "fast"]] * 3,
        [["stir", "the", "soup", "slowly"]] * 3,
    )
    near = (
        diversity.text_vectors([*physics, *cooking], 0)
        @ diversity.text_vectors([*physics, *cooking], 0).T
    )
    assert near[0, 1] == pytest.approx(1, abs=1e-3) and near[0, 3] < 0.7
