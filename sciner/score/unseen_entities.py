"""Scores where annotation should pay: entities that the gold does not contain, and rare classes.

Which classes are rare is determined from the bought gold, never from test labels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sciner.score.drift import COMMON_CLASS
from sciner.score.entity import entity_counts, gold_spans
from sciner.text.corpus import Sentence
from sciner.text.spans import Span


def surface_form(sentence: Sentence, span: Span) -> str:
    """The span's text, case-folded, with its tokens joined by a space."""
    return " ".join(sentence.tokens[span.start : span.end]).casefold()


def surface_forms(sentences: Iterable[Sentence]) -> frozenset[str]:
    """Surface forms of all gold spans, of any class."""
    return frozenset(surface_form(s, span) for s in sentences for span in s.spans or ())


def rare_classes(shares: Mapping[str, float], labels: Sequence[str]) -> tuple[str, ...]:
    """The classes with less than 5% of the bought gold's spans.

    Args:
        shares: the share of each class in the bought gold; empty where it has no span.
        labels: the corpus's classes.

    Returns:
        The rare ones of ``labels``; none if the gold has no span.
    """
    return (
        tuple(label for label in labels if shares.get(label, 0.0) < COMMON_CLASS) if shares else ()
    )


def unseen_entity_scores(
    gold: Sequence[Sentence],
    predicted: Iterable[Sequence[Span]],
    seen: Collection[str],
    rare: Collection[str],
) -> dict[str, float]:
    """Strict scores over seen and unseen entities, and over rare classes.

    Args:
        gold: [sentences], with gold.
        predicted: [sentences], the predicted spans of each.
        seen: surface forms in the bought gold.
        rare: rare classes.

    Returns:
        ``precision``, ``recall`` and ``f1`` in [0, 1] and ``spans`` (gold spans), each as
        ``unseen/…`` and ``seen/…``: over the gold and predicted spans whose surface form is not, or
        is, in ``seen``. ``f1/rare``: micro F1 over the rare classes. A figure whose denominator is
        0 is absent.

    Raises:
        ValueError: the lengths differ, or gold is missing.
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
