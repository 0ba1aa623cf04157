"""A linear-chain conditional random field over hand-made features (Lafferty et al. 2001).

It is trained by CRFsuite, without torch.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sciner import progress
from sciner.errors import InputError
from sciner.hashing import checksum
from sciner.tagger import decode
from sciner.tagger.base import Capabilities, FitReport, Fitted
from sciner.tagger.crf import CAPABILITIES
from sciner.tagger.crf.features import features
from sciner.tagger.crf.model_file import check_model
from sciner.text.corpus import Example, Sentence, tags_of, tagset
from sciner.text.prediction import Floats, Prediction

CHUNK = 4096  # sentences decoded together
MODEL, ABOUT = "model.crfsuite", "crf.json"


@dataclass(frozen=True, slots=True)
class CrfTrainingConfig:
    """How a CRF is trained.

    Attributes:
        c1, c2: coefficients of the L1 and L2 penalties.
        max_iterations: of L-BFGS (OWL-QN with c1 > 0), which may end earlier by CRFsuite's own
            test.
    """

    c1: float
    c2: float
    max_iterations: int


@dataclass(frozen=True)
class CrfTagger:
    """A CRF for the classes ``labels``.

    Raises:
        InputError: python-crfsuite is not installed, or a class has a NUL in its name, at which
            CRFsuite's C strings end.
    """

    capabilities: ClassVar[Capabilities] = CAPABILITIES
    config: CrfTrainingConfig
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if importlib.util.find_spec("pycrfsuite") is None:
            raise InputError(
                "model=crf needs the package python-crfsuite", hint="pip install 'sciner[crf]'"
            )
        if stray := next((label for label in self.labels if "\0" in label), None):
            raise InputError(
                f"the class {stray!r} holds a NUL: model=crf cannot have it",
                hint="rename the class",
            )

    def identity(self) -> dict[str, Any]:
        """All that a fit depends on beside its examples (``tagger.base.Tagger``).

        CRFsuite's last bits depend on the processor.
        """
        return {
            "kind": "crf",
            "labels": self.labels,
            "recipe": asdict(self.config),  # names in keys stay: another name would be another key
            "crfsuite": version("python-crfsuite"),
            "machine": platform.machine(),
        }

    def fit(
        self, examples: Sequence[Example], *, seed: int, start: Fitted | None = None
    ) -> FittedCrf:
        """Maximise the penalised likelihood of the tokens that are not masked.

        Nothing is drawn: ``seed`` changes nothing.

        Raises:
            ValueError: an example has a weight other than 1 or a soft label, or there is a
                ``start``, none of which python-crfsuite offers; or there is nothing to train on.
        """
        if start is not None:
            raise ValueError("a CRF cannot start from another: CRFsuite begins every fit at zero")
        if stray := next((e for e in examples if e.weight != 1), None):
            raise ValueError(
                f"{stray.sentence.id} has weight {stray.weight}: python-crfsuite weighs every "
                "sentence alike"
            )
        if stray := next((e for e in examples if e.distribution is not None), None):
            raise ValueError(f"{stray.sentence.id} has a soft label: a CRF learns from tags alone")
        began = time.perf_counter()
        losses: list[float] = []
        with progress.bar("fit (iterations)", self.config.max_iterations) as advance:

            def on_iteration(loss: float) -> None:
                losses.append(loss)
                advance(1)

            trainer = self._trainer(on_iteration)
            tokens = 0
            for example in examples:
                rows, tags = features(example.sentence.tokens), tags_of(example)
                for start_at, end in pieces(example):
                    trainer.append(rows[start_at:end], tags[start_at:end])
                    tokens += end - start_at
            if not tokens:
                raise ValueError("nothing to train on")
            with tempfile.TemporaryDirectory() as folder:
                model = written(trainer, Path(folder, MODEL))
        curve = tuple((i + 1, loss / tokens) for i, loss in enumerate(losses))
        report = FitReport(len(losses), tokens * len(losses), time.perf_counter() - began, curve)
        return FittedCrf(model, self.labels, report)

    def restore(self, directory: Path, report: FitReport) -> FittedCrf:
        """Read the CRF that ``FittedCrf.save`` wrote.

        Raises:
            ValueError: it is of other classes, or the file is damaged. CRFsuite would trust the
                file, so it is checked first.
        """
        about = json.loads((directory / ABOUT).read_text(encoding="utf-8"))
        if about != {"labels": list(self.labels), "sha256": checksum(directory / MODEL)}:
            raise ValueError(f"{directory} does not hold this CRF whole")
        model = (directory / MODEL).read_bytes()
        check_model(model)
        fitted = FittedCrf(model, self.labels, report)
        if strange := set(fitted.chain.labels()) - set(tagset(self.labels)):
            raise ValueError(f"{MODEL} has tags of other classes: {', '.join(sorted(strange))}")
        return fitted

    def _trainer(self, on_iteration: Callable[[float], None]) -> Any:
        import pycrfsuite

        class Trainer(pycrfsuite.Trainer):  # type: ignore[misc]
            def message(self, line: str) -> None:
                if line.startswith("Loss: "):
                    on_iteration(float(line.removeprefix("Loss: ")))

        return Trainer(algorithm="lbfgs", params=asdict(self.config), verbose=False)


def written(trainer: Any, file: Path) -> bytes:
    """Train, and return the model that CRFsuite writes to ``file``.

    Raises:
        OSError: the file is not complete; CRFsuite does not notice a full disk.
    """
    import pycrfsuite

    try:
        trainer.train(str(file))
        model = file.read_bytes()
        check_model(model)
    except (pycrfsuite.CRFSuiteError, FileNotFoundError, ValueError) as error:
        why = f"CRFsuite could not write its model, {error}"
        raise OSError(errno.ENOSPC, why, str(file.parent)) from error
    return model


def pieces(example: Example) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the stretches between masked tokens.

    A masked token has no tag, so a chain ends before it.
    """
    for masked, stretch in groupby(
        range(len(example.sentence.tokens)), key=example.masked.__contains__
    ):
        if not masked:
            positions = list(stretch)
            yield positions[0], positions[-1] + 1


