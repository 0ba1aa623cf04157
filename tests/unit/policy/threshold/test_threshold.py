"""One battery for every threshold: what it promises of any silver; then a few cases made by
hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import fields
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.policy.measure.base import DEFAULT, MEASURES, measure
from sciner.policy.threshold.accept import Threshold, accept
from sciner.policy.threshold.base import RULES, Empty, Granularity, Measured, Rule
from sciner.policy.threshold.constant import AcceptAll, AcceptNone, Fixed
from sciner.policy.threshold.curriculum import Curriculum
from sciner.policy.threshold.per_class import PerClass
from sciner.policy.threshold.precision import Precision, least_confidence
from sciner.policy.threshold.quantile import Quantile
from sciner.policy.threshold.quota import Quota
from sciner.policy.threshold.resolved import resolve
from sciner.text.corpus import Example, Sentence, tagset
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span, decode, encode

few = settings(max_examples=15, deadline=None)
TAGS = tagset(("Method", "Task"))
MIX = {"Method": 0.5, "Task": 0.5}  # of the gold

# Probabilities and bars are 64ths: exact in float32, so that a mean on the bar is on the bar in any
# precision.
bars = st.integers(0, 64).map(lambda n: n / 64)
rates = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0])


@st.composite
def annotated(draw: st.DrawFn) -> list[Prediction]:
    """Up to eight sentences in no order of their ids, half of them without a span."""
    found = []
    for i in draw(st.permutations(range(draw(st.integers(0, 8))))):
        tags = draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=5))
        if draw(st.booleans()):
            tags = ["O"] * len(tags)
        spans = decode(tags)[0]
        cuts = [sorted(draw(st.tuples(*[st.integers(0, 64)] * 4))) for _ in tags]
        distribution = (
            np.diff(np.array([[0, *row, 64] for row in cuts]), axis=1).astype(np.float32) / 64
        )
        columns = [TAGS.index(tag) for tag in encode(spans, len(tags))]
        confidence = distribution[range(len(tags)), columns]
        found.append(
            Prediction(Sentence(f"d#{i}", ("w",) * len(tags)), spans, distribution, confidence)
        )
    return found


# Each kind so that a higher bar means less silver.
AT: dict[str, Callable[[float], Rule]] = {
    "accept_all": lambda bar: AcceptAll(),
    "accept_none": lambda bar: AcceptNone(),
    "fixed": Fixed,
    "quantile": lambda bar: Quantile(1 - bar),
    "per_class": lambda bar: PerClass(bar, {"Task": bar}),
    "quota": lambda bar: Quota(1 + int(8 * (1 - bar)), bar),
    "precision": lambda bar: Precision(bar, bar),
    "curriculum": lambda bar: Curriculum((bar,)),
}
LOOKS = ("quantile", "quota", "precision")  # where the threshold lies depends on the silver


def every(
    bar: float,
    *,
    kind: str | None = None,
    granularity: Granularity | None = None,
    confidence: Aggregate | None = None,
    empty: Empty | None = None,
) -> list[Threshold]:
    """All thresholds with this bar, with every measure; or those of one kind, granularity,
    aggregate, empty rule."""
    rules = [AT[kind](bar) for kind in ([kind] if kind else RULES)]
    granularities = [granularity] if granularity else get_args(Granularity)
    confidences = [confidence] if confidence else get_args(Aggregate)
    empties = [empty] if empty else get_args(Empty)
    axes = itertools.product(rules, granularities, confidences, empties, MEASURES)
    return [Threshold(*point) for point in axes if point[1] in point[0].granularities]


def sure(confidence: np.ndarray, how: Aggregate) -> float:
    return float(np.min(confidence) if how == "min" else np.mean(confidence, dtype=np.float64))


def let_in(
    silver: list[Prediction], threshold: Threshold, rate: float
) -> list[tuple[Prediction, Example]]:
    """What is accepted, each beside its prediction as it was measured."""
    by_id = {p.sentence.id: threshold.measured(p) for p in silver}
    accepted = accept(lambda: silver, threshold, gold_empty_rate=rate, round=1, gold_shares=MIX)
    return [(by_id[e.sentence.id], e) for e in accepted]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["min", "mean"]))
def test_what_gave_a_threshold_reaches_it(seed: int, how: Aggregate) -> None:
    """With confidences of all precisions, that tie nowhere: half of twenty spans, or sentences, are
    ten."""
    draws = np.random.default_rng(seed)
    span = Span(0, 3, "Task")
    silver = [
        Prediction(
            Sentence(f"d#{i}", ("w",) * 3),
            (span,),
            np.zeros((3, len(TAGS)), np.float16),
            draws.random(3).astype(np.float32),
        )
        for i in range(20)
    ]
    for threshold in (
        Threshold(Quantile(0.5), "sentence", how),
        Threshold(Quantile(0.5), "span", how, "drop"),
        Threshold(Quota(10), "span", how, "drop"),
    ):
        taken = accept(
            lambda: silver, threshold, gold_empty_rate=0.0, round=1, gold_shares={"Task": 1.0}
        )
        assert len(taken) == 10


@pytest.mark.parametrize(("votes", "of"), [(7, 10), (9, 10), (3, 5), (18, 20), (19, 20)])
def test_a_share_of_votes_reaches_a_threshold_of_the_same_share(votes: int, of: int) -> None:
    share = np.full(1, votes / of, np.float32)
    one = Prediction(Sentence("d#0", ("w",)), (Span(0, 1, "Task"),), np.zeros((1, 5)), share)
    for granularity in get_args(Granularity):
        threshold = Threshold(Fixed(votes / of), granularity)
        assert len(accept(lambda: [one], threshold, gold_empty_rate=0.0, round=1)) == 1


def test_the_battery_is_complete() -> None:
    """Every kind that is registered, on all that it has a meaning for, with every measure."""
    assert AT.keys() == set(RULES)
    judged = sum(len(rule.granularities) for rule in RULES.values())
    assert len({repr(t) for t in every(0.5)}) == judged * 2 * 3 * len(MEASURES)


# Every threshold


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_accepted_are_some_of_the_proposed_in_their_order_and_none_twice(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    for threshold in every(bar):
        accepted = accept(lambda: silver, threshold, gold_empty_rate=rate, round=1, gold_shares=MIX)
        ids = {e.sentence.id for e in accepted}
        expected = [(p.sentence, p.spans) for p in silver if p.sentence.id in ids]
        assert [(e.sentence, e.spans) for e in accepted] == expected, threshold


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_none_keeps_everything_and_reject_nothing(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    """Whatever the bar says."""
    for threshold in every(bar, kind="accept_all", empty="keep"):
        accepted = accept(lambda: silver, threshold, gold_empty_rate=rate, round=1)
        assert [(e.sentence, e.masked) for e in accepted] == [
            (p.sentence, frozenset()) for p in silver
        ], threshold
    for threshold in every(bar, kind="accept_none"):
        assert accept(lambda: silver, threshold, gold_empty_rate=rate, round=1) == [], threshold


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_what_the_loss_sees_is_at_or_above_the_bar(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    """sentence: the sentence as a whole, and none of it is masked. span: every span seen whole.
    token: every token seen."""
    for threshold in every(bar, kind="fixed"):
        for p, e in let_in(silver, threshold, rate):
            match threshold.granularity:
                case "sentence":
                    judged = [p.confidence]
                    assert not e.masked, threshold
                case "span":
                    judged = [p.confidence[s.start : s.end] for s in e.accepted()]
                case "token":
                    judged = [
                        p.confidence[[i]]
                        for i in range(len(p.sentence.tokens))
                        if i not in e.masked
                    ]
            assert all(sure(part, threshold.confidence) >= bar for part in judged), threshold


@few
@given(silver=annotated(), bar=bars)
def test_a_resolved_threshold_accepts_what_the_run_accepted(
    silver: list[Prediction], bar: float
) -> None:
    """Sentence by sentence; what is not accepted at all is masked as a whole."""
    for threshold in every(bar, empty="keep"):
        if not threshold.needs_silver:
            continue
        accepted = accept(lambda: silver, threshold, gold_empty_rate=0.5, round=1, gold_shares=MIX)
        masked = {e.sentence.id: e.masked for e in accepted}
        found = resolve(lambda: silver, threshold, tuple(MIX), round=1, gold_shares=MIX)
        for p in silver:
            whole = frozenset(range(len(p.sentence.tokens)))
            assert found.masked(p) == masked.get(p.sentence.id, whole), threshold


@few
@given(silver=annotated(), bar=bars)
def test_what_reaches_the_bar_is_lost_to_no_empty_rule_but_one(
    silver: list[Prediction], bar: float
) -> None:
    """With empty=keep, exactly what is judged doubtful is missing."""
    for threshold in every(bar, kind="fixed", granularity="sentence", empty="keep"):
        expected = [
            p.sentence
            for p in map(threshold.measured, silver)
            if sure(p.confidence, threshold.confidence) >= bar
        ]
        assert [p.sentence for p, _ in let_in(silver, threshold, 0.0)] == expected, threshold
    for threshold in every(bar, kind="fixed", granularity="token", empty="keep"):
        expected = [
            p.sentence for p in map(threshold.measured, silver) if p.confidence.max() >= bar
        ]
        assert [p.sentence for p, _ in let_in(silver, threshold, 0.0)] == expected, threshold


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_a_mask_lies_in_its_sentence_and_covers_what_is_doubtful(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    """span: the doubtful spans from end to end, and never an O. token: the doubtful tokens. Never
    the whole sentence."""
    for threshold in every(bar):
        for p, e in let_in(silver, threshold, rate):
            assert e.masked < set(range(len(p.sentence.tokens))), threshold
            doubtful = [
                s
                for s in p.spans
                if sure(p.confidence[s.start : s.end], threshold.confidence) < bar
            ]
            if threshold.rule.kind == "accept_all" or threshold.granularity == "sentence":
                assert not e.masked, threshold
            elif threshold.rule.kind in LOOKS:  # see below
                assert threshold.granularity == "token" or all(
                    e.masked.isdisjoint(range(*s[:2])) for s in e.accepted()
                )
            elif threshold.granularity == "span":
                assert e.masked == {i for s in doubtful for i in range(s.start, s.end)}, threshold
                assert e.accepted() == tuple(s for s in p.spans if s not in doubtful), threshold
            else:
                assert e.masked == set(np.flatnonzero(p.confidence < bar)), threshold


@few
@given(silver=annotated(), pair=st.tuples(bars, bars), rate=rates)
def test_raising_the_bar_never_accepts_another_span(
    silver: list[Prediction], pair: tuple[float, float], rate: float
) -> None:
    low, high = sorted(pair)
    for lax, strict in zip(every(low), every(high), strict=True):
        more, less = (
            {
                (e.sentence.id, span)
                for _, e in let_in(silver, threshold, rate)
                for span in e.accepted()
            }
            for threshold in (lax, strict)
        )
        assert less <= more, strict


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_drop_leaves_no_sentence_without_a_span(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    """And takes no sentence that has one."""
    for keep, drop in zip(every(bar, empty="keep"), every(bar, empty="drop"), strict=True):
        filled = [e for _, e in let_in(silver, keep, rate) if e.accepted()]
        assert [e for _, e in let_in(silver, drop, rate)] == filled, drop


@few
@given(silver=annotated(), bar=bars, rate=rates)
def test_match_seed_rate_keeps_the_surest_up_to_the_rate(
    silver: list[Prediction], bar: float, rate: float
) -> None:
    """As many sentences without a span as make up ``rate`` of all, to the nearest sentence; ties
    fall by id."""
    for keep, match in zip(
        every(bar, empty="keep"), every(bar, empty="match_seed_rate"), strict=True
    ):
        accepted = let_in(silver, match, rate)
        filled = [e for _, e in accepted if e.accepted()]
        assert filled == [e for _, e in let_in(silver, keep, rate) if e.accepted()], match

        candidates = [p for p, e in let_in(silver, keep, rate) if not e.accepted()]
        candidates.sort(key=lambda p: (-sure(p.confidence, match.confidence), p.sentence.id))
        kept = {p.sentence.id for p, e in accepted if not e.accepted()}
        assert kept == {p.sentence.id for p in candidates[: len(kept)]}, match
        # e of f + e sentences are the rate r where e (1 - r) = r f; half a sentence is what
        # rounding may add or take
        surplus = len(kept) * (1 - rate) - rate * len(filled)
        half = (1 - rate) / 2 + 1e-9
        assert surplus <= half, match
        assert len(kept) == len(candidates) or surplus >= -half, match


@few
@given(
    silver=annotated(), bar=bars, rate=rates, number=st.integers(1, 9), weight=st.floats(0.1, 10)
)
def test_every_label_knows_where_it_came_from(
    silver: list[Prediction], bar: float, rate: float, number: int, weight: float
) -> None:
    """Source, round and weight; a span's confidence is the min or mean of its tokens'
    probabilities, masked spans included."""
    by_id = {p.sentence.id: p for p in silver}
    for threshold in every(bar):
        for e in accept(
            lambda: silver,
            threshold,
            gold_empty_rate=rate,
            round=number,
            weight=weight,
            gold_shares=MIX,
        ):
            p = by_id[e.sentence.id]
            expected = [sure(p.confidence[s.start : s.end], threshold.confidence) for s in p.spans]
            assert (e.source, e.round, e.weight) == ("silver", number, weight)
            assert e.confidences == pytest.approx(expected), threshold


# Cases made by hand


def propose(name: str, *confidence: float, spans: tuple[Span, ...] = ()) -> Prediction:
    count = len(confidence)
    values = np.array(confidence, np.float32)
    return Prediction(
        Sentence(f"d#{name}", ("w",) * count), spans, np.ones((count, 1), np.float32), values
    )


def ids(silver: list[Prediction], threshold: Threshold, rate: float = 0.0) -> list[str]:
    return [
        e.sentence.id.removeprefix("d#")
        for e in accept(lambda: silver, threshold, gold_empty_rate=rate, round=1)
    ]


TASK = Span(0, 2, "Task")
# a span of 1.0 and 0.5, and a doubtful O
HALF_SURE = propose("half", 1.0, 0.5, 0.25, spans=(TASK,))


def test_a_flood_of_sure_empty_sentences_is_not_let_in() -> None:
    """The collapse: a tagger that finds little is sure of finding nothing. Empty sentences stay at
    their share in the gold."""
    flood = [propose(f"empty{i:02}", 0.999, 0.999) for i in range(90)]
    finds = [propose(f"find{i}", 0.95, 0.95, 0.95, spans=(TASK,)) for i in range(6)]
    doubts = [propose(f"doubt{i}", 0.95, 0.4, 0.95, spans=(TASK,)) for i in range(4)]
    silver = [*flood, *finds, *doubts]
    bar = Threshold(Fixed(0.9), "sentence", "min", "keep")
    assert len(ids(silver, bar)) == 96  # the empty ones are 94 %
    match = Threshold(Fixed(0.9), "sentence", "min", "match_seed_rate")
    # 2 of 8 are 25 %
    assert ids(silver, match, 0.25) == ["empty00", "empty01", *(f"find{i}" for i in range(6))]
    assert ids(flood, match, 0.25) == []


@pytest.mark.parametrize(
    ("granularity", "how", "bar", "masked"),
    [
        ("sentence", "min", 0.25, set()),  # the bar itself is enough
        ("sentence", "min", 0.3, None),
        ("sentence", "mean", 0.5, set()),  # (1.0 + 0.5 + 0.25) / 3 = 0.58
        ("sentence", "mean", 0.6, None),
        ("span", "min", 0.5, set()),  # the doubtful O stays
        ("span", "min", 0.6, {0, 1}),  # the span goes whole, O stays
        ("span", "mean", 0.75, set()),
        ("span", "mean", 0.8, {0, 1}),
        ("token", "min", 0.5, {2}),  # the doubtful O goes
        ("token", "mean", 0.6, {1, 2}),  # half a span stays
    ],
)
def test_what_is_lost_under_the_bar(
    granularity: Granularity, how: Aggregate, bar: float, masked: set[int] | None
) -> None:
    accepted = accept(
        lambda: [HALF_SURE], Threshold(Fixed(bar), granularity, how), gold_empty_rate=0.0, round=1
    )
    assert [e.masked for e in accepted] == ([] if masked is None else [masked])


@pytest.mark.parametrize("granularity", ["span", "token"])
def test_a_sentence_whose_spans_are_all_masked_is_an_empty_one(granularity: Granularity) -> None:
    silver = [HALF_SURE, propose("find", 1.0, 1.0, spans=(TASK,))]
    assert ids(silver, Threshold(Fixed(0.9), granularity, "min", "keep")) == ["half", "find"]
    assert ids(silver, Threshold(Fixed(0.9), granularity, "min", "drop")) == ["find"]


def test_a_sentence_of_which_the_loss_would_see_nothing_is_not_accepted() -> None:
    """All of it masked, or no token to begin with."""
    whole = propose("whole", 0.5, 0.5, spans=(TASK,))
    silver = [whole, propose("find", 1.0, 1.0, spans=(TASK,))]
    assert ids(silver, Threshold(Fixed(0.9))) == ["find"]
    assert ids([propose("void")], Threshold()) == []


@pytest.mark.parametrize(
    ("rate", "kept"),
    [(0.0, []), (0.5, ["a", "c"]), (0.6, ["a", "b", "c"]), (1.0, ["d", "b", "a", "c"])],
)
def test_ties_fall_by_id_and_the_order_is_the_proposed_one(rate: float, kept: list[str]) -> None:
    silver = [
        *(propose(name, c) for name, c in (("d", 0.5), ("b", 0.75), ("a", 0.75), ("c", 0.875)))
    ]
    finds = [propose(f"find{i}", 1.0, 1.0, spans=(TASK,)) for i in range(2)]
    found = ids([*silver, *finds], Threshold(empty="match_seed_rate"), rate)
    assert found[-2:] == ["find0", "find1"]
    assert sorted(found[:-2]) == sorted(kept) and found[:-2] == [
        name for name in "dbac" if name in kept
    ]


# Kinds whose threshold depends on silver, class or round


@few
@given(silver=annotated(), share=bars)
def test_a_quantile_lets_the_surest_share_through(silver: list[Prediction], share: float) -> None:
    """At least that share, and no unit above the bar is less sure than one below; ties go through
    together."""
    for granularity, how in itertools.product(get_args(Granularity), get_args(Aggregate)):
        measured = Measured(lambda: silver, granularity, how, 1, {})
        units = sorted(measured.units(), reverse=True)
        bar = Quantile(share).thresholds(measured)("")
        wanted = int(share * len(units) + 0.5)
        through = [u for u in units if u >= bar]
        assert through[:wanted] == units[:wanted]
        assert len(through) == wanted or units[wanted - 1] == through[-1]


def spans_of(label: str, *confidences: float) -> list[Prediction]:
    """A sentence each with one span of one token, of that confidence."""
    found = []
    for i, c in enumerate(confidences):
        rows = np.zeros((2, len(TAGS)), dtype=np.float32)
        rows[0, TAGS.index(f"B-{label}")], rows[1, 0] = c, 1.0
        rows[0, 0] = 1 - c
        sentence = Sentence(f"{label}#{i}", ("w", "w"))
        found.append(
            Prediction(sentence, (Span(0, 1, label),), rows, np.array([c, 1.0], dtype=np.float32))
        )
    return found


def accepted_spans(
    silver: list[Prediction], threshold: Threshold, number: int = 1, **mix: float
) -> list[str]:
    found = accept(lambda: silver, threshold, gold_empty_rate=0.0, gold_shares=mix, round=number)
    return [e.sentence.id for e in found if e.accepted()]


def test_a_class_may_have_a_threshold_of_its_own() -> None:
    silver = spans_of("Method", 0.7, 0.95) + spans_of("Task", 0.5, 0.7)
    threshold = Threshold(PerClass(0.9, {"Task": 0.6}))
    assert accepted_spans(silver, threshold) == ["Method#1", "Task#1"]


def test_a_quota_follows_the_mix_of_the_gold_not_that_of_the_silver() -> None:
    silver = spans_of("Method", 0.99, 0.98, 0.97, 0.96) + spans_of("Task", 0.5, 0.4)
    threshold = Threshold(Quota(4))
    assert accepted_spans(silver, threshold, Method=0.5, Task=0.5) == [
        "Method#0",
        "Method#1",
        "Task#0",
        "Task#1",
    ]
    assert accepted_spans(silver, threshold, Method=1.0) == [
        "Method#0",
        "Method#1",
        "Method#2",
        "Method#3",
    ]


def test_a_curriculum_changes_with_the_round_and_its_last_value_goes_on() -> None:
    silver = spans_of("Task", 0.9, 0.7, 0.5)
    threshold = Threshold(Curriculum((0.8, 0.6)))
    assert [len(accepted_spans(silver, threshold, number)) for number in (1, 2, 3, 9)] == [
        1,
        2,
        2,
        2,
    ]
    by_share = Threshold(Curriculum((1 / 3, 1.0), "share"))
    assert [len(accepted_spans(silver, by_share, number)) for number in (1, 2)] == [1, 3]


# What a threshold means, and how sure a tagger is


def test_an_identity_holds_what_the_kind_uses_and_no_default_that_came_later() -> None:
    for threshold in every(0.5):
        found = threshold.identity()
        assert found == json.loads(json.dumps(found)) | vars(threshold.rule)  # tuples are lists
        later = set() if threshold.measure == DEFAULT else {"measure"}
        assert found.keys() == {
            "kind",
            "granularity",
            "confidence",
            "empty",
            *vars(threshold.rule),
            *later,
        }
    assert len({json.dumps(t.identity()) for t in every(0.5)}) == len(every(0.5))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_no_setting_of_a_name_that_all_have(rule: type[Rule]) -> None:
    assert not {f.name for f in fields(rule)} & {
        "kind",
        "granularity",
        "confidence",
        "empty",
        "measure",
    }


def test_a_rule_is_refused_where_it_has_no_meaning() -> None:
    with pytest.raises(
        ValueError,
        match="granularity=sentence cannot be used with threshold=quota: give span or token",
    ):
        Threshold(Quota(4), "sentence")
    with pytest.raises(ValueError, match="a curriculum needs a schedule"):
        Curriculum(())


@pytest.mark.parametrize("name", MEASURES)
@few
@given(silver=annotated())
def test_a_measure_is_in_0_to_1_a_token_and_highest_where_there_is_no_doubt(
    name: str, silver: list[Prediction]
) -> None:
    certain = np.eye(len(TAGS), dtype=np.float32)[:1]  # all on O
    sure_of_it = Prediction(Sentence("d#9", ("w",)), (), certain, np.ones(1, np.float32))
    highest = MEASURES[name](sure_of_it)
    for p in [*silver, Prediction(Sentence("d#8", ()), (), certain[:0], np.ones(0, np.float32))]:
        found = MEASURES[name](p)
        assert found.shape == (len(p.sentence.tokens),)
        assert ((found >= 0) & (found <= highest)).all() and highest <= 1


def test_what_is_measured_is_apart_from_where_the_threshold_lies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A measure that was registered today works with every kind; here one that says the opposite of
    the probability."""
    monkeypatch.setattr(MEASURES, "_entries", dict(MEASURES))
    measure("doubt")(lambda p: 1 - p.confidence)
    silver = [*spans_of("Task", 0.25, 0.75), *spans_of("Method", 0.5)]
    for kind in ("fixed", "quantile", "per_class", "quota", "curriculum"):
        least = {"quantile": Quantile(1 / 3), "quota": Quota(1)}.get(kind) or AT[kind](0.75)
        assert accepted_spans(silver, Threshold(least, measure="doubt"), Task=1.0) == ["Task#0"], (
            kind
        )
        assert accepted_spans(silver, Threshold(least), Task=1.0) == ["Task#1"], kind


