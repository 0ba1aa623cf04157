"""A step's key and its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sciner.store.disk import DiskStore
from sciner.store.step import KEY, Step, short_key, step_of
from sciner.store.store import NoStore
from tests.fakes import FakeStep


@dataclass(frozen=True)
class Digits(Step[Iterator[str]]):
    """Five files, read one by one. computed: a line each time that they are written."""

    NAME = "five_digits"
    VERSION = 12
    INPUTS: ClassVar = {}
    RESULT = "five digits"

    computed: list[str]

    def inputs(self) -> Mapping[str, Any]:
        return {}

    def compute(self, folder: Path) -> None:
        self.computed.append("once")
        for digit in "01234":
            (folder / digit).write_text(digit)

    def load(self, folder: Path) -> Iterator[str]:
        return ((folder / digit).read_text() for digit in "01234")


@pytest.mark.parametrize("kept", [True, False])
def test_a_result_that_goes_while_it_is_read_is_read_on(tmp_path: Path, kept: bool) -> None:
    """Another process has set it aside: it is computed once more, and nothing is told twice."""
    store, step = DiskStore(tmp_path), Digits([])
    told = (store if kept else NoStore()).run(step).stream(lambda digits: digits)
    first = [next(told), next(told)]
    store.discard(step.key)
    assert [*first, *told] == list("01234")
    assert len(step.computed) == (2 if kept else 1)


def test_a_result_that_never_was_there_is_not_looked_for_for_ever(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    found = store.run(FakeStep("a"))
    store.discard(found.key)
    broken = FakeStep("a", write=lambda folder: None)
    with pytest.raises(FileNotFoundError):
        list(store.run(broken).stream(iter))


def test_a_key_tells_its_step_and_can_be_shortened() -> None:
    key = Digits([]).key
    assert KEY.fullmatch(key) and step_of(key) == "five_digits" and step_of(None) == ""
    assert short_key(key) == key[: len("five_digits-v12-") + 10]


def test_the_version_is_part_of_the_key_and_a_name_that_is_not_an_input_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = FakeStep("a", "1").key
    assert FakeStep("a", "2").key == before
    monkeypatch.setattr(FakeStep, "VERSION", 2)
    assert FakeStep("a", "1").key != before