@dataclass(frozen=True)
class FittedCrf:
    """A trained CRF; ``model`` has the bytes of CRFsuite's model file."""

    model: bytes
    labels: tuple[str, ...]
    report: FitReport

    @cached_property
    def chain(self) -> Any:
        import pycrfsuite

        chain = pycrfsuite.Tagger()
        chain.open_inmemory(self.model)
        return chain

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """Predictions in the order of ``sentences``; memory is bounded by a chunk of them."""
        with progress.bar("annotate (sentences)", len(sentences)) as advance:
            for at in range(0, len(sentences), CHUNK):
                chunk = sentences[at : at + CHUNK]
                yield from decode.predictions(
                    chunk, [self.marginals(s) for s in chunk], tagset(self.labels)
                )
                advance(len(chunk))

    def marginals(self, sentence: Sentence) -> Floats:
        """Marginal probability of each tag at each word; 0 for tags that were never trained on.

        Returns:
            [words, tags].
        """
        tags = tagset(self.labels)
        rows = np.zeros((len(sentence.tokens), len(tags)))
        if len(rows):
            self.chain.set(features(sentence.tokens))
            for tag in self.chain.labels():
                column = tags.index(tag)
                for i in range(len(rows)):
                    rows[i, column] = self.chain.marginal(tag, i)
            rows /= rows.sum(axis=1, keepdims=True)
        return rows.astype(np.float32)

    def save(self, directory: Path) -> None:
        """Write CRFsuite's model file, and what it is checked by as JSON."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MODEL).write_bytes(self.model)
        about = {"labels": list(self.labels), "sha256": checksum(directory / MODEL)}
        (directory / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
