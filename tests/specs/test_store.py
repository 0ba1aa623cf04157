"""What the store promises: nothing is trained twice, nothing is lost, and never a wrong result."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from sciner.hashing import canonical, checksum
from sciner.loop.iteration import Iteration
from sciner.loop.outcomes import StepRecord
from sciner.loop.rounds import Round, run_rounds
from sciner.loop.steps import STEPS
from sciner.loop.steps.runner import KeepWeights, StepRunner
from sciner.policy.annotator import SimulatedAnnotator
from sciner.policy.cost import Cost
from sciner.policy.noise import Noise
from sciner.policy.seed import Amount, split
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import Fixed
from sciner.policy.threshold.curriculum import Curriculum
from sciner.store.disk import DiskStore
from sciner.store.step import Result, key_of
from sciner.store.store import NoStore, Store
from tests.fakes import FakeStep, FakeTagger, small_corpus

CORPUS = small_corpus(4, 2)
MOVING = Threshold(Curriculum((0.9, 0.7, 0.5, 0.0)), "token")  # other silver in every round


@dataclass
class Turn:
    """A run, with what it computed."""

    tagger: FakeTagger
    rounds: list[Round]

    @property
    def scores(self) -> list[dict[str, float]]:
        return [r.scores for r in self.rounds]

    @property
    def steps(self) -> list[StepRecord]:
        return [step for r in self.rounds for step in r.steps]


def turn(
    store: Store,
    threshold: Threshold = MOVING,
    iteration: Iteration = Iteration(2),  # noqa: B008
    weights: KeepWeights = "last",
    size: str = "20%",
    stop: int = 99,
    rate: float | None = None,
) -> Turn:
    """A run that ends, or is left alone, after ``stop`` rounds. rate: of the annotator's errors;
    None: it is perfect."""
    parts = split(
        CORPUS.train,
        (),
        seed=0,
        order="random",
        seed_size=Amount.parse(size),
        dev_size=Amount.parse(5),
    )
    tagger = FakeTagger(CORPUS.labels)
    steps = StepRunner(tagger, store, CORPUS.labels, weights)
    noisy = (
        None
        if rate is None
        else SimulatedAnnotator(parts.withheld(), Cost(), Noise(CORPUS.labels, rate))
    )
    rounds = run_rounds(CORPUS, parts, steps, threshold, iteration, seed=0, annotator=noisy)
    return Turn(tagger, [done for done, _ in zip(rounds, range(stop), strict=False)])


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


# nothing twice


def test_a_second_run_computes_nothing_and_says_the_same(store: DiskStore) -> None:
    first, second = turn(store), turn(store)
    assert (
        not second.tagger.fits and not second.tagger.seen and all(step.hit for step in second.steps)
    )
    assert second.scores == first.scores  # times included
    assert [r.examples for r in second.rounds] == [r.examples for r in first.rounds]
    assert [p.spans for p in second.rounds[-1].test.read()] == [
        p.spans for p in first.rounds[-1].test.read()
    ]


def test_scores_are_the_same_without_a_store(store: DiskStore) -> None:
    for iteration in (Iteration(2), Iteration(2, relabel="frozen"), Iteration(3, init="previous")):
        kept, bare = turn(store, iteration=iteration), turn(NoStore(), iteration=iteration)
        timeless = [
            [{k: v for k, v in s.items() if not k.startswith("time")} for s in t.scores]
            for t in (kept, bare)
        ]
        assert timeless[0] == timeless[1]
        assert not any(step.hit for step in bare.steps)


def test_every_threshold_shares_round_0(store: DiskStore) -> None:
    turn(store)
    other = turn(store, Threshold(Fixed(0.9)))
    assert all(step.hit for step in other.rounds[0].steps)
    assert not other.rounds[1].steps[-1].hit


def test_what_an_annotator_says_enters_by_value(store: DiskStore) -> None:
    """Without errors nothing is new; with errors every fit is, and each selection after them."""
    turn(store)
    assert all(step.hit for step in turn(store, rate=0.0).steps)
    hits = {step.step: step.hit for step in turn(store, rate=0.3).steps}
    assert not any(hits.values()) and hits.keys() == STEPS.keys() - {
        "weights",
        "rank",
        "average",
        "ask",
    }


def test_thresholds_that_accept_the_same_silver_are_the_same_training(store: DiskStore) -> None:
    turn(store, Threshold())
    other = turn(store, Threshold(Fixed(0.0), "span", "mean"))
    assert other.tagger.fits == [] and other.tagger.seen == []


def test_a_run_of_two_rounds_is_the_prefix_of_a_run_of_four(store: DiskStore) -> None:
    two, four = turn(store), turn(store, iteration=Iteration(4))
    assert four.scores[:3] == two.scores
    # the last round's weights were kept: only rounds 3 and 4 are trained
    assert len(four.tagger.fits) == 2


@pytest.mark.parametrize(("weights", "kept"), [("none", 0), ("last", 1), ("all", 3)])
def test_weights_stay_as_they_are_asked_to(
    store: DiskStore, weights: KeepWeights, kept: int
) -> None:
    turn(store, weights=weights)
    assert len(list((store.root / "steps").glob("weights-*"))) == kept


def test_weights_that_were_not_kept_are_trained_again_when_they_are_needed(
    store: DiskStore,
) -> None:
    two, four = turn(store, weights="none"), turn(store, iteration=Iteration(4), weights="none")
    assert four.scores[:3] == two.scores
    assert len(four.tagger.fits) == 3  # round 2 again, to annotate, then 3 and 4
    assert [s.step for s in four.steps if not s.hit].count("fit") == 3


def test_previous_weights_enter_the_key(store: DiskStore) -> None:
    turn(store)
    other = turn(store, iteration=Iteration(2, init="previous"))
    fits = [step.hit for step in other.steps if step.step == "fit"]
    # known; then, its weights not being kept, again; and the two that start from it
    assert fits == [True, False, False, False]


# nothing lost


@pytest.mark.parametrize("weights", ["none", "last", "all"])
@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_that_was_left_goes_on_where_it_stopped(
    store: DiskStore, weights: KeepWeights, stop: int
) -> None:
    left, resumed = turn(store, weights=weights, stop=stop), turn(store, weights=weights)
    assert resumed.scores == [*left.scores, *resumed.scores[stop:]]
    # weights of an unfinished run are there in any case
    assert len(left.tagger.fits) + len(resumed.tagger.fits) == 3


def test_a_failed_step_is_not_stored(store: DiskStore) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("out of luck")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of luck"):
            store.run(FakeStep("a", write=fail))
    assert not list((store.root / "tmp").iterdir()) and not (store.root / "steps").exists()
    assert numbers(store, "a").hit is False


def test_a_step_that_two_compute_at_once_is_waste_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a lease has ended although its holder lives."""
    monkeypatch.setattr(DiskStore, "locked", lambda self, key, **more: nullcontext())

    def overtaken(folder: Path) -> None:
        (folder / "value").write_text("half")
        assert not numbers(DiskStore(tmp_path, "lease"), "a").hit
        (folder / "value").write_text("1")

    store = DiskStore(tmp_path, "lease")
    assert store.run(FakeStep("a", write=overtaken)).load() == numbers(store, "a").load() == "1"
    assert len(store.listed()) == 1 and not list((tmp_path / "tmp").iterdir())


