"""A store pushed to a mirror and pulled from it: entries arrive complete, once, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciner.errors import InputError
from sciner.loop.steps.files import read_all, write_json
from sciner.store.disk import DiskStore
from sciner.store.entry import files_in
from sciner.store.mirror import Mirror
from sciner.store.transfer import Copied, pull, push
from tests.fakes import FakeStep
from tests.specs.test_store import turn


@pytest.fixture(params=["file", "memory"])
def mirror(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mirror:
    place = tmp_path / "mirror" if request.param == "file" else f"/{uuid.uuid4().hex}"
    if request.param == "memory":  # whose files have one position for all readers
        monkeypatch.setattr("sciner.store.transfer.AT_ONCE", 1)
    return Mirror.open(f"{request.param}://{place}")


@pytest.fixture
def stores(tmp_path: Path) -> list[DiskStore]:
    return [DiskStore(tmp_path / name) for name in "ab"]


def filled(store: DiskStore, *names: str, text: str = "x") -> list[str]:
    """An entry for each name, with a file of its own and one that all share. Returns the keys."""

    def write(name: str) -> Callable[[Path], None]:
        def both(folder: Path) -> None:
            (folder / "value").mkdir()
            write_json(folder / "own.json", name + text)
            write_json(folder / "value" / "shared.json", text)

        return both

    class Json(FakeStep):
        def load(self, folder: Path) -> str:
            return (folder / "own.json").read_text()

    return [store.run(Json(name, write=write(name))).key for name in names]


def contents(store: DiskStore) -> dict[str, bytes]:
    return {
        str(file.relative_to(store.root)): file.read_bytes()
        for key in store.listed()
        for file in files_in(store.entry(key))
    }


def size(store: DiskStore) -> int:
    return sum(map(len, contents(store).values()))


def there(mirror: Mirror) -> dict[str, bytes]:
    """The files of a mirror, by the last two parts of their names."""
    found = mirror.files.find(mirror.root)
    return {"/".join(path.split("/")[-2:]): mirror.files.cat_file(path) for path in found}


def test_what_is_pulled_is_what_was_pushed(mirror: Mirror, stores: list[DiskStore]) -> None:
    """A run computes nothing of it again."""
    ours, theirs = stores
    first = turn(ours)
    pushed, pulled = push(ours, mirror), pull(theirs, mirror, read_all)
    assert contents(theirs) == contents(ours)
    assert pushed.entries == pulled.entries == len(ours.listed()) and not pulled.refused
    assert pushed.bytes == pulled.bytes == size(ours)
    again = turn(theirs)
    assert all(step.hit for step in again.steps) and again.scores == first.scores
    assert not list((theirs.root / "tmp").iterdir())


def test_what_is_there_is_not_copied_again(mirror: Mirror, stores: list[DiskStore]) -> None:
    ours, theirs = stores
    filled(ours, "a", "b")
    push(ours, mirror)
    pull(theirs, mirror, read_all)
    before = there(mirror)
    assert push(ours, mirror) == pull(theirs, mirror, read_all) == Copied(there=2)
    assert there(mirror) == before
    filled(theirs, "c")
    assert push(theirs, mirror).entries == pull(ours, mirror, read_all).entries == 1
    # the file that all entries share is there once
    assert len([name for name in there(mirror) if name.startswith("files/")]) == 4


def test_a_dry_run_says_what_would_be_copied_and_copies_nothing(
    mirror: Mirror, stores: list[DiskStore]
) -> None:
    ours, theirs = stores
    filled(ours, "a", "b")
    said = push(ours, mirror, dry_run=True)
    assert there(mirror) == {} and push(ours, mirror) == said
    said = pull(theirs, mirror, read_all, dry_run=True)
    assert not theirs.root.exists() and pull(theirs, mirror, read_all) == said
    assert said == Copied(2, size(ours))


@pytest.mark.parametrize("files", range(5))
def test_a_push_that_stops_anywhere_shows_complete_entries_and_goes_on(
    mirror: Mirror, stores: list[DiskStore], files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops when so many files are there, and half of another."""
    ours, theirs = stores
    filled(ours, "a", "b")
    put_file, left = type(mirror.files).put_file, iter(range(files))

    def stopping(self: Any, file: str, place: str, **more: Any) -> None:
        if next(left, None) is None:
            self.pipe_file(place, Path(file).read_bytes()[:1])
            raise ConnectionError("the network is down")
        put_file(self, file, place, **more)

    with monkeypatch.context() as patch:
        patch.setattr("sciner.store.transfer.AT_ONCE", 1)
        patch.setattr(type(mirror.files), "put_file", stopping)
        with pytest.raises(InputError, match=r"the network is down; .* repeat the command"):
            push(ours, mirror)
    shown = len(mirror.keys())
    assert shown == max(0, files - 1) // 2
    if shown:
        assert pull(theirs, mirror, read_all) == Copied(shown, size(theirs))
    assert push(ours, mirror).entries == 2 - shown
    assert not pull(theirs, mirror, read_all).refused and contents(theirs) == contents(ours)


