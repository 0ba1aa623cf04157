"""New text annotated by a tagger that was saved: files in, JSON lines of spans with confidences out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sciner.config import ModelConfig, TrainerConfig
from sciner.errors import InputError
from sciner.run import tagger_of
from sciner.tagger.base import FitReport, Fitted
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.formats.read import Format, read_files
from sciner.text.prediction import Aggregate

UNKNOWN = FitReport(0, 0, 0.0, ())  # of a fit that was elsewhere


class About(BaseModel):
    """``sciner.json`` of a saved tagger."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[1]
    labels: tuple[str, ...]
    model: Annotated[ModelConfig, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was annotated, and the wall seconds from text to spans, writing included; loading the tagger is not."""

    sentences: int
    tokens: int
    spans: int
    seconds: float


def open_tagger(folder: Path, trainer: TrainerConfig, *, int8: bool = False) -> Fitted:
    """The tagger that a run saved in ``folder`` (``tracking.save_weights=true``), in ``int8`` if so wanted.

    Raises InputError for a folder that holds none, or not the whole of it, and for int8 where there is none.
    """
    file = folder / "sciner.json"
    if not file.is_file():
        mend = "give the model/ folder of a run with tracking.save_weights=true"
        raise InputError("no saved tagger", file=folder, mend=mend)
    try:
        about = About.model_validate_json(file.read_text(encoding="utf-8"))
        if int8 and about.model.kind != "encoder":
            raise InputError(f"a {about.model.kind} has no int8", file=folder, mend="annotate without --int8")
        restored: Fitted = tagger_of(about.model, trainer, about.labels).restore(folder, UNKNOWN)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}", file=file, mend="save the tagger anew"
        ) from None
    except InputError:
        raise
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"the tagger cannot be restored ({error})", file=folder, mend="save it anew") from None
    if int8:
        from sciner.tagger.encoder import FittedEncoder
        from sciner.tagger.int8 import quantised

        assert isinstance(restored, FittedEncoder)
        return quantised(restored)
    return restored


def annotate(
    fitted: Fitted, inputs: Sequence[str], out: Path, *, format: Format = "auto", confidence: Aggregate = "min"
) -> Summary:
    """Write one {"id", "tokens", "spans"} a line for every sentence of ``inputs``, in their order; labels they may hold are
    not looked at. ``out`` is complete or absent. Predictions are streamed: what is held is the text and one chunk of them.

    Raises InputError for whatever cannot be read, before anything is written.
    """
    if out.resolve() in {Path(path).resolve() for path in inputs}:
        raise InputError("the output would replace its own input", file=out, mend="give another -o")
    began = time.perf_counter()
    sentences = [s.withheld() for s in read_files(list(inputs), split="input", notes=Counter(), format=format)]
    count: Counter[str] = Counter()
    write_examples_jsonl(out, examples(fitted, sentences, confidence, count))
    tokens = sum(len(s.tokens) for s in sentences)
    return Summary(len(sentences), tokens, count["spans"], time.perf_counter() - began)


def examples(fitted: Fitted, sentences: Sequence[Sentence], how: Aggregate, count: Counter[str]) -> Iterator[Example]:
    for p in fitted.predict(sentences):
        count["spans"] += len(p.spans)
        yield Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how))