# never wrong


def numbers(store: Store, name: str, value: str = "1") -> Result[str]:
    """A small step's result."""
    return store.run(FakeStep(name, value))


def test_a_damaged_entry_is_set_aside_and_computed_again(
    store: DiskStore, caplog: pytest.LogCaptureFixture
) -> None:
    first = turn(store)
    for n, file in enumerate(sorted(p for p in (store.root / "steps").rglob("*") if p.is_file())):
        match n % 4:
            case 0:
                file.unlink()
            case 1:
                file.write_bytes(file.read_bytes()[:-3])  # truncated
            case 2:
                file.write_bytes(file.read_bytes()[:-1] + b"~")  # of the same length
            case 3:
                file.write_bytes(b"")
    again = turn(store)
    timeless = [
        [{k: v for k, v in s.items() if not k.startswith("time")} for s in t.scores]
        for t in (first, again)
    ]
    assert timeless[0] == timeless[1]
    assert "is damaged" in caplog.text and len(list((store.root / "aside").iterdir())) > 3
    assert all(step.hit for step in turn(store).steps)


def test_an_entry_of_a_newer_format_is_left_alone(
    store: DiskStore, caplog: pytest.LogCaptureFixture
) -> None:
    key = numbers(store, "a").key
    file = store.entry(key) / "key.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    found = numbers(store, "a", "2")
    assert found.hit is False and found.load() == "2"
    assert json.loads(file.read_text())["format"] == 99 and "newer sciner" in caplog.text


def test_an_entry_that_was_renamed_is_not_believed(store: DiskStore) -> None:
    a, b = (numbers(store, name, name).key for name in "ab")
    store.discard(a)
    store.entry(b).rename(store.entry(a))
    found = numbers(store, "a", "right")
    assert found.load() == "right"