def test_clients_that_computed_different_results_leave_complete_entries(
    mirror: Mirror, stores: list[DiskStore], tmp_path: Path
) -> None:
    """The results of two processes may differ in the last digits, and in their seconds."""
    names = [str(n) for n in range(20)]
    for store, text in zip(stores, "xy", strict=True):
        filled(store, *names, text=text)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda store: push(store, mirror), stores))
    third = DiskStore(tmp_path / "c")
    assert pull(third, mirror, read_all).entries == 20
    either = [contents(store) for store in stores]
    for name, data in contents(third).items():
        assert data in (either[0][name], either[1][name])


def damaged_file(mirror: Mirror, key: str, change: Callable[[bytes], bytes]) -> str:
    """Change a file of an entry, and return its name in the mirror."""
    record = json.loads(mirror.files.cat_file(f"{mirror.root}/steps/{key}.json"))
    _, sha256 = record["files"]["own.json"]
    place = f"{mirror.root}/files/{sha256}"
    mirror.files.pipe_file(place, change(mirror.files.cat_file(place)))
    return str(sha256)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:-1], "own.json is missing or incomplete"),
        (lambda data: b"?" * len(data), "own.json has changed"),
    ],
)
def test_a_damaged_file_is_refused(
    mirror: Mirror,
    stores: list[DiskStore],
    change: Callable[[bytes], bytes],
    why: str,
) -> None:
    ours, theirs = stores
    bad, good = filled(ours, "a", "b")
    push(ours, mirror)
    sha256 = damaged_file(mirror, bad, change)
    assert pull(theirs, mirror, read_all).refused == {bad: why}
    assert theirs.listed() == [good] and not list((theirs.root / "tmp").iterdir())
    # as the docs say
    mirror.files.rm([f"{mirror.root}/files/{sha256}", f"{mirror.root}/steps/{bad}.json"])
    assert push(ours, mirror).entries == pull(theirs, mirror, read_all).entries == 1


