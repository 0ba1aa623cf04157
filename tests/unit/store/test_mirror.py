"""What the names and records of a mirror may say."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciner.errors import InputError
from sciner.store.entry import Damaged, NewerEntry
from sciner.store.mirror import Mirror, files_of
from sciner.store.step import key_of

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["report.json", "part-00000.npz", "tokenizer/vocab.txt"])
def test_the_files_that_steps_write_are_copied(name: str) -> None:
    assert files_of({"files": {name: (0, EMPTY)}}) == {name: (0, EMPTY)}


@pytest.mark.parametrize(
    "name",
    [
        *("../x.json", "a/../../x.json", "/etc/x.json", "a//x.json", "./x.json", "a\\x.json"),
        *("", ".", "x\n.json", "x\0.json", "key.json", "x.pkl", "x.pt", "x.bin", "x.py", "x"),
    ],
)
def test_a_file_that_could_leave_its_folder_or_run_code_is_refused(name: str) -> None:
    with pytest.raises(Damaged):
        files_of({"files": {name: (0, EMPTY)}})


@pytest.mark.parametrize("sha256", ["", "../x", EMPTY.upper(), f"{EMPTY}/x"])
def test_a_checksum_that_names_another_place_is_refused(sha256: str) -> None:
    with pytest.raises(Damaged):
        files_of({"files": {"x.json": (0, sha256)}})


@pytest.mark.slow
@settings(deadline=None)
@given(values, values)
def test_a_record_that_is_none_is_damaged(tmp_path_factory: Any, meta: Any, files: Any) -> None:
    """Whatever JSON stands in its place, or in the place of its files."""
    key, place = key_of("text", 1, {}), tmp_path_factory.mktemp("mirror")
    whole = {"format": 1, "step": "text", "version": 1, "inputs": {}, "seconds": 0, "created": 0}
    (place / "steps").mkdir()
    mirror = Mirror.open(str(place))
    for record in (meta, {**whole, "files": files}):
        (place / "steps" / f"{key}.json").write_text(json.dumps(record))
        with suppress(Damaged, NewerEntry):
            assert mirror.record(key, place / key, {}) == {}


@pytest.mark.parametrize("url", ["nowhere://ann:tr0ub4dor@host/store", "reference://x"])
def test_an_address_that_cannot_be_used_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Mirror.open(url)
    assert "tr0ub4dor" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_failed_upload_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror.open(str(tmp_path / "mirror"))
    mirror.prepare()
    (tmp_path / "file").write_text("x")

    def full(part: str, place: str) -> None:
        assert Path(part).is_file()
        raise OSError("disk full")

    monkeypatch.setattr(mirror.files, "mv", full)
    with pytest.raises(InputError, match="disk full"):
        mirror.put(tmp_path / "file", "files/x")
    assert not [file for file in (tmp_path / "mirror").rglob("*") if file.is_file()]


def test_an_error_of_the_file_system_is_one_line_without_the_password(tmp_path: Path) -> None:
    place = Mirror.open("memory://ann:tr0ub4dor@host/store")

    class Broken:
        def invalidate_cache(self) -> None:
            raise RuntimeError("ann:tr0ub4dor was rejected\nby host")

    with pytest.raises(InputError) as caught:
        Mirror(Broken(), place.root, place.url).listed("steps")
    assert "\n" not in str(caught.value)
