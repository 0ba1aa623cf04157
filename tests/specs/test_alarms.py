"""Alarms over stored runs: an event is announced by what rings before or in its round, and a run
without an event has only false ones."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.alarms import measure
from experiments.alarms.measure import F1, Trajectory

QUIET = {"drift/collapse": 0.0, "drift/density": 10.0, "budget/entities": 10, "budget/tokens": 100}


def run(*f1: float, warned: tuple[int, ...] = (), **more: Any) -> Trajectory:
    """Rounds of these F1s; ``warned``: those with a warning."""
    lines = tuple(
        {**QUIET, F1: value, "drift/collapse": float(number in warned)}
        for number, value in enumerate(f1)
    )
    about = {"artefact": "a", "model": "crf", "corpus": "c", "seed": 0, "kind": "silver"} | more
    return Trajectory(lines=lines, **about)


RUNS = [
    run(0.6, 0.5, 0.2, warned=(0, 1)),  # falls in round 1, collapses in round 2
    run(0.6, 0.5, 0.5, warned=(2,)),  # its warning comes too late
    run(0.6, 0.6, warned=(1,)),  # a false one
    run(0.6, 0.58),
]


def test_an_alarm_announces_what_happens_in_its_round_or_later() -> None:
    fall = measure.announced(RUNS, "warning", "fall")
    assert (fall["events"], fall["announced"], fall["ahead"], fall["mean_lead"]) == (2, 1, 1, 1.0)
    assert (fall["alarmed"], fall["round_0"], fall["false"], fall["without_event"]) == (3, 1, 1, 2)
    collapse = measure.announced(RUNS, "warning", "collapse")
    assert (collapse["events"], collapse["mean_lead"], collapse["false"]) == (1, 2.0, 2)


def test_round_0_is_what_a_fall_is_measured_from() -> None:
    assert measure.event_of(run(0.6, 0.551), "fall") is None
    assert measure.event_of(run(0.6, 0.549), "fall") == 1
    assert measure.event_of(run(0.0, 0.0), "collapse") is None
    assert measure.event_of(run(0.6, 0.3), "collapse") == 1


@pytest.mark.parametrize(
    ("alarm", "line", "rings"),
    [
        ("density", {"drift/density": 4.9}, True),
        ("density", {"drift/density": 20.0}, False),
        ("lost class", {"drift/collapse": 1.0}, True),
        ("lost class", {"drift/collapse": 1.0, "drift/density": 4.9}, False),
        ("churn", {"drift/churn": 0.5}, True),
        ("divergence", {"drift/class_divergence": 0.09}, False),
        ("density change", {"drift/density_change": -0.4}, True),
        ("density change", {"drift/density_change": 0.4}, False),
        ("less sure", {measure.SURE: 0.39}, True),
        ("less sure", {}, False),  # nothing was predicted
        ("surer", {measure.SURE: 0.61}, True),
    ],
)
def test_each_alarm_rings_from_its_threshold_on(
    alarm: str, line: dict[str, float], rings: bool
) -> None:
    first = {**QUIET, measure.SURE: 0.5}
    assert measure.ALARMS[alarm]({**QUIET, **line}, first) == rings


def test_a_run_that_is_the_beginning_of_another_counts_once() -> None:
    long, short, other = run(0.6, 0.5, 0.4), run(0.6, 0.5), run(0.6, 0.5, seed=1)
    assert measure.distinct([short, long, other, short]) == [long, other]


def test_stopping_is_compared_with_going_on() -> None:
    found = measure.stopping([run(0.6, 0.5, 0.3, warned=(1,)), run(0.5, 0.6, warned=(0, 1))])
    assert (found["stopped"], found["better"], found["worse"]) == (2, 1, 1)
    assert found["mean"] == pytest.approx(0.05)
    assert measure.stopping([run(0.6, 0.5, warned=(1,))])["stopped"] == 0  # there is nothing left


def test_what_a_run_is_trained_on_is_told_by_its_rounds() -> None:
    start = {"budget/tokens": 100.0}
    silver, more = {"silver/accepted_sentences": 3.0}, {"budget/tokens": 200.0}
    assert measure.kind_of([start, start | silver]) == "silver"
    assert measure.kind_of([start, start | more]) == "bought"
    assert measure.kind_of([start, start | more | silver]) == "both"
    assert measure.kind_of([start, start]) is None
