"""What the loop promises, whatever the policies."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sciner.loop.iteration import Iteration
from sciner.loop.rounds import Round, run_rounds
from sciner.loop.steps.fit import digest_of_examples
from sciner.loop.steps.runner import StepRunner
from sciner.loop.teacher import AskedTeacher
from sciner.loop.training import passes
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.annotator import Annotator, SimulatedAnnotator, TwoAnnotators
from sciner.policy.cost import Cost
from sciner.policy.noise import Noise
from sciner.policy.seed import Amount, Split, member_seed, split
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import AcceptNone, Fixed
from sciner.policy.threshold.precision import Precision
from sciner.score.entity import entity_scores
from sciner.store.store import NoStore, Store
from sciner.tagger.base import FitReport
from sciner.text.corpus import Corpus, Example, Sentence
from tests.fakes import FakeTagger, small_corpus

SAMPLE = small_corpus()
FIXED = Threshold(Fixed(0.6), "span", "min", "match_seed_rate")
DECIDED = (
    "silver/accepted",
    "silver/proposed_spans",
    "silver/masked",
    "silver/empty",
    "silver/spans",
    "silver/mean",
    "drift",
)


def parts_of(corpus: Corpus, seed_size: str = "20%", dev_size: str = "0", seed: int = 0) -> Split:
    amounts = {"seed_size": Amount.parse(seed_size), "dev_size": Amount.parse(dev_size)}
    return split(corpus.train, corpus.dev, seed=seed, order="random", **amounts)


def turn(
    corpus: Corpus = SAMPLE,
    threshold: Threshold = FIXED,
    iteration: Iteration = Iteration(),  # noqa: B008
    parts: Split | None = None,
    seed: int = 0,
    store: Store | None = None,
    annotator: Annotator | None = None,
    acquire: Acquire = Acquire(),  # noqa: B008
    suspects: bool = False,
    asked: AskedTeacher | None = None,
) -> tuple[FakeTagger, list[Round]]:
    tagger = FakeTagger(corpus.labels)
    steps = StepRunner(tagger, store or NoStore(), corpus.labels)
    parts = parts or parts_of(corpus)
    rounds = run_rounds(
        corpus,
        parts,
        steps,
        threshold,
        iteration,
        seed=seed,
        annotator=annotator,
        acquire=acquire,
        suspects=suspects,
        asked=asked,
    )
    return tagger, list(rounds)


def noisy(parts: Split, rate: float, stream: int = 0) -> SimulatedAnnotator:
    return SimulatedAnnotator(parts.withheld(), Cost(), Noise(SAMPLE.labels, rate, stream=stream))


def two(parts: Split, rate: float) -> TwoAnnotators:
    return TwoAnnotators(noisy(parts, rate, 0), noisy(parts, rate, 1), noisy(parts, 0.0), "either")


def timeless(rounds: list[Round]) -> list[dict[str, float]]:
    return [{k: v for k, v in r.scores.items() if not k.startswith("time")} for r in rounds]


def shuffled_labels(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """The same text; each sentence has the gold of another of its length, or none."""
    rng = random.Random(1)
    by_length: dict[int, list[Sentence]] = {}
    for s in sentences:
        by_length.setdefault(len(s.tokens), []).append(s)
    given = {}
    for group in by_length.values():
        others = rng.sample(group, len(group))
        given |= {
            s.id: (other.spans if len(group) > 1 else ())
            for s, other in zip(group, others, strict=True)
        }
    return tuple(replace(s, spans=given[s.id]) for s in sentences)


@pytest.mark.parametrize(
    "iteration",
    [Iteration(3), Iteration(3, relabel="frozen"), Iteration(3, stop="churn", min_churn=0.2)],
)
def test_decisions_never_see_test_labels_or_pool_labels_that_were_not_bought(
    iteration: Iteration,
) -> None:
    parts = parts_of(SAMPLE, dev_size="20")
    blind = replace(SAMPLE, test=shuffled_labels(SAMPLE.test))
    blind_parts = replace(parts, pool=shuffled_labels(parts.pool))
    assert blind.test != SAMPLE.test and blind_parts.pool != parts.pool
    (tagger, rounds), (other, others) = (
        turn(parts=parts, iteration=iteration),
        turn(blind, iteration=iteration, parts=blind_parts),
    )
    assert tagger.fits == other.fits
    assert [r.examples for r in rounds] == [r.examples for r in others]
    for a, b in zip(rounds, others, strict=True):
        assert [p.spans for p in a.test.read()] == [p.spans for p in b.test.read()]
        assert {k: v for k, v in a.scores.items() if k.startswith((*DECIDED, "dev"))} == {
            k: v for k, v in b.scores.items() if k.startswith((*DECIDED, "dev"))
        }
    assert rounds[-1].scores["test/f1/micro"] != others[-1].scores["test/f1/micro"]
    assert (
        rounds[-1].scores["silver/precision/micro"] != others[-1].scores["silver/precision/micro"]
    )


def test_a_tagger_never_sees_gold_while_it_annotates() -> None:
    tagger, _ = turn()
    assert tagger.seen
    assert all(s.spans is None for s in tagger.seen)


def test_gold_is_trained_on_in_every_round_and_dev_and_test_never() -> None:
    parts = parts_of(SAMPLE, dev_size="30")
    tagger, _ = turn(parts=parts)
    kept_out = {s.id for s in (*parts.dev, *SAMPLE.test)}
    for examples in tagger.fits:
        assert [e.sentence.id for e in examples[: len(parts.seed_set)]] == [
            s.id for s in parts.seed_set
        ]
        assert not kept_out & {e.sentence.id for e in examples}


def test_every_label_knows_where_it_came_from() -> None:
    parts = parts_of(SAMPLE)
    _, rounds = turn(parts=parts)
    seed_ids = {s.id for s in parts.seed_set}
    for done in rounds:
        for e in done.examples:
            assert (e.source, e.round) == (
                ("gold", 0) if e.sentence.id in seed_ids else ("silver", done.number)
            )
            assert len(e.confidences) == len(e.spans)


def test_no_threshold_accepts_the_whole_pool_and_reject_nothing() -> None:
    parts = parts_of(SAMPLE)
    _, paper = turn(threshold=Threshold())
    assert [len(r.examples) for r in paper] == [
        len(parts.seed_set),
        len(SAMPLE.train),
        len(SAMPLE.train),
    ]
    _, control = turn(threshold=Threshold(AcceptNone()))
    assert [len(r.examples) for r in control] == [len(parts.seed_set)] * 3
    assert len({r.scores["test/f1/micro"] for r in control}) == 1


def test_a_run_of_two_rounds_is_the_prefix_of_a_run_of_four() -> None:
    (_, short), (_, four) = turn(iteration=Iteration(2)), turn(iteration=Iteration(4))
    assert timeless(short) == timeless(four[:3])


def test_gold_of_dev_that_its_reader_dropped_is_missed_as_that_of_test_is() -> None:
    parts = parts_of(SAMPLE, dev_size="20")
    lossy = replace(parts, dev=(replace(parts.dev[0], dropped=("TaskName",)), *parts.dev[1:]))
    (_, [whole, *_]), (_, [lost, *_]) = turn(parts=parts), turn(parts=lossy)
    true = sum(len(s.spans or ()) for s in parts.dev)
    recall = lost.scores["dev/with_dropped/recall"]
    assert recall == pytest.approx(whole.scores["dev/recall/micro"] * true / (true + 1))
    assert lost.scores["dev/with_dropped/spans"] == 1
    assert "dev/with_dropped/spans" not in whole.scores


def test_the_budget_counts_seed_set_and_dev_once_and_silver_never() -> None:
    parts = parts_of(SAMPLE, dev_size="10")
    _, rounds = turn(parts=parts)
    bought = (*parts.seed_set, *parts.dev)
    for done in rounds:
        assert done.scores["budget/sentences"] == len(bought)
        assert done.scores["budget/tokens"] == sum(len(s.tokens) for s in bought)
        assert done.scores["budget/entities"] == sum(len(s.spans or ()) for s in bought)


def test_an_annotator_who_errs_is_a_perfect_one_of_a_seed_set_and_dev_with_these_errors() -> None:
    """Training and decisions take them for the truth; test and silver are judged by the clean
    labels all the same. Only the report on the gold itself knows."""
    parts = parts_of(SAMPLE, dev_size="30")
    annotator = noisy(parts, 0.5)
    wrong = replace(parts, seed_set=annotator.label(parts.seed_set), dev=annotator.label(parts.dev))
    assert wrong.seed_set != parts.seed_set and wrong.dev != parts.dev
    (tagger, rounds), (other, others) = turn(parts=parts, annotator=annotator), turn(parts=wrong)
    assert tagger.fits == other.fits
    found, expected = (
        [{k: v for k, v in scores.items() if not k.startswith("gold/")} for scores in timeless(run)]
        for run in (rounds, others)
    )
    assert found == expected
    marked = [s.spans or () for s in (*wrong.seed_set, *wrong.dev)]
    against_clean = entity_scores([*parts.seed_set, *parts.dev], marked)
    for figure in ("precision", "recall", "f1"):
        assert rounds[0].scores[f"gold/{figure}"] == pytest.approx(against_clean[f"{figure}/micro"])
        assert others[0].scores[f"gold/{figure}"] == 1.0


def test_without_errors_every_annotator_gives_the_same_run_but_for_its_price() -> None:
    parts = parts_of(SAMPLE, dev_size="10")
    _, perfect = turn(parts=parts)
    assert timeless(turn(parts=parts, annotator=noisy(parts, 0.0))[1]) == timeless(perfect)
    _, both = turn(parts=parts, annotator=two(parts, 0.0))
    for one, double in zip(timeless(perfect), timeless(both), strict=True):
        agreement = {"gold/agreement_f1": 1.0, "gold/agreement_kappa": 1.0}
        assert double == pytest.approx(
            agreement | {k: 2 * v if k.startswith("budget") else v for k, v in one.items()}
        )


def test_previous_weights_start_the_next_fit_only_where_asked() -> None:
    assert turn(iteration=Iteration(2))[0].starts == [None] * 3
    tagger, rounds = turn(iteration=Iteration(2, init="previous"))
    assert tagger.starts == [None, rounds[0].fit.live(), rounds[1].fit.live()]


def test_frozen_silver_keeps_its_first_labels() -> None:
    _, rounds = turn(iteration=Iteration(3, relabel="frozen"))
    first = {e.sentence.id: e for e in rounds[1].examples}
    last = {e.sentence.id: e for e in rounds[3].examples}
    assert first.items() <= last.items()


def test_silver_weight_reaches_silver_alone() -> None:
    tagger, _ = turn(iteration=Iteration(1, silver_weight=0.25))
    assert {(e.source, e.weight) for e in tagger.fits[1]} == {("gold", 1.0), ("silver", 0.25)}


def test_churn_ends_the_loop_when_silver_no_longer_changes() -> None:
    _, rounds = turn(iteration=Iteration(30, stop="churn", min_churn=0.01))
    assert 2 <= len(rounds) < 31


def test_text_that_never_had_gold_is_annotated_but_not_scored() -> None:
    bare = tuple(Sentence(f"bare#{i}", s.tokens) for i, s in enumerate(SAMPLE.test[:20]))
    parts = replace(parts_of(SAMPLE), pool=())
    _, rounds = turn(replace(SAMPLE, unlabelled=bare), threshold=Threshold(), parts=parts)
    assert rounds[1].scores["silver/accepted_sentences"] == 20
    assert not any(
        name.startswith(("silver/precision", "silver/recall")) for name in rounds[1].scores
    )


def test_a_collapse_is_said_aloud() -> None:
    """A tagger that has unlearnt the entities is scored 0 and warned of, while its token accuracy
    looks fine."""
    parts = parts_of(SAMPLE)
    hollow = replace(
        parts, seed_set=tuple(replace(s, spans=()) for s in parts.seed_set[1:]) + parts.seed_set[:1]
    )
    _, rounds = turn(parts=hollow, iteration=Iteration(0))
    assert rounds[0].scores["drift/collapse"] == 1.0
    assert rounds[0].scores["test/f1/micro"] < 0.1 < 0.8 < rounds[0].scores["test/accuracy/token"]
    assert (
        "no longer predicted" in rounds[0].warnings[0]
        or "spans per 100 tokens" in rounds[0].warnings[0]
    )


def test_several_teachers_annotate_as_their_mean_and_the_last_round_trains_one() -> None:
    tagger, rounds = turn(threshold=Threshold(), iteration=Iteration(2, teachers=3))
    assert len(tagger.fits) == 3 + 3 + 1
    assert len({done.fit.key for done in rounds}) == 3
    assert ["ensemble/test/f1/micro" in done.scores for done in rounds] == [True, True, False]
    # fits of the fake do not depend on the seed, so its ensemble says what each member says
    _, alone = turn(threshold=Threshold(), iteration=Iteration(2))
    for done, one in zip(rounds, alone, strict=True):
        assert [e.spans for e in done.examples] == [e.spans for e in one.examples]
        assert done.scores["test/f1/micro"] == one.scores["test/f1/micro"]
    assert rounds[0].scores["ensemble/test/f1/micro"] == rounds[0].scores["test/f1/micro"]


def test_members_differ_by_seed_and_the_first_is_the_tagger_without_an_ensemble() -> None:
    seeds = [member_seed(7, member) for member in range(4)]
    assert seeds[0] == 7 and len(set(seeds)) == 4


def test_soft_silver_carries_what_the_teacher_said_and_gold_carries_none() -> None:
    _, rounds = turn(iteration=Iteration(1, labels="soft"))
    _, hard = turn(iteration=Iteration(1))
    assert rounds[1].examples == hard[1].examples
    for e in rounds[1].examples:
        assert (e.distribution is None) == (e.source == "gold")
    assert all(e.distribution is None for done in hard for e in done.examples)
    assert digest_of_examples(rounds[1].examples) != digest_of_examples(hard[1].examples)


def test_passes_over_gold_and_silver_add_up_to_the_tokens_that_a_fit_saw() -> None:
    gold = Example(Sentence("a#0", ("one", "two")), ())
    silver = Example(Sentence("b#0", ("three",) * 6), (), "silver", 1)
    joined = FitReport(10, 80, 0.0, ())
    assert passes(joined, [gold, silver]) == {"gold_passes": 10.0, "silver_passes": 10.0}
    assert passes(joined, [gold]) == {"gold_passes": 40.0}
    mixed = FitReport(10, 80, 0.0, (), gold_tokens=50)
    assert passes(mixed, [gold, silver]) == {"gold_passes": 25.0, "silver_passes": 5.0}


def test_the_seed_set_is_judged_by_taggers_that_did_not_see_the_sentence() -> None:
    """Five fits more, each without the fold that it annotates; none is the round's tagger."""
    parts = parts_of(SAMPLE, "60")
    precision = Threshold(Precision(0.5))
    tagger, rounds = turn(threshold=precision, parts=parts, iteration=Iteration(2))
    seed_ids = {s.id for s in parts.seed_set}
    folds = [{e.sentence.id for e in fit} for fit in tagger.fits if len(fit) < len(seed_ids)]
    assert len(folds) == 5 and len(tagger.fits) == 5 + 3
    left_out = [seed_ids - fold for fold in folds]
    assert set.union(*left_out) == seed_ids and sum(map(len, left_out)) == len(seed_ids)
    assert len(rounds[1].examples) > len(seed_ids)


