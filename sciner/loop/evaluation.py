"""All scores of dev and test, and the collapse warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from sciner.loop.gold import Gold
from sciner.loop.outcomes import EvaluationResult, FitResult, Predicted, speed_of
from sciner.loop.steps.drift import Drift
from sciner.loop.steps.evaluate import Evaluate
from sciner.loop.steps.runner import StepRunner
from sciner.loop.steps.unseen_entities import UnseenEntities
from sciner.loop.teacher import Teacher
from sciner.score.drift import collapse_warning
from sciner.score.evaluation import prefixed
from sciner.score.gold import with_dropped
from sciner.score.names import escaped
from sciner.score.stats import Counts
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate


class Evaluator:
    """The sets with gold on which every round is evaluated.

    It remembers round 0 for the gain, and the last round for the drift.

    Args:
        sets: {name: sentences with gold}; empty ones are ignored.
        confidence: how the confidence of a span is computed from the confidences of its tokens.
    """

    def __init__(self, sets: Mapping[str, Sequence[Sentence]], confidence: Aggregate) -> None:
        self.sets = {name: sentences for name, sentences in sets.items() if sentences}
        self.confidence = confidence
        self.first: dict[str, EvaluationResult] = {}
        self.last: dict[str, Predicted] = {}
        self.counts: Mapping[str, Counts] = {}

    def evaluate(
        self,
        steps: StepRunner,
        fit: FitResult,
        seen: Set[str],
        rare: Sequence[str],
    ) -> dict[str, float]:
        """Score every set, and measure the drift of the predictions for test (without its labels).

        Args:
            steps: of the run.
            fit: the tagger to evaluate.
            seen: the surface forms in the gold bought for training.
            rare: the classes that are rare in it.
        """
        scores: dict[str, float] = {}
        for name, gold in self.sets.items():
            predicted = steps.predict(fit, [s.withheld() for s in gold])
            first = self.first.get(name)
            result = steps.run(Evaluate(gold, predicted, self.confidence, first))
            self.counts = {**self.counts, name: result.counts}
            self.first.setdefault(name, result)
            scores |= prefixed(name, result.scores)
            scores |= prefixed(name, steps.run(UnseenEntities(gold, predicted, seen, rare)))
            scores |= prefixed(f"{name}/with_dropped", with_dropped(gold, result.counts))
            scores |= prefixed(f"time/predict_{name}", speed_of(predicted))
            if name == "test":
                drift = steps.run(Drift(self.last.get(name), predicted, steps.labels))
                scores |= prefixed("drift", drift)
            self.last[name] = predicted
        return scores

    def evaluate_ensemble(self, teacher: Teacher) -> dict[str, float]:
        """F1, precision and recall of the mean of several teachers.

        The tagger trained on their silver has to do better. With one teacher there are no scores.
        """
        scores: dict[str, float] = {}
        for name, gold in self.sets.items() if teacher.ensemble else ():
            predicted = teacher.annotate([s.withheld() for s in gold])
            result = teacher.steps.run(Evaluate(gold, predicted, self.confidence, None))
            self.counts = {**self.counts, f"ensemble/{name}": result.counts}
            scores |= prefixed(f"ensemble/{name}", entity_f1(result.scores, teacher.steps.labels))
        return scores


def entity_f1(scores: Mapping[str, float], labels: Sequence[str]) -> dict[str, float]:
    """F1, precision and recall over entities, for each class and averaged."""
    names = ("micro", "macro", *map(escaped, labels))
    wanted = {f"{measure}/{name}" for measure in ("f1", "precision", "recall") for name in names}
    return {name: value for name, value in scores.items() if name in wanted}


def watch(scores: Mapping[str, float], gold: Gold, labels: Sequence[str]) -> tuple[str, ...]:
    """Collapse warnings: the predictions for test no longer resemble the gold that was bought."""
    shares = {label: scores.get(f"drift/share/{escaped(label)}", 0.0) for label in labels}
    density, gold_shares = gold.look()
    warning = collapse_warning(scores["drift/density"], density, shares, gold_shares)
    return (warning,) if warning else ()
