"""A trained tagger in a folder: saved by a run, opened to annotate."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sciner.config.model import ModelConfig, TrainerConfig
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.run.build import tagger_of
from sciner.run.card import card
from sciner.store.mirror import KINDS
from sciner.tagger.base import FitReport, Fitted
from sciner.text.corpus import Sentence

ABOUT, CARD, ONNX = "sciner.json", "README.md", "model.onnx"
BESIDE = THRESHOLD, TOKENS = "threshold.json", "tokens.json"  # of a run; for new text
UNKNOWN = FitReport(0, 0, 0.0, ())  # a saved tagger's own report is not kept


class About(BaseModel):
    """The content of ``sciner.json`` in a saved tagger's folder.

    Attributes:
        version: of this file.
        labels: the classes.
        model: its settings.
        files: {name: SHA-256} of the tagger's files.
    """

    model_config = ConfigDict(extra="forbid")
    version: Literal[2]
    labels: tuple[str, ...]
    model: Annotated[ModelConfig, Field(discriminator="kind")]
    files: Mapping[str, str]


def save_tagger(fitted: Fitted, folder: Path, model: ModelConfig, labels: Sequence[str]) -> None:
    """Save a trained tagger with its model card and ``sciner.json`` (see ``open_tagger``).

    Other files in ``folder`` are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as scratch:
        fitted.save(Path(scratch))
        written = sorted(Path(scratch).iterdir())
        files = {file.name: checksum(file) for file in written}
        for file in written:
            file.replace(folder / file.name)
    about = {"version": 2, "labels": list(labels), "model": model.model_dump(), "files": files}
    (folder / CARD).write_text(card(model.kind, labels), encoding="utf-8")
    (folder / ABOUT).write_text(
        json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def open_tagger(folder: Path, trainer: TrainerConfig, *, int8: bool = False) -> Fitted:
    """Open a tagger that a run saved (``save_model=true``).

    Args:
        folder: where it was saved.
        trainer: device, precision and threads.
        int8: whether to quantise it.

    Raises:
        InputError: the folder has no saved tagger, a file is missing or has changed, or the tagger
            has no int8.
    """
    about = read_about(folder)
    try:
        unchanged(folder, about)
        if int8 and "int8" not in about.model.capabilities:
            raise InputError(
                f"a {about.model.kind} cannot be quantised to int8",
                file=folder,
                hint="annotate without --int8",
            )
        restored: Fitted = tagger_of(about.model, trainer, about.labels).restore(folder, UNKNOWN)
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"the tagger cannot be restored ({error})", file=folder, hint="save it again"
        ) from None
    if int8:
        from sciner.tagger.encoder.encoder import FittedEncoder
        from sciner.tagger.encoder.int8 import quantised

        assert isinstance(restored, FittedEncoder)
        return quantised(restored)
    return restored


def read_about(folder: Path) -> About:
    """Read ``sciner.json`` of a saved tagger.

    Raises:
        InputError: the folder has no saved tagger, or the file is not valid.
    """
    file = folder / ABOUT
    if not file.is_file():
        hint = "give the model/ folder of a run with save_model=true"
        raise InputError("no saved tagger", file=folder, hint=hint)
    try:
        return About.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            file=file,
            hint="save the tagger again",
        ) from None


def add_onnx(folder: Path, sentences: Sequence[Sentence]) -> float:
    """Write ``model.onnx`` into the folder of a saved encoder.

    Args:
        folder: where it was saved.
        sentences: on which it is compared with the encoder.

    Returns:
        The largest difference of a probability.

    Raises:
        InputError: see ``open_tagger`` and ``tagger.encoder.onnx.export``.
    """
    from sciner.tagger.encoder.encoder import FittedEncoder
    from sciner.tagger.encoder.onnx import export

    exact = TrainerConfig(accelerator="cpu", precision="32-true", threads=None)
    restored = open_tagger(folder, exact)
    assert isinstance(restored, FittedEncoder)
    return export(restored, folder / ONNX, sentences)


def copy_saved(folder: Path, out: Path) -> None:
    """Copy a saved tagger to the new folder ``out``: the files that a run writes, and no others.

    Args:
        folder: where it was saved. A run of somebody else can have anything there.
        out: must not exist.

    Raises:
        InputError: the folder has no saved tagger, or a file is missing, has changed, is a link or
            is of a kind that may run code.
    """
    about = read_about(folder)
    names = [Path(name).name for name in about.files]
    for file in (folder / name for name in (*names, ABOUT, CARD, *BESIDE)):
        if file.is_symlink():
            raise InputError("a link is not exported", file=file, hint="replace it by its file")
        if file.suffix not in {*KINDS, ".md"}:
            problem = "no kind of file that sciner writes: it may be unsafe to read"
            raise InputError(problem, file=file, hint="save the tagger again")
    unchanged(folder, about)
    out.mkdir(parents=True)
    for name in (*names, ABOUT, CARD, *BESIDE):
        if (folder / name).is_file():
            shutil.copy2(folder / name, out / name)


def unchanged(folder: Path, about: About) -> None:
    """Raise InputError for the first file that is missing or has changed since it was saved."""
    for name, known in about.files.items():
        file = folder / Path(name).name
        if not file.is_file():
            raise InputError(
                "missing since the tagger was saved", file=file, hint="copy the whole folder"
            )
        if checksum(file) != known:
            raise InputError(
                "changed since the tagger was saved",
                file=file,
                hint="copy the folder again, or save the tagger again",
            )
