"""Several processes on one store: each step is computed once, nobody waits for the dead, nothing in
use is pruned."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sciner.loop.iteration import Iteration
from sciner.store.disk import DiskStore
from sciner.store.locks import is_held
from sciner.store.maintenance import lock, stats
from sciner.store.prune import prune
from sciner.store.store import NoStore
from tests.fakes import FakeStep
from tests.specs.test_store import turn

pytestmark = pytest.mark.slow
SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 60.0  # seconds until a process is taken to hang


def slow_step(root: Path, name: str, seconds: float) -> FakeStep:
    """A step that leaves a line in ``computed`` when it begins to be computed."""

    def make(folder: Path) -> None:
        with (root / "computed").open("a") as stream:
            stream.write(f"{name}\n")
        (folder / "half").write_text("half")
        time.sleep(seconds)
        (folder / "value").write_text(name)

    return FakeStep(name, write=make)


def want(root: Path, names: Sequence[str], seconds: float) -> None:
    store = DiskStore(root / "store")
    for name in names:
        assert store.run(slow_step(root, name, seconds)).load() == name


def want_without_flock(root: Path, names: Sequence[str], seconds: float) -> None:
    """On a file system that gives a lock to everybody."""
    fcntl.flock = lambda file, operation: None
    want(root, names, seconds)


def want_nested(root: Path, names: Sequence[str], seconds: float) -> None:
    """Each step wants the one before it while it is computed, as a prediction wants its fit's
    weights."""
    store = DiskStore(root / "store")

    def step(n: int) -> FakeStep:
        inner = slow_step(root, f"{n}", seconds)

        def make(folder: Path) -> None:
            if n:
                store.run(step(n - 1)).load()
            inner.compute(folder)

        return FakeStep(inner.name, write=make)

    for name in names:
        store.run(step(int(name))).load()


def whole_run(root: Path, scores: Any) -> None:
    """Tells how many fits it did, and its scores."""
    found = turn(DiskStore(root / "store"), iteration=Iteration(3))
    scores.put((len(found.tagger.fits), timeless(found.scores)))


def hold(root: Path, names: Sequence[str], done: Any, end: Any) -> None:
    """Use steps, live on until ``end``, and then read them."""
    store = DiskStore(root / "store")
    results = [store.run(slow_step(root, name, 0)) for name in names]
    done.set()
    end.wait(PATIENCE)
    for name, result in zip(names, results, strict=True):
        assert result.load() == name


def timeless(scores: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in s.items() if not k.startswith("time")} for s in scores]


def start(target: Callable[..., None], *args: Any) -> Any:
    process = SPAWN.Process(target=target, args=args)
    process.start()
    return process


def finish(processes: Sequence[Any]) -> None:
    for process in processes:
        process.join(PATIENCE)
        hangs = process.is_alive()
        if hangs:
            process.kill()
        assert not hangs and process.exitcode == 0


def computed(root: Path) -> list[str]:
    return sorted((root / "computed").read_text().split())


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("target", [want, want_nested, want_without_flock])
def test_each_step_is_computed_once_whatever_the_order(
    tmp_path: Path, target: Callable[..., None]
) -> None:
    orders = ("01234", "43210", "20413", "34120")
    finish([start(target, tmp_path, order, 1.0) for order in orders])
    assert computed(tmp_path) == [*"01234"]
    store = DiskStore(tmp_path / "store")
    assert len(store.listed()) == 5 and stats(store, {}).leftover.entries == 0


def test_a_killed_process_leaves_no_lock_and_its_folder_goes_with_the_next(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store")
    key = slow_step(tmp_path, "a", 0).key
    process = start(want, tmp_path, "a", PATIENCE)
    wait_for(lambda: any(store.root.glob(f"tmp/{key}.*/half")))
    (folder,) = (store.root / "tmp").iterdir()
    assert is_held(lock(store, key)) and not store.listed()
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not is_held(lock(store, key)) and folder.exists()
    began = time.monotonic()
    finish([start(want, tmp_path, "a", 0)])
    assert time.monotonic() - began < PATIENCE / 2
    assert computed(tmp_path) == ["a", "a"] and store.listed() == [key] and not folder.exists()


@pytest.mark.parametrize("target", [want, want_without_flock])
def test_a_waiting_process_takes_over_from_one_that_is_killed(
    tmp_path: Path, target: Callable[..., None]
) -> None:
    killed = start(target, tmp_path, "a", PATIENCE)
    wait_for((tmp_path / "computed").exists)
    waiting = start(target, tmp_path, "a", 0)
    time.sleep(2)
    assert waiting.is_alive()
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()  # as long as nobody has heard of its end, it counts as alive
    finish([waiting])
    assert computed(tmp_path) == ["a", "a"]


def test_pruning_never_removes_what_a_living_process_uses(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store")
    finish([start(want, tmp_path, "abcd", 0)])
    used, end = SPAWN.Event(), SPAWN.Event()
    process = start(hold, tmp_path, "ab", used, end)
    assert used.wait(PATIENCE)
    found = prune(store, 0)
    assert (len(found.removed), found.busy) == (2, 2)
    assert store.listed() == sorted(slow_step(tmp_path, name, 0).key for name in "ab")
    end.set()
    finish([process])
    assert computed(tmp_path) == [*"abcd"]  # nothing twice
    assert len(prune(store, 0).removed) == 2 and store.listed() == []


def test_a_run_that_is_pruned_all_the_while_computes_nothing_twice(tmp_path: Path) -> None:
    scores = SPAWN.Queue()
    (tmp_path / "store" / "steps").mkdir(parents=True)
    store = DiskStore(tmp_path / "store")
    process = start(whole_run, tmp_path, scores)
    pruned = 0
    while process.is_alive():
        prune(store, 0)
        pruned += 1
    fits, found = scores.get(timeout=PATIENCE)
    finish([process])
    assert pruned > 3 and fits == 4  # a round each
    assert found == timeless(turn(NoStore(), iteration=Iteration(3)).scores)
    prune(store, 0)
    assert not [p for p in store.root.rglob("*") if p.is_file()]


def test_runs_side_by_side_train_once_and_agree(tmp_path: Path) -> None:
    scores = SPAWN.Queue()
    processes = [start(whole_run, tmp_path, scores) for _ in range(4)]
    told = [scores.get(timeout=PATIENCE) for _ in processes]
    finish(processes)
    assert sum(fits for fits, _ in told) == 4
    assert all(found == told[0][1] for _, found in told)
