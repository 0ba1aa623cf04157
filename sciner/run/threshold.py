"""The threshold of a run beside its saved tagger, for the annotation of new text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sciner.errors import InputError
from sciner.policy.measure.base import MEASURES
from sciner.policy.threshold.base import Granularity
from sciner.policy.threshold.resolved import Resolved
from sciner.run.saved import THRESHOLD
from sciner.text.prediction import Aggregate


class Noted(BaseModel):
    """The content of ``threshold.json``; see ``Resolved``."""

    model_config = ConfigDict(extra="forbid")
    values: Mapping[str, float]
    granularity: Granularity
    confidence: Aggregate
    measure: str


def note_threshold(folder: Path, threshold: Resolved) -> None:
    """Write the threshold into a saved tagger's folder."""
    text = json.dumps(asdict(threshold), indent=1, ensure_ascii=False)
    (folder / THRESHOLD).write_text(text + "\n", encoding="utf-8")


def threshold_of(
    folder: Path, word: str, labels: Sequence[str], confidence: Aggregate
) -> Resolved | None:
    """The threshold that ``--threshold`` names.

    Args:
        folder: of the saved tagger.
        word: run, none or a number: the least confidence of a span.
        labels: the classes.
        confidence: how a span's confidence is computed, if ``word`` is a number.

    Raises:
        InputError: it is none of these, or the run has no threshold.
    """
    if word == "none":
        return None
    if word == "run":
        return noted_threshold(folder, labels)
    try:
        least = float(word)
    except ValueError:
        least = -1.0
    if not 0 <= least <= 1:
        raise InputError(
            f"--threshold {word}: there is no such choice", hint="run, none or a number in [0, 1]"
        )
    return constant_threshold(least, labels, confidence)


def constant_threshold(least: float, labels: Sequence[str], confidence: Aggregate) -> Resolved:
    """The same least confidence for the spans of all classes."""
    return Resolved(dict.fromkeys(("", *labels), least), confidence=confidence)


def noted_threshold(folder: Path, labels: Sequence[str]) -> Resolved:
    """What ``note_threshold`` wrote.

    Raises:
        InputError: it wrote nothing, or the file has been changed.
    """
    file = folder / THRESHOLD
    try:
        noted = Noted.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            "no threshold was saved with this tagger: its run accepted no silver, or a language "
            "model's",
            file=folder,
            hint="give --threshold NUMBER",
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InputError(problem, file=file, hint="copy it again") from None
    if set(noted.values) != {"", *labels} or noted.measure not in MEASURES:
        problem = "other classes than the tagger's, or an unknown measure"
        raise InputError(problem, file=file, hint="copy it again")
    return Resolved(noted.values, noted.granularity, noted.confidence, noted.measure)
