"""The store looked after: nothing in use goes, the least recently used goes first, and two runs
tell where they part."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.loop.iteration import Iteration
from sciner.loop.steps import STEPS
from sciner.loop.steps.fit import Fit
from sciner.policy.threshold.accept import Threshold
from sciner.policy.threshold.constant import Fixed
from sciner.results.compare import Difference, diff
from sciner.results.folder import RunFolder
from sciner.store.disk import DiskStore
from sciner.store.lineage import describe
from sciner.store.locks import held, leased
from sciner.store.maintenance import entries, open_store, stats, verify
from sciner.store.prune import bytes_of, evict, prune
from sciner.store.step import Result
from sciner.store.store import NoStore, Store
from tests.fakes import FakeStep
from tests.specs.test_store import Turn, turn

NOW = {FakeStep.NAME: FakeStep.VERSION}  # the versions of all steps
SURE, SURER = (Threshold(Fixed(bar)) for bar in (0.5, 0.9))


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


def kept(store: Store, name: str, size: int = 1000, age: int = 0) -> Result[str]:
    """A step of ``size`` bytes that was last used ``age`` seconds ago."""
    found = store.run(FakeStep(name, "x" * size))
    if isinstance(store, DiskStore):
        file = store.entry(found.key) / "key.json"
        os.utime(file, (file.stat().st_mtime - age,) * 2)
    return found


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def ended(store: DiskStore) -> None:
    """As if the process that filled ``store`` were gone: the kernel has dropped its lease's
    lock."""
    store.lease._lock.release()


# what is there


def test_every_entry_is_counted_once(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(store, "a")
    newer, broken = kept(store, "b"), kept(store, "c")
    file = store.entry(newer.key) / "key.json"
    write(file, json.dumps(json.loads(file.read_text()) | {"format": 99}))
    (store.entry(broken.key) / "key.json").unlink()
    monkeypatch.setattr(FakeStep, "VERSION", 2)
    kept(store, "a", 3000)
    write(store.root / "tmp" / "fit-v1-dead" / "half", "x" * 10)
    write(store.root / "aside" / "fit-v1-old.12" / "value", "x" * 20)
    now = {"text": 2}
    found = stats(store, now)
    assert found.steps["text"].entries == 1 and found.steps["text"].bytes > 3000
    assert {state: total.entries for state, total in found.others.items()} == {
        "other version": 1,
        "newer format": 1,
        "damaged": 1,
    }
    assert found.total.entries == 4 and found.total.bytes == sum(
        e.bytes for e in entries(store, now)
    )
    assert (found.leftover.bytes, found.aside.bytes) == (10, 20)


def test_what_is_being_computed_is_no_leftover(store: DiskStore) -> None:
    write(store.root / "tmp" / "fit-v1-a" / "half", "x")
    with store.locked("fit-v1-a"), store.locked("fit-v1-b"):
        (store.root / "steps").mkdir()
        assert stats(store, NOW).leftover.entries == 0
        assert prune(store, 0).leftover == 0 and (store.root / "tmp" / "fit-v1-a").exists()
    assert prune(store, 0).leftover == 1 and not (store.root / "tmp" / "fit-v1-a").exists()


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no store; give --dir"):
        open_store(tmp_path / "store")


def test_verify_sets_aside_what_is_damaged_and_nothing_else(store: DiskStore) -> None:
    whole, broken, newer = (kept(store, name) for name in "abc")
    write(store.entry(broken.key) / "value", "y" * 1000)
    file = store.entry(newer.key) / "key.json"
    write(file, json.dumps(json.loads(file.read_text()) | {"format": 99}))
    seen: list[int] = []
    found = verify(store, seen.append)
    assert (found.whole, found.newer, found.damaged) == (1, 1, {broken.key: "value has changed"})
    assert store.listed() == sorted([whole.key, newer.key]) and seen == [1, 1, 1]
    assert verify(store).damaged == {}


def test_what_another_process_has_computed_again_is_not_set_aside(store: DiskStore) -> None:
    first = kept(store, "a")
    write(store.entry(first.key) / "value", "")
    store.set_aside_if_damaged(first.key, Path.stat)
    kept(DiskStore(store.root), "a")
    assert store.set_aside_if_damaged(first.key, Path.stat) is None and store.has(first.key)


def test_a_reader_that_wants_what_was_never_written_is_told_so(store: DiskStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.run(FakeStep("a", write=lambda folder: None)).load()
    assert not (store.root / "aside").exists()


# what may go


def test_the_least_recently_used_go_first_and_only_as_many_as_must(store: DiskStore) -> None:
    old, middle, new = (
        kept(store, name, age=age) for name, age in (("a", 300), ("b", 200), ("c", 100))
    )
    ended(store)
    kept(DiskStore(store.root), "a")  # used again, by a process that has ended since
    size = {entry.key: entry.bytes for entry in entries(store, NOW)}
    limit = size[old.key] + size[new.key]
    would = prune(store, limit, dry_run=True)
    assert store.listed() == sorted(size)
    done = prune(store, limit)
    assert [e.key for e in would.removed] == [e.key for e in done.removed] == [middle.key]
    assert (done.freed, done.left) == (size[middle.key], limit) and store.listed() == sorted(
        [old.key, new.key]
    )


def test_what_a_living_process_uses_stays(store: DiskStore) -> None:
    other = DiskStore(store.root)
    used, free, busy = (
        kept(store, "a", age=300),
        kept(other, "b", age=200),
        kept(other, "c", age=400),
    )
    ended(other)
    with held(store.root / "locks" / f"{busy.key}.lock"):
        for dry_run in (True, False):
            found = prune(DiskStore(store.root), 0, dry_run=dry_run)
            assert ([e.key for e in found.removed], found.busy) == ([free.key], 2)
    assert store.listed() == sorted([used.key, busy.key])


def test_an_entry_that_comes_into_use_while_it_is_pruned_is_put_back(store: DiskStore) -> None:
    found = kept(store, "a")
    assert not evict(store, found.key)  # the lease is read once more, after the entry was moved
    assert found.load() == "x" * 1000 and not [*(store.root / "tmp").iterdir()]


def test_what_dead_processes_left_goes_and_what_was_set_aside_only_if_asked(
    store: DiskStore,
) -> None:
    kept(store, "a")
    ended(store)
    write(store.root / "tmp" / "fit-v1-dead" / "half", "x" * 10)
    write(store.root / "tmp" / "fit-v1-gone.12" / "half", "x" * 10)
    write(store.root / "aside" / "fit-v1-old.12" / "value", "x" * 20)
    found = prune(store, 10**9)
    assert (found.removed, found.freed, found.leftover, found.leases, found.aside) == (
        (),
        20,
        2,
        1,
        0,
    )
    assert found.locks > 0 and not [
        p for name in ("tmp", "leases", "locks") for p in (store.root / name).iterdir()
    ]
    assert prune(store, 10**9, aside=True).freed == 20 and not [*(store.root / "aside").iterdir()]


def test_a_lease_counts_until_its_process_ends(store: DiskStore) -> None:
    key = kept(store, "a").key
    kept(store, "a")
    assert leased(store.root / "leases") == {key} and store.lease.place.read_text() == f"{key}\n"
    ended(store)
    assert leased(store.root / "leases") == set()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20 * 10**9),
        ("1.5 kb", 1500),
        ("512MiB", 2**29),
        ("0", 0),
        ("0GB", 0),
        ("2tb", 2 * 10**12),
    ],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["20", "-1GB", "GB", "20 Gb/s", "", "1e9", "20,5GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="20GB, 500MB"):
        bytes_of(text)


# two runs


def folder_of(place: Path, done: Turn, **config: object) -> Path:
    """``done`` as a run's folder."""
    folder = RunFolder.create(place, config)
    for one in done.rounds:
        folder.write_round(one)
    return place


