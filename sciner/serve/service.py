"""A saved tagger that annotates texts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sciner.config.model import TrainerConfig
from sciner.hashing import checksum
from sciner.policy.threshold.resolved import Resolved
from sciner.run.annotated import kept, labelled
from sciner.run.saved import ABOUT, open_tagger, read_about
from sciner.run.threshold import constant_threshold, threshold_of
from sciner.serve.limits import Limits
from sciner.serve.predictor import Predictor
from sciner.serve.text import AnnotatedSentence, Split
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate


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
        threshold: spans below it are left out; None keeps all.
        confidence: how the confidence of a span is computed from the confidences of its tokens.
    """

    predictor: Predictor
    labels: tuple[str, ...]
    name: str
    limits: Limits
    threshold: Resolved | None = None
    confidence: Aggregate = "min"

    def annotate(
        self, texts: Sequence[Sequence[Split]], min_confidence: float | None = None
    ) -> list[list[AnnotatedSentence]]:
        """Annotate several texts.

        Args:
            texts: the sentences of each.
            min_confidence: in [0, 1], instead of the service's own threshold.

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
        threshold = self.threshold
        if min_confidence is not None:
            threshold = constant_threshold(min_confidence, self.labels, self.confidence)
        return [
            [
                AnnotatedSentence(split, kept(labelled(next(made), threshold, self.confidence)))
                for split in text
            ]
            for text in texts
        ]


def open_service(
    folder: Path,
    trainer: TrainerConfig,
    limits: Limits,
    *,
    threshold: str = "none",
    confidence: Aggregate = "min",
    int8: bool = False,
) -> Service:
    """Open a tagger that a run saved.

    Arguments and errors are those of ``open_tagger`` and ``threshold_of``.
    """
    about = read_about(folder)
    least = threshold_of(folder, threshold, about.labels, confidence)
    fitted = open_tagger(folder, trainer, int8=int8)
    name = f"{about.model.kind}-{checksum(folder / ABOUT)[:8]}"
    return Service(Predictor(fitted), about.labels, name, limits, least, confidence)