# The precision that was reached out of fold


def test_the_least_confidence_at_which_a_precision_was_reached_by_hand() -> None:
    """Of four spans the surest two and the last are right: 2 of 2, 2 of 3, 3 of 4."""
    pairs = [(0.9, True), (0.8, True), (0.7, False), (0.6, True)]
    assert [least_confidence(pairs, target) for target in (1.0, 0.76, 0.75, 0.5, 0.0)] == [
        0.8,
        0.8,
        0.6,
        0.6,
        0.6,
    ]
    assert least_confidence([(0.9, False)], 0.5) > 1  # never reached
    assert least_confidence([(0.9, True), (0.9, False)], 1.0) > 1  # ties are taken together
    assert least_confidence([], 0.0) > 1
    # 14 of 25 are 0.56, though 0.56 * 25 is more than 14 in floating point
    assert least_confidence([(0.9, i < 14) for i in range(25)], 0.56) == 0.9


@few
@given(st.lists(st.tuples(bars, st.booleans()), max_size=30), st.floats(0, 1))
def test_what_is_from_the_least_confidence_on_has_the_precision(
    pairs: list[tuple[float, bool]], target: float
) -> None:
    least = least_confidence(pairs, target)
    above = [right for confidence, right in pairs if confidence >= least]
    assert not above or np.mean(above) >= target - 1e-9


def test_a_class_with_few_judged_spans_takes_the_threshold_of_all() -> None:
    """20 spans of Method are right from 0.8 on; of Task there is one, wrong, at 0.95."""

    def judged_span(
        label: str, confidence: float, right: bool
    ) -> tuple[Prediction, tuple[Span, ...]]:
        span, sentence = Span(0, 1, label), Sentence("j#0", ("w",))
        told = np.array([confidence], np.float32)
        return Prediction(sentence, (span,), np.zeros((1, 5), np.float16), told), (span,) * right

    of_method = [judged_span("Method", 0.7 if i < 4 else 0.8, i >= 4) for i in range(20)]
    judged = [*of_method, judged_span("Task", 0.95, False)]
    looked_at = Measured(lambda: (), "span", "min", 1, MIX, lambda: judged)
    found = Precision(0.9, 0.3).thresholds(looked_at)
    assert found("Method") == pytest.approx(0.8)
    assert found("Task") == pytest.approx(0.8)  # 16 of 17 together
    assert found("") == 0.3
    assert Precision(0.99).thresholds(looked_at)("Task") > 1