def test_a_record_of_other_inputs_is_refused(mirror: Mirror, stores: list[DiskStore]) -> None:
    ours, theirs = stores
    bad, good = filled(ours, "a", "b")
    push(ours, mirror)
    steps = f"{mirror.root}/steps"
    mirror.files.pipe_file(f"{steps}/{bad}.json", mirror.files.cat_file(f"{steps}/{good}.json"))
    refused = {bad: "key.json names other inputs"}
    assert pull(theirs, mirror, read_all, dry_run=True).refused == refused
    assert pull(theirs, mirror, read_all).refused == refused and theirs.listed() == [good]


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ('{"files": {"x.json": [Infinity, ""]}}', "key.json is missing or broken, OverflowError"),
        ('{"seconds": NaN}', "key.json is missing or broken, ValueError"),
        ('{"created": 1e300}', "key.json is missing or broken, ValueError"),
        (f'{{"files": {DEEP}', "key.json is missing or broken, RecursionError"),
        ('{"files": {"a.json": "A", "a.json/b.json": "A"}}', "'a.json/b.json' cannot be a file"),
        ('{"files": {"key.json/b.json": "A"}}', "'key.json/b.json' cannot be a file"),
        (f'{{"files": {{"{"x" * 300}.json": "A"}}}}', f"'{'x' * 300}.json' cannot be a file"),
        ('{"files": {"huge.npy": "B"}}', "it needs more memory than there is"),
    ],
)
def test_a_record_that_was_made_to_stop_the_copying_is_refused_alone(
    mirror: Mirror, stores: list[DiskStore], record: str, why: str
) -> None:
    ours, theirs = stores
    bad, *good = filled(ours, "a", "b", "c")
    push(ours, mirror)
    place = f"{mirror.root}/steps/{bad}.json"
    known = json.loads(mirror.files.cat_file(place))
    claim = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**14,)}
    np.lib.format.write_array_header_1_0(claim, shape)
    for letter, data in (("A", b"0"), ("B", claim.getvalue())):
        sha256 = hashlib.sha256(data).hexdigest()
        mirror.files.pipe_file(f"{mirror.root}/files/{sha256}", data)
        record = record.replace(f'"{letter}"', f'[{len(data)}, "{sha256}"]')
    rest = json.dumps({k: v for k, v in known.items() if f'"{k}"' not in record})
    mirror.files.pipe_file(place, f"{rest[:-1]}, {record[1:]}".encode())
    copied = pull(theirs, mirror, read_all)
    assert sorted(theirs.listed()) == sorted(good) and copied.refused.keys() == {bad}
    assert copied.refused[bad].startswith(why)
    # the same in a store's own entry: its step is computed again
    (ours.entry(bad) / "key.json").write_text(f"{rest[:-1]}, {record[1:]}")
    if "key.json is" in why:
        assert filled(ours, "a") == [bad]


def test_what_cannot_be_read_back_is_refused_though_its_checksum_is_right(
    mirror: Mirror, stores: list[DiskStore]
) -> None:
    ours, theirs = stores

    def write(folder: Path) -> None:
        (folder / "order.npy").write_bytes(b"no array")
        (folder / "value").mkdir()
        write_json(folder / "value" / "x.json", "")

    class Array(FakeStep):
        def load(self, folder: Path) -> str:
            return ""

    key = ours.run(Array("a", write=write)).key
    push(ours, mirror)
    (refused,) = pull(theirs, mirror, read_all).refused.items()
    assert refused[0] == key and "cannot be read back" in refused[1] and not theirs.listed()


def test_neither_damaged_entries_nor_files_that_may_run_code_are_pushed(
    mirror: Mirror, stores: list[DiskStore]
) -> None:
    ours, _ = stores
    (bad,) = filled(ours, "a")
    (ours.entry(bad) / "own.json").write_text("{}")
    pickled = ours.run(FakeStep("b", write=lambda folder: (folder / "value").write_text(""))).key
    refused = push(ours, mirror).refused
    assert refused[bad].startswith("own.json has 2 bytes") and mirror.keys() == []
    assert refused[pickled].startswith("value is no kind of file that sciner writes")


def test_what_another_process_is_computing_is_left_to_it(
    mirror: Mirror, stores: list[DiskStore]
) -> None:
    ours, theirs = stores
    (key,) = filled(ours, "a")
    with ours.locked(key):
        assert push(ours, mirror) == Copied(busy=1) and mirror.keys() == []
    push(ours, mirror)
    with theirs.locked(key):
        assert pull(theirs, mirror, read_all) == Copied(busy=1) and not theirs.has(key)


def test_a_damaged_entry_of_the_store_is_replaced(mirror: Mirror, stores: list[DiskStore]) -> None:
    ours, _ = stores
    (key,) = filled(ours, "a")
    push(ours, mirror)
    (ours.entry(key) / "key.json").unlink()
    assert pull(ours, mirror, read_all).entries == 1 and ours.has(key)
    assert len(list((ours.root / "aside").iterdir())) == 1


def test_there_must_be_a_mirror(mirror: Mirror, stores: list[DiskStore]) -> None:
    with pytest.raises(InputError, match="there is no mirror"):
        pull(stores[0], mirror, read_all)