def test_two_runs_part_at_the_first_step_that_differs(store: DiskStore, tmp_path: Path) -> None:
    a = folder_of(
        tmp_path / "a", turn(store, SURE, Iteration(1)), threshold={"min_confidence": 0.5}, seed=0
    )
    b = folder_of(
        tmp_path / "b", turn(store, SURER, Iteration(1)), threshold={"min_confidence": 0.9}, seed=0
    )
    found = diff(store, a, b / "rounds.jsonl")
    first, fit = found.partings
    assert (
        first.round == 1
        and first.cause
        and first.cause.inputs == (Difference("threshold.min_confidence", 0.5, 0.9),)
    )
    assert fit.round == 1 and fit.cause and [d.name for d in fit.cause.inputs] == ["examples"]
    # a training set is followed to what selected it
    assert [c.a for c in fit.cause.because] == [first.a]
    assert found.config == (Difference("threshold.min_confidence", 0.5, 0.9),)
    alone = diff(None, a, b).partings[0].cause
    assert alone and alone.missing == (first.a, first.b) and not alone.inputs


def test_what_was_pruned_is_named_and_the_next_step_that_is_known_explained(
    store: DiskStore, tmp_path: Path
) -> None:
    a, b = (
        folder_of(tmp_path / str(n), turn(store, t, Iteration(1)))
        for n, t in enumerate((SURE, SURER))
    )
    first = diff(store, a, b).partings[0]
    store.discard(first.b or "")
    again = diff(store, a, b).partings
    assert again[0].cause and again[0].cause.missing == (first.b,)
    assert again[1].cause and [d.name for d in again[1].cause.inputs] == ["examples"]


