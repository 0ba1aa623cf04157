"""New text annotated by a tagger that was saved: files in, JSON lines of spans with confidences out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sciner import progress
from sciner.build import tagger_of
from sciner.config.model import ModelConfig, TrainerConfig
from sciner.errors import InputError
from sciner.tagger.base import FitReport, Fitted
from sciner.text.corpus import Example, Sentence
from sciner.text.formats.jsonl import write_examples_jsonl
from sciner.text.formats.read import Format, expand, stream_file
from sciner.text.prediction import Aggregate

UNKNOWN = FitReport(0, 0, 0.0, ())  # of a fit that was elsewhere
BLOCK = 32_768  # sentences given to a tagger at once: whole chunks of its own, so that its batches are those of a run


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
    not looked at. ``out`` is complete or absent. Text and predictions are streamed: what is held is BLOCK sentences, eight
    bytes of every other one, and of BRAT a file.

    Raises InputError for whatever cannot be read, and for an id that stands twice, before anything is annotated.
    """
    began = time.perf_counter()
    files = [file for path in inputs for file in expand(path)]
    if out.resolve() in {file.resolve() for file in files}:
        raise InputError("the output would replace its own input", file=out, mend="give another -o")

    def text() -> Iterator[tuple[Path, Sentence]]:
        return ((file, sentence) for file in files for sentence in stream_file(file, split="input", format=format))

    total = check(text)
    count: Counter[str] = Counter()
    with progress.whole("annotate (sentences)", total):
        write_examples_jsonl(out, examples(fitted, (sentence for _, sentence in text()), confidence, count))
    return Summary(count["sentences"], count["tokens"], count["spans"], time.perf_counter() - began)


def check(text: Callable[[], Iterator[tuple[Path, Sentence]]]) -> int:
    """The number of sentences, once all were read. Raises InputError for what cannot be, and for an id that stands twice."""
    hashes = np.sort(np.fromiter((hash(s.id) for _, s in text()), np.int64))
    suspects = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    origin: dict[str, Path] = {}
    for file, sentence in text() if suspects else ():
        if hash(sentence.id) in suspects:
            if sentence.id in origin:
                problem = f"sentence id {sentence.id!r} stands in {origin[sentence.id]} too"
                raise InputError(problem, file=file, mend="ids must be unique; list a file once, and give each its own name")
            origin[sentence.id] = file
    return len(hashes)


def examples(fitted: Fitted, sentences: Iterator[Sentence], how: Aggregate, count: Counter[str]) -> Iterator[Example]:
    """The annotated ``sentences``; ``count`` goes along."""
    for block in iter(lambda: list(islice(sentences, BLOCK)), []):
        for p in fitted.predict(block):
            count["sentences"] += 1
            count["tokens"] += len(p.sentence.tokens)
            count["spans"] += len(p.spans)
            yield Example(p.sentence, p.spans, "predicted", 0, p.span_confidences(how))