def test_a_temperature_is_fitted_to_the_seed_set_and_changes_soft_labels_alone() -> None:
    parts = parts_of(SAMPLE, "60")
    fitted = Iteration(1, labels="soft", temperature="fit")
    _, rounds = turn(parts=parts, iteration=fitted)
    _, plain = turn(parts=parts, iteration=Iteration(1, labels="soft"))
    assert plain[1].scores["silver/temperature"] == 1 != rounds[1].scores["silver/temperature"]
    assert rounds[1].examples == plain[1].examples  # distributions are not compared
    assert digest_of_examples(rounds[1].examples) != digest_of_examples(plain[1].examples)


def test_gold_that_may_miss_an_entity_is_masked_after_round_0() -> None:
    """Masked is what gold labels O and taggers that did not see the sentence call an entity."""
    parts = parts_of(SAMPLE, "60")
    kept = {s.id: s.spans or () for s in parts.seed_set}
    half = tuple(replace(s, spans=s.spans[::2] if s.spans else ()) for s in parts.seed_set)
    _, rounds = turn(parts=replace(parts, seed_set=half), iteration=Iteration(1, mask_missed=True))
    gold = [e for e in rounds[1].examples if e.source == "gold"]
    masked = [(e, i) for e in gold for i in e.masked]
    assert masked and rounds[1].scores["gold/masked_tokens"] == len(masked)
    assert not any(e.masked for e in rounds[0].examples)
    for example, i in masked:
        assert not any(s.start <= i < s.end for s in example.spans)
    missed = {(id, i) for id, spans in kept.items() for s in spans for i in range(s.start, s.end)}
    assert {(e.sentence.id, i) for e, i in masked} & missed


