"""The files of results: what is torn is told by reading it, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pytest
from safetensors.numpy import save_file

from sciner.loop.steps.files import read_all, write_json

ARRAYS = {"a": np.arange(99, dtype=np.float32), "b": np.ones((3, 4), np.int64)}
WRITERS: dict[str, Callable[[Path], object]] = {
    "a.json": lambda file: write_json(file, {"a": [1.5, "ü"]}),
    "a.npy": lambda file: np.save(file, ARRAYS["a"]),
    "a.npz": lambda file: np.savez_compressed(file, **ARRAYS),
    "a.safetensors": lambda file: save_file(ARRAYS, file, {"format": "pt"}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_read_if_it_is_whole_and_nowhere_shorter(tmp_path: Path, name: str) -> None:
    (tmp_path / "deeper").mkdir()
    file = tmp_path / "deeper" / name
    WRITERS[name](file)
    read_all(tmp_path)
    whole = file.read_bytes()
    for end in range(0, len(whole), 13):
        file.write_bytes(whole[:end])
        with pytest.raises((ValueError, EOFError, BadZipFile)):
            read_all(tmp_path)


def test_a_file_of_another_kind_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(b"\xff")
    read_all(tmp_path)
