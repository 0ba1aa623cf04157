"""One battery for every annotator; then noise, adjudication and the configuration that makes
them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.config import parse
from sciner.errors import InputError
from sciner.launch.overrides import check, parse_flags
from sciner.policy.annotator import Adjudicate, Annotator, SimulatedAnnotator, TwoAnnotators
from sciner.policy.cost import Budget, Cost
from sciner.policy.noise import ERROR_KINDS, Noise, stretches
from sciner.policy.people import Answer, LabelsWanted, People
from sciner.run.build import build_annotator
from sciner.text.corpus import Sentence
from sciner.text.spans import Span, decode, encode

few = settings(max_examples=40, deadline=None)
LABELS = ("Dataset", "Method", "Task")
# from sentences with clean labels, and an error rate
Make = Callable[[Sequence[Sentence], float], Annotator]


def one(noisy: bool) -> Make:
    def make(clean: Sequence[Sentence], rate: float, stream: int = 0) -> SimulatedAnnotator:
        withheld = {s.id: s.spans for s in clean if s.spans is not None}
        return SimulatedAnnotator(
            withheld, Cost(), Noise(LABELS, rate, stream=stream) if noisy else None
        )

    return make


def two(adjudicate: Adjudicate) -> Make:
    def make(clean: Sequence[Sentence], rate: float) -> TwoAnnotators:
        noisy: Callable[..., Annotator] = one(noisy=True)
        return TwoAnnotators(
            noisy(clean, rate, 0), noisy(clean, rate, 1), one(noisy=False)(clean, rate), adjudicate
        )

    return make


def people(adjudicate: Adjudicate | None) -> Make:
    """Those who have answered as ``two`` would have, or its first."""

    def make(clean: Sequence[Sentence], rate: float) -> People:
        noisy: Callable[..., Annotator] = one(noisy=True)
        makers = noisy(clean, rate, 0), noisy(clean, rate, 1), one(noisy=False)(clean, rate)
        said = zip(*(maker.label(clean) for maker in makers), strict=True)
        answers = {s[0].id: [Answer(a.tokens, a.spans or ()) for a in s] for s in said}
        return People(answers, adjudicate, Cost(), makers[2], ())

    return make


ANNOTATORS: dict[str, Make] = {"perfect": one(noisy=False), "noisy": one(noisy=True)}
ANNOTATORS |= {f"two_{rule}": two(rule) for rule in get_args(Adjudicate)}
ANNOTATORS |= {f"people_{rule}": people(rule) for rule in (None, *get_args(Adjudicate))}
every = pytest.mark.parametrize("make", ANNOTATORS.values(), ids=ANNOTATORS)
rates = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def texts(draw: st.DrawFn) -> list[Sentence]:
    """Up to five sentences with clean labels, in no order of their ids; many are dense with short
    spans that touch."""
    tags = ["O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI")]
    found = []
    for i in draw(st.permutations(range(draw(st.integers(1, 5))))):
        spans = decode(draw(st.lists(st.sampled_from(tags), min_size=1, max_size=9)))
        length = max([span.end for span in spans[0]], default=0) + draw(
            st.integers(0 if spans[0] else 1, 3)
        )
        found.append(Sentence(f"d#{i}", ("w",) * length, spans[0]))
    return found


def bare(sentences: Sequence[Sentence]) -> list[Sentence]:
    return [s.withheld() for s in sentences]


# Every annotator


@every
@few
@given(clean=texts(), rate=rates)
def test_the_same_sentences_come_back_with_legal_spans(
    make: Make, clean: list[Sentence], rate: float
) -> None:
    """In the order that was asked for: no overlap, none empty, none outside, sorted, of known
    classes."""
    labelled = make(clean, rate).label(bare(clean))
    assert bare(labelled) == bare(clean)
    for s in labelled:
        assert s.spans is not None and encode(s.spans, len(s.tokens))
        assert list(s.spans) == sorted(s.spans) and {span.label for span in s.spans} <= set(LABELS)


@every
@few
@given(clean=texts(), rate=rates, data=st.data())
def test_what_is_said_of_a_sentence_depends_on_nothing_else(
    make: Make, clean: list[Sentence], rate: float, data: st.DataObject
) -> None:
    """Not on the batch, the order, the number of calls, the rest of the corpus, or what it claims
    of itself."""
    annotator = make(clean, rate)
    whole = dict(zip(clean, annotator.label(bare(clean)), strict=True))
    some = data.draw(st.lists(st.sampled_from(clean), unique=True))
    assert annotator.label(some) == tuple(whole[s] for s in some)
    for s in some:
        assert make([s], rate).label([s.withheld()]) == (whole[s],)


@every
@few
@given(clean=texts())
def test_without_errors_it_is_perfect(make: Make, clean: list[Sentence]) -> None:
    assert make(clean, 0.0).label(bare(clean)) == tuple(clean)


@every
def test_a_sentence_whose_gold_does_not_exist_is_an_error(make: Make) -> None:
    known, unknown = Sentence("d#0", ("a",), ()), Sentence("d#1", ("a",), ())
    with pytest.raises((KeyError, LabelsWanted), match="d#1"):
        make([known], 0.1).label([known, unknown])


@every
@few
@given(clean=texts(), rate=rates, cut=st.integers(0, 5))
def test_a_budget_is_the_same_bought_at_once_or_in_batches(
    make: Make, clean: list[Sentence], rate: float, cut: int
) -> None:
    annotator = make(clean, rate)
    labelled = annotator.label(bare(clean))
    at_once = annotator.charge(Budget(), labelled)
    in_two = annotator.charge(annotator.charge(Budget(), labelled[:cut]), labelled[cut:])
    assert in_two.scores() == pytest.approx(at_once.scores())
    assert annotator.charge(at_once, []) == at_once


# Noise


@few
@given(clean=texts(), pair=st.tuples(rates, rates), seed=st.integers(0, 3))
def test_errors_at_a_low_rate_are_among_those_at_a_higher_one(
    clean: list[Sentence], pair: tuple[float, float], seed: int
) -> None:
    low, high = (Noise(LABELS, rate, seed=seed) for rate in sorted(pair))
    for s in clean:
        place = s.id, len(s.tokens), s.spans or ()
        assert set(low.errors(*place)) <= set(high.errors(*place))


@few
@given(clean=texts(), rate=rates)
def test_the_marked_spans_are_the_clean_ones_but_for_the_errors(
    clean: list[Sentence], rate: float
) -> None:
    """At most one a clean span, each of the kind that it says."""
    noise = Noise(LABELS, rate)
    for s in clean:
        spans = set(s.spans or ())
        errors = noise.errors(s.id, len(s.tokens), s.spans or ())
        marked = set(noise.spans(s.id, len(s.tokens), s.spans or ()))
        lost, added = {e.lost for e in errors if e.lost}, {e.added for e in errors if e.added}
        assert len(errors) <= len(spans) and lost <= spans and marked == spans - lost | added
        for kind, old, new in errors:
            match kind:
                case "missed":
                    assert old and not new
                case "class":
                    assert old and new and old[:2] == new[:2] and old.label != new.label
                case "boundary":
                    assert old and new and old.label == new.label
                    assert abs(old.start - new.start) + abs(old.end - new.end) == 1
                case "spurious":
                    assert not old and new and 1 <= new.end - new.start <= 3
                    assert all(new.end <= span.start or span.end <= new.start for span in spans)


def test_errors_are_as_frequent_as_their_rates_and_their_kinds_as_their_weights() -> None:
    """4,000 spans of two tokens with room around them: within four standard deviations of the
    binomial mean."""
    count, kinds = 2000, {"missed": 1.0, "class": 2.0, "boundary": 1.0, "spurious": 0.0}
    noise = Noise(LABELS, 0.3, {"Task": 0.1}, kinds)
    spans = (Span(3, 5, "Task"), Span(9, 11, "Method"))
    errors = [e for i in range(count) for e in noise.errors(f"d#{i}", 15, spans)]
    found = Counter((e.kind, e.lost.label) for e in errors if e.lost)
    for label, rate in (("Task", 0.1), ("Method", 0.3)):
        for kind in ERROR_KINDS:
            p = rate * kinds[kind] / 4
            assert abs(found[kind, label] - count * p) <= 4 * (count * p * (1 - p)) ** 0.5, (
                kind,
                label,
            )
    shifts = Counter(e.added for e in errors if e.kind == "boundary" and e.lost == spans[1])
    assert len(shifts) == 4 and min(shifts.values()) > 0.5 * max(shifts.values())
    classes = Counter(
        e.added.label for e in errors if e.kind == "class" and e.added and e.lost == spans[1]
    )
    assert classes.keys() == {"Dataset", "Task"} and min(classes.values()) > 0.7 * max(
        classes.values()
    )


def test_what_cannot_go_wrong_at_a_span_goes_wrong_in_the_other_ways() -> None:
    """One class, in a sentence that is all span: no other class, no neighbour, no room, and one
    token cannot shrink."""
    full = Sentence("d#0", ("w",), (Span(0, 1, "Task"),))
    for stream in range(20):
        assert [
            e.kind
            for e in Noise(("Task",), 1.0, stream=stream).errors(full.id, 1, full.spans or ())
        ] == ["missed"]
    never = dict.fromkeys(ERROR_KINDS, 1.0) | {"missed": 0.0}
    assert Noise(("Task",), 1.0, kinds=never).spans(full.id, 1, full.spans or ()) == full.spans


def test_a_spurious_span_may_be_any_stretch_of_one_to_three_free_tokens() -> None:
    expected = [(0, 1), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5), (3, 6), (4, 5), (4, 6), (5, 6)]
    assert stretches({0, 2, 3, 4, 5}) == expected


def test_seeds_and_streams_are_different_people() -> None:
    spans = tuple(Span(i, i + 1, "Task") for i in range(0, 100, 2))
    said = {
        Noise(LABELS, 0.3, seed=a, stream=b).spans("d#0", 100, spans)
        for a in range(3)
        for b in range(2)
    }
    assert len(said) == 6


# Two annotators: cases made by hand


class Fixed:
    """Marks what it is told, and records what it is asked and paid for."""

    per_sentence = 1

    def __init__(self, *spans: Span) -> None:
        self.spans = spans
        self.asked: list[str] = []
        self.paid: list[str] = []

    def label(self, sentences: Sequence[Sentence], proposed: object = None) -> tuple[Sentence, ...]:
        self.asked += [s.id for s in sentences]
        return tuple(
            Sentence(s.id, s.tokens, self.spans if s.id == "d#1" else ()) for s in sentences
        )

    def charge(
        self, budget: Budget, labelled: Sequence[Sentence], proposed: object = None
    ) -> Budget:
        self.paid += [s.id for s in labelled]
        return budget.charged(labelled, Cost(read_token=60, mark_entity=600))

    def opinions(self, labelled: Sequence[Sentence]) -> tuple[tuple[Sentence, ...], ...]:
        return (self.label(labelled),)


A, B, C, D = Span(0, 1, "Task"), Span(1, 3, "Task"), Span(2, 4, "Task"), Span(4, 5, "Method")
# of the first all say that it holds nothing
ASKED = [Sentence("d#0", ("w",) * 5), Sentence("d#1", ("w",) * 5)]


@pytest.mark.parametrize(
    ("rule", "spans", "budget"),
    [
        ("agreed", (A,), Budget(4, 20, 2 + 3, 20 + 50)),
        ("either", (A, B, D), Budget(4, 20, 2 + 3, 20 + 50)),  # C overlaps the first's B
        # who reads the sentence on which they differ, and no other
        ("expert", (D,), Budget(5, 25, 2 + 3 + 1, 25 + 60)),
    ],
)
def test_a_rule_decides_where_two_differ_and_everyone_is_paid(
    rule: Adjudicate, spans: tuple[Span, ...], budget: Budget
) -> None:
    first, second, expert = Fixed(A, B), Fixed(A, C, D), Fixed(D)
    both = TwoAnnotators(first, second, expert, rule)
    labelled = both.label(ASKED)
    assert [s.spans for s in labelled] == [(), spans]
    assert expert.asked == (["d#1"] if rule == "expert" else [])
    assert both.charge(Budget(), labelled) == budget
    assert first.paid == second.paid == ["d#0", "d#1"] and expert.paid == (
        ["d#1"] if rule == "expert" else []
    )
    assert [s.spans for opinion in both.opinions(labelled) for s in opinion] == [
        (),
        (A, B),
        (),
        (A, C, D),
    ]


# From the words of a command line


TEXT = [
    Sentence(f"d#{i}", ("w",) * 8, (Span(1, 3, "Task"), Span(5, 6, "Method"))) for i in range(30)
]
WITHHELD = {s.id: s.spans or () for s in TEXT}


@cache
def composed(kind: str) -> dict[str, Any]:
    (config,), *_ = check(parse_flags([f"annotator={kind}"]))
    return config.model_dump()


def built(kind: str, run_seed: int = 0, **values: Any) -> Annotator:
    """The annotator with these ``annotator.…`` keys set."""
    whole = composed(kind)
    config = parse(whole | {"seed": run_seed, "annotator": whole["annotator"] | values})
    return build_annotator(config, LABELS, WITHHELD)


def test_the_seed_is_the_runs_unless_it_has_its_own_and_0_is_one() -> None:
    own, others = built("noisy", 0).label(TEXT), built("noisy", 7).label(TEXT)
    assert own != others
    assert built("noisy", 7, seed=0).label(TEXT) == own
    assert built("noisy", 0, seed=7).label(TEXT) == others


def test_the_first_of_two_errs_as_the_one_does() -> None:
    first, second = built("two_annotators").opinions(TEXT)
    assert first == built("noisy").label(TEXT) != second


def test_rates_kinds_and_costs_reach_the_annotator() -> None:
    """Only Task, and that always, loses its spans; a minute a token, nothing else has a price."""
    cost = {"read_token": 60, "mark_entity": 0, "correct_span": 0}
    annotator = built("noisy", rate=0, rates={"Task": 1.0}, kinds={"missed": 2.0}, cost=cost)
    labelled = annotator.label(TEXT)
    assert {s.spans for s in labelled} == {(Span(5, 6, "Method"),)}
    assert annotator.charge(Budget(), labelled) == Budget(30, 240, 30, 240.0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["annotator=noisy", "annotator.rate=1.1"],
            "annotator.rate=1.1: it should be less than or equal to 1",
        ),
        (
            ["annotator=noisy", "+annotator.kinds.mised=1"],
            "annotator.kinds: 'mised' is not a kind of error; did you mean 'missed'?",
        ),
        (
            ["annotator=noisy", *(f"annotator.kinds.{k}=0" for k in ERROR_KINDS)],
            "annotator.kinds: all weights are 0",
        ),
        (
            ["annotator.rate=0.1"],
            "unknown key annotator.rate; annotator=noisy or annotator=two_annotators has it",
        ),
        (
            ["annotator=two_annotators", "annotator.adjudicate=agree"],
            "annotator.adjudicate=agree: there is no such choice",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(InputError) as caught:
        check(parse_flags(words))
    assert str(caught.value).startswith(told)


def test_a_rate_of_a_class_that_the_corpus_lacks_is_refused() -> None:
    (config,), *_ = check(parse_flags(["annotator=noisy", "annotator.rates={Tusk: 0.1}"]))
    with pytest.raises(
        InputError, match=r"annotator\.rates has the unknown class 'Tusk'; did you mean 'Task'\?"
    ):
        build_annotator(config, LABELS, WITHHELD)
