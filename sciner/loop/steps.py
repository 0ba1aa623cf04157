"""The steps of a round: fit, predict, rank, drift, select, judge, lens. Each is keyed by what it is computed from; a store
may know its result.

Small results are keyed by value: two thresholds that accept the same silver are the same training from there on, and a run of
two rounds is the beginning of a run of four.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import Done, Fit, Predicted, Scores, Verdict, named
from sciner.loop.weights import WEIGHTS, Kept, Weights
from sciner.policy.acquisition.base import Evidence
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.rank import rank
from sciner.policy.threshold.accept import Threshold, accept
from sciner.score.calibration import reliability_scores
from sciner.score.drift import drift_scores
from sciner.score.judge import judge
from sciner.score.lens import lens_scores
from sciner.score.silver import silver_scores
from sciner.store.disk import Store
from sciner.store.step import Result, Step, key_of
from sciner.tagger.base import PROBES, FitReport, Fitted, Probed, Tagger
from sciner.text.corpus import NOTHING, Example, Sentence, tags_of
from sciner.text.formats.npz import read_predictions, write_predictions
from sciner.text.prediction import Aggregate, Prediction
from sciner.text.spans import Span

log = logging.getLogger(__name__)

# Raised by hand where a step's meaning changes: what older versions stored is then no longer found.
VERSIONS = {"fit": 2, "weights": WEIGHTS, "predict": 4, "rank": 2, "drift": 1, "select": 2, "judge": 1, "lens": 1}


class Steps:
    """One run's steps. weights, shared: which fits' weights stay (``loop.weights.Kept``)."""

    def __init__(
        self, tagger: Tagger, store: Store, labels: Sequence[str], weights: Weights = "last", shared: bool = False
    ) -> None:
        self.tagger, self.store, self.labels = tagger, store, tuple(labels)
        self.kept = Kept(store, weights, shared)
        self.taken: list[Done] = []

    def fit(self, examples: Sequence[Example], *, seed: int, start: Fit | None = None) -> Fit:
        """Train on ``examples``, from the pretrained weights or from those of ``start``."""
        lively: list[Fitted] = []  # at most one: the trained tagger, once it is in memory

        def train() -> Fitted:
            fitted = self.tagger.fit(examples, seed=seed, start=start.live() if start else None)
            lively.append(fitted)
            return fitted

        def make(folder: Path) -> None:
            fitted = lively[0] if lively else train()
            if self.store.keeps:
                self.kept.keep(key, lambda: fitted)
            write_json(folder / "report.json", asdict(fitted.report))

        def read(folder: Path) -> FitReport:
            found = read_json(folder / "report.json")
            return FitReport(**found | {"losses": tuple((int(n), loss) for n, loss in found["losses"])})

        def again() -> Fitted:
            log.info("the weights of this fit were not kept: training again")
            self.taken.append(Done("fit", key, False, report.seconds))
            return train()

        def live() -> Fitted:
            if not lively:
                kept = self.kept.keep(key, again)
                lively[:] = lively or [kept.read(lambda folder: self.tagger.restore(folder, report))]
            return lively[0]

        inputs = {
            "tagger": self.tagger.identity(),
            "examples": digest_of_examples(examples),
            "seed": seed,
            "start": start.key if start else None,
        }
        key = key_of("fit", VERSIONS["fit"], inputs)
        report = self._run("fit", inputs, make).read(read)
        self.kept.moved_on_to(key)
        return Fit(key, report, live)

    def predict(self, fit: Fit, sentences: Sequence[Sentence]) -> Predicted:
        """Let the trained tagger annotate ``sentences``."""

        def make(folder: Path) -> None:
            fitted, began = fit.live(), time.perf_counter()
            write_predictions(folder, fitted.predict(sentences), self.labels)
            write_json(folder / "speed.json", {"seconds": time.perf_counter() - began})

        def read() -> Iterator[Prediction]:
            return found.stream(lambda folder: read_predictions(folder, sentences, self.labels))

        inputs = {"fit": fit.key, "sentences": digest_of_rows(s.tokens for s in sentences), "labels": self.labels}
        found = self._run("predict", inputs, make)
        return Predicted(found.key, sentences, found.read(lambda f: read_json(f / "speed.json"))["seconds"], read)

    def rank(
        self,
        acquire: Acquire,
        candidates: Sequence[Sentence],
        fit: Fit,
        fresh: Predicted | None,
        history: Sequence[Predicted],
        bought: Sequence[Sentence],
        **draw: int,
    ) -> list[Sentence]:
        """``candidates``, the first to buy first (``policy.acquisition.rank``, which also says what ``draw`` holds).

        fresh: today's predictions for them, where the policy needs any; history: those of earlier rounds. bought: the gold.
        """
        needs = acquire.needs
        seen = Counter(span.label for s in bought for span in s.spans or ())
        counts = [seen[label] for label in self.labels]

        def evidence() -> Evidence:
            read: dict[str, Any] = {}
            if fresh is not None:
                read |= {"predictions": fresh.read, "history": [made.read for made in history], "counts": counts}
            if not needs & PROBES:
                return Evidence(**read)
            live = fit.live()
            if not isinstance(live, Probed):
                raise ValueError(f"acquire={acquire.strategy.kind} needs {', '.join(needs)}: this tagger cannot give them")
            if "samples" in needs:
                read["samples"] = lambda passes: live.samples(candidates, passes, draw["seed"])
            if "embeddings" in needs:
                read["embeddings"] = lambda: live.embeddings(candidates)
                read["known"] = lambda: live.embeddings([s.withheld() for s in bought])
            return Evidence(**read)

        def make(folder: Path) -> None:
            order = rank(acquire.strategy, candidates, evidence(), **draw)
            np.save(folder / "order.npy", order, allow_pickle=False)

        offered = digest_of_rows([s.id, s.tokens] for s in candidates)
        inputs: dict[str, Any] = {"kind": acquire.strategy.kind, "candidates": offered, **draw, **vars(acquire.strategy)}
        if needs & PROBES:
            inputs["fit"] = fit.key
        if "embeddings" in needs:
            inputs["bought"] = digest_of_rows(s.tokens for s in bought)
        if fresh is not None:
            inputs |= {"fresh": named(fresh), "history": [named(made) for made in history], "counts": counts}
        found = self._run("rank", inputs, make)
        order = found.read(lambda folder: np.load(folder / "order.npy", allow_pickle=False))
        return [candidates[i] for i in order]

    def drift(self, before: Predicted | None, after: Predicted) -> Scores:
        """How far the predictions moved (``score.drift``); of ``before`` only what ``after`` has too."""

        def make(folder: Path) -> None:
            ids = {s.id for s in after.sentences}
            earlier = (p for p in before.read() if p.sentence.id in ids) if before else None
            write_json(folder / "scores.json", drift_scores(earlier, after.read(), self.labels))

        inputs = {"before": named(before) if before else None, "after": named(after), "labels": self.labels}
        scores: Scores = self._run("drift", inputs, make).read(lambda folder: read_json(folder / "scores.json"))
        return scores

    def select(
        self,
        fresh: Predicted,
        kept: Mapping[str, Example],
        earlier: Sequence[Predicted],
        threshold: Threshold,
        withheld: Mapping[str, tuple[Span, ...]],
        **gold: Any,
    ) -> tuple[dict[str, Example], Scores]:
        """(accepted silver by sentence id, its scores): what ``threshold`` lets through of ``fresh``, beside what is ``kept``
        of the ``earlier`` annotations. gold, round, weight: as ``policy.threshold.accept`` wants them."""

        def make(folder: Path) -> None:
            accepted = accept(fresh.read, threshold, **gold)
            proposed = chain.from_iterable(made.read() for made in (*earlier, fresh))
            scores = silver_scores([*kept.values(), *accepted], proposed, withheld)
            scores |= reliability_scores(withheld, fresh.read(), threshold.confidence)
            rows = [[e.sentence.id, e.spans, e.round, e.confidences, sorted(e.masked), e.weight] for e in accepted]
            write_json(folder / "silver.json", {"scores": scores, "accepted": rows})

        def read(folder: Path) -> tuple[dict[str, Example], Scores]:
            found = read_json(folder / "silver.json")
            sentences = {s.id: s for s in fresh.sentences}
            accepted = {
                id: Example(
                    sentences[id], spans_of(spans), "silver", round, tuple(confidences), frozenset(masked) or NOTHING, weight
                )
                for id, spans, round, confidences, masked, weight in found["accepted"]
            }
            return dict(kept) | accepted, found["scores"]

        annotated = {s.id for made in (*earlier, fresh) for s in made.sentences}
        inputs = {
            "fresh": named(fresh),
            "earlier": [named(made) for made in earlier],
            "kept": digest_of_rows([id, e.spans, e.confidences, sorted(e.masked)] for id, e in kept.items()),
            "threshold": threshold.identity(),
            "withheld": digest_of_rows([id, spans] for id, spans in withheld.items() if id in annotated),
            **gold,
        }
        return self._run("select", inputs, make).read(read)

    def judge(self, gold: Sequence[Sentence], predicted: Predicted, how: Aggregate, first: Verdict | None) -> Verdict:
        """The predictions for ``gold`` judged, and compared with ``first``, those of round 0 (``score.judge``)."""

        def make(folder: Path) -> None:
            scores, counts = judge(gold, predicted.read(), how=how, first=first.counts if first else None)
            write_json(folder / "scores.json", {"scores": scores, "counts": counts.tolist()})

        def read(folder: Path) -> Verdict:
            found = read_json(folder / "scores.json")
            return Verdict(taken.key, found["scores"], np.array(found["counts"], dtype=np.int64).reshape(-1, 3))

        inputs = {
            "predictions": predicted.key,
            "gold": digest_of_rows([s.document, s.spans] for s in gold),
            "confidence": how,
            "first": first.key if first else None,
        }
        taken = self._run("judge", inputs, make)
        return taken.read(read)

    def lens(self, gold: Sequence[Sentence], predicted: Predicted, seen: Set[str], rare: Sequence[str]) -> Scores:
        """The predictions for ``gold`` on unseen mentions and rare classes (``score.lens``). A step beside ``judge``, because
        it depends on what gold was bought too: seen are its surface forms, rare its rare classes."""

        def make(folder: Path) -> None:
            write_json(folder / "scores.json", lens_scores(gold, (p.spans for p in predicted.read()), seen, rare))

        inputs = {
            "predictions": predicted.key,
            "gold": digest_of_rows(s.spans for s in gold),
            "seen": digest_of_rows(sorted(seen)),
            "rare": sorted(rare),
        }
        scores: Scores = self._run("lens", inputs, make).read(lambda folder: read_json(folder / "scores.json"))
        return scores

    def close(self) -> None:
        """The run has ended: drop weights that nobody asked to keep."""
        self.kept.close()

    def _run(self, name: str, inputs: Mapping[str, Any], make: Callable[[Path], None]) -> Result:
        found = self.store.run(Step(name, VERSIONS[name], inputs, make))
        self.taken.append(Done(name, found.key, found.hit, found.seconds))
        return found


def digest_of_examples(examples: Sequence[Example]) -> str:
    """What a fit sees of its training set: tokens, the labels of unmasked tokens, weights, in order; no id, no provenance."""
    return digest_of_rows(
        [e.sentence.tokens, [None if i in e.masked else tag for i, tag in enumerate(tags_of(e))], e.weight] for e in examples
    )


def spans_of(rows: Sequence[Sequence[Any]]) -> tuple[Span, ...]:
    return tuple(Span(start, end, intern(label)) for start, end, label in rows)  # JSON gives every label a string of its own


def write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
