"""A point of a sweep has the values that Hydra composes, however they were found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import compose
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.launch import points
from sciner.launch.overrides import composing
from sciner.launch.points import Bases, composed_values, values_of

FILES = ["threshold=fixed", "model=crf", "data=files", "iteration=robust", "acquire=bald"]
KEYS = [
    *("seed", "data.limit", "data.seed_size", "data.train", "threshold.min_confidence", "model"),
    *(
        "iteration.rounds",
        "model.c1",
        "store.dir",
        "sed",
        "data.seed_size.x",
        "data",
        "data.train.0",
    ),
]
VALUES = [
    *("3", "1.5", "-1e-3", "null", "true", "10%", "'a b'", '"a,b"', "", "???", "[1,2]", "[]"),
    *("{a: 1}", "${seed}", "'x${seed}'", r"\${seed}", "1_000", "nan"),
]
WORDS = st.sampled_from(FILES) | st.builds(
    "{}{}={}".format, st.sampled_from(["", "", "", "+", "++"]), st.sampled_from(KEYS),
    st.sampled_from(VALUES),
)  # fmt: skip
BASES: Bases = {}


def both(words: list[str]) -> list[Any]:
    """The values that we compose, and those that Hydra composes; None where they are refused."""
    found: list[Any] = []
    for values in (
        lambda: composed_values(words, BASES),
        lambda: values_of(compose("run", words)),
    ):
        try:
            with composing():
                found.append(repr(values()))  # nan is not equal to itself
        except InputError:  # of several, each may name another one first
            found.append(None)
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WORDS, max_size=5))
def test_the_values_of_any_overrides_are_those_that_hydra_composes(words: list[str]) -> None:
    ours, hydras = both(words)
    assert ours == hydras


@pytest.mark.parametrize(
    "words",
    [
        ["seed=3", "model=crf", "data.seed_size=10%", "store.dir='a b'", "seed=4", "data.limit=5"],
        ["data=files", "data.train=[a,b]", "data.dev=null", "data.name='${seed}'"],
    ],
)  # fmt: skip
def test_plain_values_and_others_are_those_that_hydra_composes(words: list[str]) -> None:
    ours, hydras = both(words)
    assert ours == hydras


def test_points_that_differ_in_plain_values_are_composed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bases: Bases = {}
    with composing():
        first = composed_values(["seed=1", "model=crf"], bases)
        monkeypatch.setattr(points, "compose_base", None)
        monkeypatch.setattr(points, "set_values", None)
        second = composed_values(["model=crf", "seed=2", "data.limit=50"], bases)
    assert first["seed"] == 1 and first["data"]["limit"] is None
    assert second["seed"] == 2 and second["data"]["limit"] == 50
    assert second["model"] == first["model"]


def test_a_value_that_refers_to_another_follows_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text("defaults: [sample]\nlimit: ${seed}\n")
    words = [f"hydra.searchpath=[file://{tmp_path}]", "data=mine", "seed=7"]
    with composing():
        assert composed_values(words, {})["data"]["limit"] == 7