class Strange(Exception):
    """What some library may raise."""


@dataclass(frozen=True)
class Picky(FakeStep):
    """A text that is read by a library which does not like ``torn``."""

    def load(self, folder: Path) -> str:
        if "torn" in (text := super().load(folder)):
            raise Strange(text)
        return text


def test_what_cannot_be_read_back_is_never_stored(store: DiskStore) -> None:
    with pytest.raises(Strange):
        store.run(Picky("a", "torn"))
    assert store.listed() == [] and not list((store.root / "tmp").iterdir())


def poisoned(store: DiskStore) -> str:
    """A key whose entry has valid checksums and cannot be read."""
    return store.run(FakeStep("a", "torn")).key


def test_a_stored_result_that_its_library_cannot_read_is_set_aside_and_computed_again(
    store: DiskStore, caplog: pytest.LogCaptureFixture
) -> None:
    poisoned(store)
    found = store.run(Picky("a", "whole"))
    assert found.hit and found.load() == "whole" and found.load() == "whole"
    assert "is damaged (cannot be read back, Strange: torn)" in caplog.text
    assert len([*(store.root / "aside").iterdir()]) == 1
    assert store.run(Picky("a", "never computed")).load() == "whole"


def test_a_failure_that_does_not_come_back_sets_nothing_aside(store: DiskStore) -> None:
    """Another process has replaced the entry between the reading and the lock."""
    poisoned(store)
    found = store.run(Picky("a", "never computed"))
    verify, seen = store.verify, list[str]()

    def replaced(key: str) -> None:
        if not seen:
            seen.append(key)
            store.discard(key)
            DiskStore(store.root).run(Picky("a", "theirs"))
            raise Strange
        verify(key)

    store.verify = replaced  # type: ignore[method-assign]
    assert found.load() == "theirs" and not (store.root / "aside").exists()


def test_too_little_memory_sets_nothing_aside(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = numbers(store, "a")

    def crowded(step: FakeStep, folder: Path) -> str:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(FakeStep, "load", crowded)
        with pytest.raises(MemoryError):
            found.load()
    assert found.load() == "1" and not (store.root / "aside").exists()


def test_predictions_that_prove_unreadable_while_they_are_streamed_are_made_again(
    store: DiskStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Their checksums hold, since they were taken of the torn file."""
    first = turn(store, iteration=Iteration(0))
    key = next(key for key in store.listed() if key.startswith("predict"))
    file = store.entry(key) / "part-00000.npz"
    file.write_bytes(file.read_bytes()[:-40])
    record = store.entry(key) / "key.json"
    known = json.loads(record.read_text())
    known["files"][file.name] = [file.stat().st_size, checksum(file)]
    record.write_text(json.dumps(known))
    store.verify(key)
    for evaluated in (key for key in store.listed() if key.startswith(("evaluate", "unseen"))):
        store.discard(evaluated)
    again = turn(store, iteration=Iteration(0))
    timeless = [
        [{k: v for k, v in s.items() if not k.startswith("time")} for s in t.scores]
        for t in (first, again)
    ]
    assert timeless[0] == timeless[1] and "cannot be read back, BadZipFile" in caplog.text


# keys


def test_a_key_has_one_spelling() -> None:
    assert canonical({"b": (1, None, True), "a": "ü"}) == canonical(
        {"a": "ü", "b": [1, None, True]}
    )
    assert len({key_of("fit", 1, {"a": value}) for value in (1, 1.0, True, "1", None, [1])}) == 6


@pytest.mark.parametrize("value", [{1, 2}, Path("a"), float("nan"), {1: "a"}, b"a", complex(1)])
def test_a_key_refuses_what_it_does_not_know(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"a": value})


def test_numpy_scalars_are_refused() -> None:
    import numpy as np

    for value in (np.float64(1), np.int64(1), np.bool_(True)):
        with pytest.raises(TypeError):
            canonical(value)


GOLDEN = {
    "fit": "fit-v2-4d5b337bc4b0de1ab",
    "predict": "predict-v4-568f1e0b0a7f1",
    "evaluate": "evaluate-v2-8ff23c4e6ec1",
    "drift": "drift-v1-c07c68f506f0ed9",
    "select": "select-v4-b88148b3dbc7c2",
    "unseen_entities": "unseen_entities-v1-09f20",
}


def test_golden_keys() -> None:
    """A change of any key makes every store forget: it must be meant, and is then a reviewed diff
    of this table."""
    last = {step.step: step.key for step in turn(NoStore()).steps}
    assert {name: key[:24] for name, key in last.items()} == GOLDEN
