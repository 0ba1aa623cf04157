"""Where an encoder comes from: a folder, a Python package, the hub, or random weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sciner import hashing
from sciner.errors import InputError
from sciner.tagger.encoder.checks import refuse_code

TOKENIZER = (".json", ".txt", ".model")
# suffixes of what is read of a folder, by the kind of its weights
READ = {"safetensors": (".safetensors", *TOKENIZER), "torch": (".bin", *TOKENIZER)}


@dataclass(frozen=True, slots=True)
class Source:
    """An encoder's origin: the first of ``path``, ``package`` (if installed) and ``name``.

    Attributes:
        name, revision: on the hub.
        package: a module with a ``model`` folder.
        sha256: checksum of the package's ``model.safetensors``.
        path: a folder as ``save_pretrained`` writes it.
        config: a BertConfig's values, for random weights.
        weights: safetensors, or torch for a ``pytorch_model.bin``, of which only tensors are read.
    """

    name: str | None = None
    revision: str = "main"
    package: str | None = None
    sha256: str | None = None
    path: str | None = None
    config: Mapping[str, int | float] | None = None
    weights: str = "safetensors"

    def locate(self) -> str:
        """The folder or hub name to load from.

        Raises:
            InputError: the folder is missing, or the checksum is wrong.
        """
        if self.path:
            if not (Path(self.path) / "config.json").is_file():
                raise InputError(
                    f"model.path={self.path} holds no config.json",
                    hint="give a folder written by save_pretrained",
                )
            return self.path
        if self.package and (spec := importlib.util.find_spec(self.package)) and spec.origin:
            folder = Path(spec.origin).parent / "model"
            found = checksum(folder / "model.safetensors")
            if found != self.sha256:
                raise InputError(
                    f"{folder / 'model.safetensors'} has SHA-256 {found}, not {self.sha256}",
                    hint=(
                        f"reinstall the package {self.package.replace('_', '-')} or give "
                        "model.path=FOLDER"
                    ),
                )
            return str(folder)
        if not self.name:
            raise InputError(
                "the model has no source", hint="give model.path=FOLDER or model.name=HUB_NAME"
            )
        return self.name

    def folder(self) -> Path:
        """The folder to load from, downloaded if need be.

        Raises:
            InputError: as ``locate``, or the folder would run code.
        """
        place = self.locate()
        folder = Path(snapshot(self, place) if place == self.name else place)
        refuse_code(folder)
        return folder

    def identity(self) -> dict[str, Any]:
        """Initial weights, tokenizer and their configuration by value: checksums by file name.

        Raises:
            InputError: as ``load``.
        """
        if self.config is not None:
            return {"config": dict(self.config)}
        files = sorted(p for p in self.folder().iterdir() if p.suffix in READ[self.weights])
        return {file.name: checksum(file) for file in files}


def snapshot(source: Source, name: str) -> str:
    """The folder of ``name`` in the hub's cache on this machine, downloaded if need be."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    wanted = [f"*{suffix}" for suffix in READ[source.weights]]
    try:
        return snapshot_download(
            name, revision=source.revision, allow_patterns=wanted, ignore_patterns=["*/*"]
        )
    except (OSError, ValueError, HfHubHTTPError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"cannot load {name} ({first})", hint=hint_for(source, str(error))
        ) from error


def checksum(file: Path) -> str:
    """SHA-256 of a file, computed once for a given size and modification time.

    Raises:
        InputError: there is no such file.
    """
    try:
        state = file.stat()
    except FileNotFoundError:
        raise InputError(f"{file} is missing", hint="reinstall the package that ships it") from None
    return _checksum(file, state.st_size, state.st_mtime_ns)


@lru_cache
def _checksum(file: Path, size: int, changed: int) -> str:
    return hashing.checksum(file)


def hint_for(source: Source, problem: str) -> str:
    """What helps where a folder or hub name cannot be loaded."""
    if "sentencepiece" in problem.lower() or "tiktoken" in problem:
        return "its tokenizer is a SentencePiece file: pip install 'sciner[sentencepiece]'"
    if source.weights == "safetensors" and "model.safetensors" in problem:
        return (
            "model.weights_format=torch reads a pytorch_model.bin, if there is one: tensors "
            "alone, no code"
        )
    if source.weights == "torch" and "pytorch_model.bin" in problem:
        return "model.weights_format=safetensors reads a model.safetensors, if there is one"
    return (
        "with a network run once without HF_HUB_OFFLINE, or download the folder and give "
        "model.path=FOLDER, "
        "or take model=minilm after pip install 'sciner[minilm]'"
    )