def test_a_run_and_its_repetition_are_the_same_computation(
    store: DiskStore, tmp_path: Path
) -> None:
    turn(store, SURE, Iteration(1), weights="none")
    # trains round 1 again, which is no step of round 2
    longer = turn(store, SURE, Iteration(2), weights="none")
    a, b = (
        folder_of(tmp_path / "a", longer),
        folder_of(tmp_path / "b", turn(NoStore(), SURE, Iteration(2))),
    )
    assert diff(store, a, b).partings == ()


def test_a_run_that_ended_sooner_parts_where_it_ends(store: DiskStore, tmp_path: Path) -> None:
    a, b = (folder_of(tmp_path / str(n), turn(store, SURE, Iteration(n))) for n in (0, 1))
    (parting,) = diff(store, a, b).partings
    assert (parting.round, parting.a, parting.cause) == (1, None, None) and parting.b


def test_other_gold_parts_the_runs_in_round_0(store: DiskStore, tmp_path: Path) -> None:
    a, b = (
        folder_of(tmp_path / size, turn(store, SURE, Iteration(0), size=size), size=size)
        for size in ("20%", "30%")
    )
    (parting,) = diff(store, a, b).partings
    assert (
        parting.round == 0
        and parting.cause
        and [d.name for d in parting.cause.inputs] == ["examples"]
    )


def test_another_version_of_a_step_parts_the_runs(
    store: DiskStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = folder_of(tmp_path / "a", turn(store, SURE, Iteration(0)))
    now = Fit.VERSION
    monkeypatch.setattr(Fit, "VERSION", now + 1)
    (parting,) = diff(store, a, folder_of(tmp_path / "b", turn(store, SURE, Iteration(0)))).partings
    assert parting.cause and parting.cause.inputs == (
        Difference("version", f"v{now}", f"v{now + 1}"),
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [(None, "no rounds.jsonl"), ("{}", "older than the store"), ("[", ":1: this is no")],
)
def test_what_is_no_run_is_refused(tmp_path: Path, line: str | None, fault: str) -> None:
    if line:
        write(tmp_path / "rounds.jsonl", line)
    with pytest.raises(InputError, match=fault):
        diff(None, tmp_path, tmp_path)


def test_a_result_shows_the_chain_it_was_computed_from(store: DiskStore) -> None:
    last = {step.step: step.key for step in turn(store, SURE, Iteration(1)).steps}
    found = describe(store, last["evaluate"][:20], STEPS)
    assert (found.key, found.step) == (last["evaluate"], "evaluate") and "f1/micro" in found.results
    predicted = found.origins[0]
    assert (predicted.name, predicted.key, predicted.there) == (
        "predictions",
        last["predict"],
        True,
    )
    assert [origin.key for origin in predicted.origins] == [last["fit"]]
    store.discard(last["predict"])
    assert not describe(store, last["evaluate"], STEPS).origins[0].there
    assert describe(store, last["select"], STEPS).results["sentences accepted"] > 0
    assert describe(store, last["fit"], STEPS).results["steps"] == 1


def test_a_beginning_that_names_no_entry_or_several_is_refused(store: DiskStore) -> None:
    for name in "ab":
        kept(store, name)
    for prefix, fault in (("text-", "2 entries begin"), ("select", "no entry begins")):
        with pytest.raises(InputError, match=fault):
            describe(store, prefix, STEPS)
