"""What is said of a step is what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from sciner.loop import steps as package
from sciner.loop.iteration import Iteration
from sciner.loop.steps import STEPS
from sciner.policy.acquisition.base import STRATEGIES
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.diversity_sampling import KMeans
from sciner.policy.acquisition.uncertainty_sampling import Fluctuation
from sciner.policy.seed import Amount
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.precision import Precision
from sciner.store.disk import DiskStore
from sciner.store.step import Result, Step
from tests.fakes import small_corpus
from tests.specs.test_llm import language_model
from tests.specs.test_loop import parts_of, turn


@dataclass
class RecordingStore(DiskStore):
    """Notes every step that is run, by its name."""

    steps: dict[str, list[Step[Any]]] = field(default_factory=dict, init=False)

    def run(self, step: Step[Any]) -> Result[Any]:
        self.steps.setdefault(step.NAME, []).append(step)
        return super().run(step)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordingStore:
    """A store that every step was run in, ``rank`` for policies that need all there is, and all
    that have settings."""
    corpus, store = small_corpus(2, 1), RecordingStore(tmp_path_factory.mktemp("store"))
    for strategy in (Fluctuation(), KMeans(), *(s() for s in STRATEGIES.values() if fields(s))):
        acquire = Acquire(strategy, Amount(5))
        turn(corpus, iteration=Iteration(1), parts=parts_of(corpus), store=store, acquire=acquire)
    mixed = Iteration(1, gold_share=0.5, teachers=2)
    turn(corpus, Threshold(Precision(0.5)), mixed, parts_of(corpus), store=store)
    list(language_model(store=store).fit([], seed=0).predict(corpus.test[:1]))
    return store


def test_every_step_of_the_package_is_known_by_its_name() -> None:
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)
    stored = (package.__name__, "sciner.tagger.")
    found = {step for step in Step.__subclasses__() if step.__module__.startswith(stored)}
    assert found == set(STEPS.values()) and all(name == step.NAME for name, step in STEPS.items())


@pytest.mark.parametrize("name", STEPS)
def test_every_input_has_a_meaning_and_no_other_name_has(store: RecordingStore, name: str) -> None:
    found = {input for step in store.steps[name] for input in step.inputs()}
    assert found == set(STEPS[name].INPUTS)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_shows_figures_of_what_it_left(store: RecordingStore, name: str) -> None:
    folder = store.entry(store.steps[name][0].key)
    found: Mapping[str, float] = STEPS[name].figures(folder)
    assert all(isinstance(value, int | float) for value in found.values())
    assert bool(found) == (name != "weights")


def test_a_known_step_reads_as_a_computed_one(store: RecordingStore, tmp_path: Path) -> None:
    for step in (store.steps[name][0] for name in ("rank", "select", "drift")):
        assert step.load(store.entry(step.key)) == DiskStore(tmp_path).run(step).load()
