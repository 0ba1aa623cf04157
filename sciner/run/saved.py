"""A trained tagger in a folder: saved by a run, opened to annotate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.config.model import ModelConfig
from sciner.errors import InputError

if TYPE_CHECKING:
    from sciner.tagger.base import Fitted


from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sciner.config.model import TrainerConfig
from sciner.run.build import tagger_of
from sciner.tagger.base import FitReport, Fitted


def save_tagger(fitted: Fitted, folder: Path, model: ModelConfig, labels: Sequence[str]) -> None:
    """Save a trained tagger, and in ``sciner.json`` what it takes to restore it (``open_tagger``)."""
    fitted.save(folder)
    about = {"version": 2, "labels": list(labels), "model": model.model_dump()}
    (folder / "sciner.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


UNKNOWN = FitReport(0, 0, 0.0, ())  # of a fit that was elsewhere


class About(BaseModel):
    """``sciner.json`` of a saved tagger."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[2]
    labels: tuple[str, ...]
    model: Annotated[ModelConfig, Field(discriminator="kind")]


def open_tagger(folder: Path, trainer: TrainerConfig, *, int8: bool = False) -> Fitted:
    """The tagger that a run saved in ``folder`` (``save_model=true``), in ``int8`` if so wanted.

    Raises InputError for a folder that holds none, or not the whole of it, and for int8 where there is none.
    """
    file = folder / "sciner.json"
    if not file.is_file():
        hint = "give the model/ folder of a run with save_model=true"
        raise InputError("no saved tagger", file=folder, hint=hint)
    try:
        about = About.model_validate_json(file.read_text(encoding="utf-8"))
        if int8 and "int8" not in about.model.capabilities:
            raise InputError(f"a {about.model.kind} has no int8", file=folder, hint="annotate without --int8")
        restored: Fitted = tagger_of(about.model, trainer, about.labels).restore(folder, UNKNOWN)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}", file=file, hint="save the tagger anew"
        ) from None
    except InputError:
        raise
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"the tagger cannot be restored ({error})", file=folder, hint="save it anew") from None
    if int8:
        from sciner.tagger.encoder.encoder import FittedEncoder
        from sciner.tagger.encoder.int8 import quantised

        assert isinstance(restored, FittedEncoder)
        return quantised(restored)
    return restored
