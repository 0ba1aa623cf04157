"""A trained tagger in a folder: saved by a run, opened to annotate."""

from __future__ import annotations

import json
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
from sciner.tagger.base import FitReport, Fitted

ABOUT, CARD = "sciner.json", "README.md"
UNKNOWN = FitReport(0, 0, 0.0, ())  # of a fit that was elsewhere


class About(BaseModel):
    """``sciner.json`` of a saved tagger. files: the SHA-256 of each file of the tagger."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[2]
    labels: tuple[str, ...]
    model: Annotated[ModelConfig, Field(discriminator="kind")]
    files: Mapping[str, str]


def save_tagger(fitted: Fitted, folder: Path, model: ModelConfig, labels: Sequence[str]) -> None:
    """Save a trained tagger, its model card, and in ``sciner.json`` what it takes to restore it
    (``open_tagger``). What else lies in ``folder`` stays."""
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
    """The tagger that a run saved in ``folder`` (``save_model=true``), in ``int8`` if so wanted.

    Raises InputError for a folder that holds none, or not the whole of it as it was saved, and
    for int8 where there is none.
    """
    file = folder / ABOUT
    if not file.is_file():
        hint = "give the model/ folder of a run with save_model=true"
        raise InputError("no saved tagger", file=folder, hint=hint)
    try:
        about = About.model_validate_json(file.read_text(encoding="utf-8"))
        unchanged(folder, about)
        if int8 and "int8" not in about.model.capabilities:
            raise InputError(
                f"a {about.model.kind} has no int8", file=folder, hint="annotate without --int8"
            )
        restored: Fitted = tagger_of(about.model, trainer, about.labels).restore(folder, UNKNOWN)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            file=file,
            hint="save the tagger anew",
        ) from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(
            f"the tagger cannot be restored ({error})", file=folder, hint="save it anew"
        ) from None
    if int8:
        from sciner.tagger.encoder.encoder import FittedEncoder
        from sciner.tagger.encoder.int8 import quantised

        assert isinstance(restored, FittedEncoder)
        return quantised(restored)
    return restored


def unchanged(folder: Path, about: About) -> None:
    """Raises InputError for the first file of a saved tagger that is not as it was saved."""
    for name, known in about.files.items():
        file = folder / Path(name).name
        if not file.is_file():
            raise InputError(
                "missing since the tagger was saved", file=file, hint="copy the folder whole"
            )
        if checksum(file) != known:
            raise InputError(
                "changed since the tagger was saved",
                file=file,
                hint="copy the folder anew, or save it anew",
            )
