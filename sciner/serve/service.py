"""A saved tagger that annotates texts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sciner.config.model import TrainerConfig
from sciner.hashing import checksum
from sciner.run.saved import ABOUT, About, open_tagger
from sciner.serve.limits import Limits
from sciner.serve.predictor import Predictor
from sciner.serve.text import AnnotatedSentence, Split
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate, Prediction


class TooLarge(Exception):
    """A request exceeds a limit."""


@dataclass(frozen=True, slots=True)
class Service:
    """Annotates texts.

    Attributes:
        predictor: of the tagger.
        labels: the tagger's classes.
        name: of the tagger, ``kind-checksum``; another tagger has another name.
        limits: of a request.
        min_confidence: spans below it are left out, in [0, 1].
        confidence: how a span's confidence is computed from its tokens'.
    """

    predictor: Predictor
    labels: tuple[str, ...]
    name: str
    limits: Limits
    min_confidence: float = 0.0
    confidence: Aggregate = "min"

    def annotate(
        self, texts: Sequence[Sequence[Split]], min_confidence: float | None = None
    ) -> list[list[AnnotatedSentence]]:
        """Annotate several texts.

        Args:
            texts: the sentences of each.
            min_confidence: instead of the service's own.

        Raises:
            TooLarge: there are more sentences than the limit.
            Unavailable: the tagger has too much to do.
        """
        if (count := sum(map(len, texts))) > (most := self.limits.sentences):
            raise TooLarge(f"{count:,} sentences in one request; send at most {most:,}")
        sentences = [
            Sentence(f"{n}#{i}", sentence.tokens)
            for n, text in enumerate(texts)
            for i, sentence in enumerate(text)
        ]
        made = iter(self.predictor.predict(sentences, self.limits.seconds) if sentences else ())
        least = self.min_confidence if min_confidence is None else min_confidence
        return [[self._read(sentence, next(made), least) for sentence in text] for text in texts]

    def _read(self, sentence: Split, prediction: Prediction, least: float) -> AnnotatedSentence:
        sure = (round(c, 6) for c in prediction.span_confidences(self.confidence))
        kept = [(s, c) for s, c in zip(prediction.spans, sure, strict=True) if c >= least]
        return AnnotatedSentence(sentence, tuple(s for s, _ in kept), tuple(c for _, c in kept))


def open_service(
    folder: Path,
    trainer: TrainerConfig,
    limits: Limits,
    *,
    min_confidence: float = 0.0,
    confidence: Aggregate = "min",
    int8: bool = False,
) -> Service:
    """Open a tagger that a run saved; arguments and errors are those of ``open_tagger``."""
    fitted = open_tagger(folder, trainer, int8=int8)
    about = About.model_validate_json((folder / ABOUT).read_text(encoding="utf-8"))
    name = f"{about.model.kind}-{checksum(folder / ABOUT)[:8]}"
    return Service(Predictor(fitted), about.labels, name, limits, min_confidence, confidence)
