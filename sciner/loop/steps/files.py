"""The files of results: JSON, and how each kind is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sciner.tagger.crf.model_file import check_model


def write_json(file: Path, value: Any) -> None:
    """Write ``value``.

    Raises:
        ValueError: it contains NaN or an infinity.
    """
    file.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_json(file: Path) -> Any:
    """What ``write_json`` wrote."""
    return json.loads(file.read_text(encoding="utf-8"))


def read_all(folder: Path) -> None:
    """Read each file in ``folder`` as far as its kind allows, without knowing whose result it is.

    It raises whatever reading raises.
    """
    for file in sorted(folder.rglob("*")):
        match file.suffix:
            case ".json":
                read_json(file)
            case ".npy":
                np.load(file, allow_pickle=False)
            case ".npz":
                with np.load(file, allow_pickle=False) as arrays:
                    for name in arrays:
                        arrays[name]
            case ".safetensors":
                check_safetensors(file)
            case ".crfsuite":
                check_model(file.read_bytes())


def check_safetensors(file: Path) -> None:
    """Check the length of a file of tensors.

    Raises:
        ValueError: its table of tensors says another length.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > size - 8:
            raise ValueError(f"{file.name} ends within its header")
        tensors = json.loads(stream.read(length))
    tensors.pop("__metadata__", None)
    end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    if 8 + length + end != size:
        raise ValueError(f"{file.name} has {size} bytes instead of {8 + length + end}")
