"""Every score of every judged set, and the signs of collapse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from sciner.loop.gold import Gold
from sciner.loop.outcomes import Fit, Predicted, Verdict, speed_of
from sciner.loop.steps import Steps
from sciner.score.drift import collapse_warning
from sciner.score.judge import named
from sciner.score.names import escaped
from sciner.score.stats import Counts
from sciner.text.corpus import Sentence
from sciner.text.prediction import Aggregate


class Bench:
    """The judged sets; remembers round 0 for the gain and the last round for the drift."""

    def __init__(self, sets: Mapping[str, Sequence[Sentence]], how: Aggregate) -> None:
        self.sets = {name: sentences for name, sentences in sets.items() if sentences}
        self.how = how
        self.first: dict[str, Verdict] = {}
        self.last: dict[str, Predicted] = {}
        self.counts: Mapping[str, Counts] = {}

    def judge(self, steps: Steps, fit: Fit, seen: Set[str], rare: Sequence[str]) -> dict[str, float]:
        """Every score of every set, and the drift of the predictions for test (of whose labels it takes no notice).

        seen, rare: surface forms and rare classes of the gold that was bought for training."""
        scores: dict[str, float] = {}
        for name, gold in self.sets.items():
            predicted = steps.predict(fit, [s.withheld() for s in gold])
            verdict = steps.judge(gold, predicted, self.how, self.first.get(name))
            self.counts = {**self.counts, name: verdict.counts}
            self.first.setdefault(name, verdict)
            scores |= named(name, verdict.scores) | named(name, steps.lens(gold, predicted, seen, rare))
            scores |= named(f"time/predict_{name}", speed_of(predicted))
            if name == "test":
                scores |= named("drift", steps.drift(self.last.get(name), predicted))
            self.last[name] = predicted
        return scores


def watch(scores: Mapping[str, float], gold: Gold, labels: Sequence[str]) -> tuple[str, ...]:
    """Signs of collapse: the predictions for test no longer look like the gold that was bought."""
    shares = {label: scores.get(f"drift/share/{escaped(label)}", 0.0) for label in labels}
    density, gold_shares = gold.look()
    warning = collapse_warning(scores["drift/density"], density, shares, gold_shares)
    return (warning,) if warning else ()
