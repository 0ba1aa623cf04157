"""Where annotation should pay: entities that the bought gold never held, and classes that it hardly
held.

What is rare is the bought gold's to say, not the test set's: test labels decide nothing, the
choice of a metric's classes included, and a tagger knows a class by what it was taught of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sciner.score.drift import COMMON_CLASS
from sciner.score.entity import entity_counts, gold_spans
from sciner.text.corpus import Sentence
from sciner.text.spans import Span


def surface_form(sentence: Sentence, span: Span) -> str:
    """The span's text, case-folded, its tokens joined by a space."""
    return " ".join(sentence.tokens[span.start : span.end]).casefold()


def surface_forms(sentences: Iterable[Sentence]) -> frozenset[str]:
    """Of all gold spans, whatever their class; a sentence without gold has none."""
    return frozenset(surface_form(s, span) for s in sentences for span in s.spans or ())


def rare_classes(shares: Mapping[str, float], labels: Sequence[str]) -> tuple[str, ...]:
    """Of ``labels`` those under 5% of the bought gold's spans, ``shares`` being theirs; none where
    it has no span at all."""
    return (
        tuple(label for label in labels if shares.get(label, 0.0) < COMMON_CLASS) if shares else ()
    )


def unseen_entity_scores(
    gold: Sequence[Sentence],
    predicted: Iterable[Sequence[Span]],
    seen: Collection[str],
    rare: Collection[str],
) -> dict[str, float]:
    """Strict figures over a part of the spans, gold and predicted ones alike.

    ``unseen/…`` and ``seen/…``: ``precision``, ``recall`` and ``f1`` in [0, 1] over the spans
    whose surface form is not, or is, one of ``seen``, and ``spans``, how many gold ones there
    are. ``f1/rare``: micro F1 over the classes ``rare``, of all forms. A figure whose
    denominator is 0 is absent. Raises ValueError for different lengths and for missing gold.
    """
    spans = [tuple(these) for these in predicted]

    def known(sentence: Sentence, span: Span) -> bool:
        return surface_form(sentence, span) in seen

    parts = {
        "unseen": _counts(gold, spans, lambda sentence, span: not known(sentence, span)),
        "seen": _counts(gold, spans, known),
    }
    scores: dict[str, float] = {}
    for name, (correct, marked, true) in parts.items():
        figures = {
            "precision": (correct, marked),
            "recall": (correct, true),
            "f1": (2 * correct, marked + true),
        }
        scores |= {
            f"{name}/{figure}": above / below for figure, (above, below) in figures.items() if below
        }
        scores[f"{name}/spans"] = float(true)
    correct, marked, true = _counts(gold, spans, lambda _, span: span.label in rare)
    return scores | ({"f1/rare": 2 * correct / (marked + true)} if marked + true else {})


def _counts(
    gold: Sequence[Sentence],
    predicted: Sequence[Sequence[Span]],
    wanted: Callable[[Sentence, Span], bool],
) -> tuple[int, int, int]:
    """Correct, predicted and gold spans among the ``wanted``."""
    true = [
        replace(s, spans=tuple(span for span in gold_spans(s) if wanted(s, span))) for s in gold
    ]
    found = [
        [span for span in spans if wanted(s, span)]
        for s, spans in zip(gold, predicted, strict=True)
    ]
    correct, marked, wanting = entity_counts(true, found).sum(0).tolist()
    return correct, marked, wanting
