"""People are asked for what nobody has answered, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sciner.policy.annotator import Adjudicate, SimulatedAnnotator
from sciner.policy.cost import Budget, Cost, Proposal
from sciner.policy.people import Answer, LabelsWanted, People
from sciner.text.corpus import Sentence
from sciner.text.spans import Span

TASK, METHOD = Span(0, 1, "Task"), Span(1, 2, "Method")
GIVEN = Sentence("d#0", ("a", "b"), (TASK,))
ASKED = [Sentence(f"d#{i}", ("a", "b")) for i in range(1, 5)]
NOTHING, ONE, OTHER = (Answer(("a", "b"), spans) for spans in ((), (TASK,), (METHOD,)))


COST = Cost(read_token=60, mark_entity=600)


def people(adjudicate: Adjudicate | None, *said: Sequence[Answer]) -> People:
    answers = {s.id: given for s, given in zip(ASKED, said, strict=False)}
    given = SimulatedAnnotator({"d#0": (TASK,)}, COST)
    return People(answers, adjudicate, COST, given, {"d#0"})


@pytest.mark.parametrize(
    ("adjudicate", "missing"),
    [
        (None, ["d#1"]),
        ("either", ["d#1", "d#2"]),
        ("expert", ["d#1", "d#2"]),  # before anybody settles what two see differently
    ],
)
def test_all_that_is_missing_is_asked_for_at_once(
    adjudicate: Adjudicate | None, missing: list[str]
) -> None:
    proposed = {"d#1": Proposal((TASK,), (0.5,))}
    annotator = people(adjudicate, [], [ONE], [ONE, OTHER], [ONE, ONE])
    with pytest.raises(LabelsWanted) as stop:
        annotator.label([GIVEN, *ASKED], proposed)
    assert [s.id for s in stop.value.missing] == missing
    assert stop.value.batch == tuple(ASKED) and stop.value.proposed == proposed


def test_what_two_see_differently_is_settled_by_a_third() -> None:
    with pytest.raises(LabelsWanted) as stop:
        people("expert", *[[ONE, OTHER], [ONE, ONE]] * 2).label(ASKED)
    assert [s.id for s in stop.value.missing] == ["d#1", "d#3"]
    annotator = people("expert", *[[ONE, OTHER, NOTHING], [ONE, ONE]] * 2)
    assert [s.spans for s in annotator.label(ASKED)] == [(), (TASK,)] * 2


def test_older_labels_are_paid_once_and_are_nobodys_opinion() -> None:
    annotator = people("either", [ONE, OTHER])
    labelled = annotator.label([GIVEN, ASKED[0]])
    assert [s.spans for s in labelled] == [(TASK,), (TASK, METHOD)]
    assert annotator.charge(Budget(), labelled) == Budget(3, 6, 3, 6 + 30)
    assert [[s.id for s in said] for said in annotator.opinions(labelled)] == [["d#1"], ["d#1"]]


def test_minutes_are_those_that_the_tool_reports() -> None:
    timed = Answer(("a", "b"), (TASK,), seconds=90)
    annotator = people(None, [timed], [ONE])
    labelled = annotator.label(ASKED[:2])
    assert annotator.charge(Budget(), labelled).minutes == 1.5 + 2 + 10