def test_a_guard_ends_the_loop_at_a_sign_of_collapse() -> None:
    """A tagger that learnt from one sentence without spans finds none."""
    empty = next(s for s in SAMPLE.train if not s.spans)
    parts = replace(parts_of(SAMPLE), seed_set=(empty, *parts_of(SAMPLE).seed_set[:1]))
    _, warned = turn(parts=parts, threshold=Threshold(), iteration=Iteration(3))
    assert len(warned) == 4
    first = next(r.number for r in warned if r.warnings)
    _, stopped = turn(parts=parts, threshold=Threshold(), iteration=Iteration(3, guard="stop"))
    assert len(stopped) == first + 1 and stopped[-1].warnings


def test_with_folds_nobody_annotates_a_sentence_whose_silver_it_has_learnt() -> None:
    """Round 1: three students, each without a third of the silver; the last round's has all."""
    tagger, rounds = turn(threshold=Threshold(), iteration=Iteration(2, teachers=3, folds=True))
    gold = {e.sentence.id for e in rounds[0].examples}
    silver = {e.sentence.id for e in rounds[2].examples} - gold
    students = [{e.sentence.id for e in fit} - gold for fit in tagger.fits[3:6]]
    left_out = [silver - student for student in students]
    assert set.union(*left_out) == silver and sum(map(len, left_out)) == len(silver)
    assert {e.sentence.id for e in tagger.fits[6]} - gold == silver
    # seen, in order: what each member was asked of; the pool's are the calls behind round 1's tests
    asked = [s.id for s in tagger.seen if s.id in silver]
    of_round_2 = asked[3 * len(silver) :]
    sizes = [len(part) for part in left_out]
    assert len(of_round_2) == len(silver)
    for part, start in zip(left_out, (0, sizes[0], sizes[0] + sizes[1]), strict=True):
        assert set(of_round_2[start : start + len(part)]) == part
    assert {e.sentence.id for e in rounds[1].examples} - gold == students[0]
