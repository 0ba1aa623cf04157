"""Hydra's words for a sweep are Optuna's distributions, and what Optuna suggests are Hydra's words
again."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("optuna")

import optuna
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sciner.errors import InputError
from sciner.search.space import Space, read_space

LR = "model.lr"


def space_of(*words: str) -> Space:
    return read_space(OverridesParser.create().parse_overrides(list(words)))


def read_back(words: list[str]) -> dict[str, Any]:
    return {o.key_or_group: o.value() for o in OverridesParser.create().parse_overrides(words)}


@pytest.mark.parametrize(
    ("sweep", "expected", "corners"),
    [
        ("0.1,0.5,2", CategoricalDistribution(("0.1", "0.5", "2")), ["0.1", "0.5", "2"]),
        ("choice(a,b,a)", CategoricalDistribution(("a", "b")), ["a", "b"]),
        ("choice([1,2],[3])", CategoricalDistribution(("[1,2]", "[3]")), ["[1,2]", "[3]"]),
        ("range(2,7)", IntDistribution(2, 6), ["2", "6"]),
        ("range(2,9,3)", IntDistribution(2, 8, step=3), ["2", "8"]),
        ("range(9,2,-3)", IntDistribution(3, 9, step=3), ["3", "9"]),
        ("range(0.5,1.25,0.25)", FloatDistribution(0.5, 1.0, step=0.25), ["0.5", "1.0"]),
        ("tag(log,range(1,65))", IntDistribution(1, 64, log=True), ["1", "64"]),
        ("interval(0.5,0.95)", FloatDistribution(0.5, 0.95), ["0.5", "0.95"]),
        ("interval(10,100)", FloatDistribution(10.0, 100.0), ["10.0", "100.0"]),
        ("int(interval(10,100))", IntDistribution(10, 100), ["10", "100"]),
        (
            "tag(log,interval(1e-5,5e-4))",
            FloatDistribution(1e-5, 5e-4, log=True),
            ["1e-05", "0.0005"],
        ),
        ("tag(log,int(interval(1,100)))", IntDistribution(1, 100, log=True), ["1", "100"]),
        ("interval(3,3)", FloatDistribution(3, 3), ["3.0"]),
    ],
)
def test_a_sweep_is_the_distribution_that_it_says(
    sweep: str, expected: Any, corners: list[str]
) -> None:
    space = space_of(f"{LR}={sweep}")
    assert space.axes == {LR: expected}
    assert list(space.corners()) == [[f"{LR}={value}"] for value in corners]


def test_corners_change_one_key_after_the_other() -> None:
    space = space_of("seed=3", "model.c1=interval(0,1)", "threshold=fixed,quantile,accept_all")
    assert list(space.corners()) == [
        ["seed=3", f"model.c1={c1}", f"threshold={kind}"]
        for c1, kind in (
            ("0.0", "fixed"),
            ("1.0", "fixed"),
            ("0.0", "quantile"),
            ("0.0", "accept_all"),
        )
    ]


def test_what_is_suggested_lies_in_the_space_and_is_what_the_trial_remembers() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    words = (
        "model.lr=tag(log,interval(1e-7,1e-1))",
        "model.steps=range(10,100,30)",
        "+model.x=choice([1,2],'a b')",
        "seed=3",
    )
    for _ in range(50):
        space, trial = space_of(*words), study.ask()
        told = read_back(space.suggest(trial))
        assert 1e-7 <= told["model.lr"] == trial.params["model.lr"] <= 0.1
        assert told["model.steps"] == trial.params["model.steps"] and told["model.steps"] in (
            10,
            40,
            70,
        )
        assert told["model.x"] in ([1, 2], "a b") and told["seed"] == 3


def test_a_later_word_replaces_an_earlier_one_of_its_key() -> None:
    space = space_of("model.c1=interval(0,1)", "model.c2=1,2", "model.c1=0.3")
    assert (space.fixed, list(space.axes)) == (("model.c1=0.3",), ["model.c2"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("model.lr=1", "there is nothing to search"),
        ("model.lr=interval(2,1)", "model.lr=interval(2,1): `low <= high` must hold"),
        ("model.lr=range(2,2)", "model.lr=range(2,2) is empty"),
        ("model.lr=tag(log,interval(0,1))", "model.lr=tag(log,interval(0,1)): `low > 0` must hold"),
        (
            "model.lr=tag(lgo,interval(1,2))",
            "model.lr=tag(lgo,interval(1,2)): unknown tag lgo; did you mean 'log'?",
        ),
        ("seed=1,2", "seed=1,2: a search over seeds finds luck"),
        (
            "data.dev_size=10%,20%",
            "data.dev_size=10%,20%: data.dev_size says what a search is measured on",
        ),
        ("data=sample,scierc", "data=sample,scierc: data says what a search is measured on"),
        (
            "annotator.rate=0.1,0.2",
            "annotator.rate=0.1,0.2: annotator.rate says what a search is measured on",
        ),
        ("search=dev,cross_fit", "search=dev,cross_fit: search says what a search is about"),
        ("store=disk,none", "store=disk,none: store says what a search is about"),
    ],
)
def test_what_no_search_can_mean_is_refused(words: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        space_of(*words.split(" "))
    assert str(caught.value).startswith(told)
