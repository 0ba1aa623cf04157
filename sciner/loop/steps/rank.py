"""Rank the pool for the annotator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sciner.hashing import digest_of_rows
from sciner.loop.outcomes import FitResult, Predicted
from sciner.policy.acquire import Acquire, Evidence, rank
from sciner.store.step import Step
from sciner.tagger.base import Probed
from sciner.text.corpus import Sentence


@dataclass(frozen=True)
class Rank(Step[list[Sentence]]):
    """``candidates``, the first to buy first (``policy.acquire.rank``).

    fresh: today's predictions for them, where the policy needs any; history: those of earlier
    rounds. bought: the gold. count: about how many will be bought. seed, round: of the draw.
    """

    NAME = "rank"
    VERSION = 2
    INPUTS: ClassVar = {
        "kind": "the policy",
        "candidates": "the sentences on offer, ids and tokens",
        "count": "about how many of them will be bought",
        "seed": "",
        "round": "",
        "fit": "for samples and embeddings, the fit",
        "passes": "for samples, how many",
        "bought": "for embeddings, the tokens of the gold",
        "fresh": "today's predictions, where the policy needs any",
        "history": "those of earlier rounds",
        "counts": "the gold's spans of each class",
    }
    RESULT = "the order in which to buy"

    acquire: Acquire
    candidates: Sequence[Sentence]
    fit: FitResult
    fresh: Predicted | None
    history: Sequence[Predicted]
    bought: Sequence[Sentence]
    labels: tuple[str, ...]
    count: int
    seed: int
    round: int

    def inputs(self) -> Mapping[str, Any]:
        inputs: dict[str, Any] = {
            "kind": self.acquire.kind,
            "candidates": digest_of_rows([s.id, s.tokens] for s in self.candidates),
            "count": self.count,
            "seed": self.seed,
            "round": self.round,
        }
        if "samples" in self.acquire.needs:
            inputs |= {"fit": self.fit.key, "passes": self.acquire.passes}
        if "embeddings" in self.acquire.needs:
            bought = digest_of_rows(s.tokens for s in self.bought)
            inputs |= {"fit": self.fit.key, "bought": bought}
        if self.fresh is not None:
            history = [made.identity() for made in self.history]
            inputs |= {"fresh": self.fresh.identity(), "history": history, "counts": self.counts()}
        return inputs

    def compute(self, folder: Path) -> None:
        draw = {"count": self.count, "seed": self.seed, "round": self.round}
        order = rank(self.acquire, self.candidates, self.evidence(), **draw)
        np.save(folder / "order.npy", order, allow_pickle=False)

    def load(self, folder: Path) -> list[Sentence]:
        order = np.load(folder / "order.npy", allow_pickle=False)
        return [self.candidates[i] for i in order]

    @staticmethod
    def figures(folder: Path) -> Mapping[str, float]:
        """How many were ranked."""
        return {"sentences ranked": len(np.load(folder / "order.npy", allow_pickle=False))}

    def counts(self) -> list[int]:
        """The gold's spans of each class."""
        seen = Counter(span.label for s in self.bought for span in s.spans or ())
        return [seen[label] for label in self.labels]

    def evidence(self) -> Evidence:
        """What the policy asks for. Raises ValueError where the tagger cannot give it."""
        acquire, candidates = self.acquire, self.candidates
        if not acquire.needs & {"samples", "embeddings"}:
            read = self.fresh.read if self.fresh else None
            return Evidence(read, [made.read for made in self.history], counts=self.counts())
        live = self.fit.live()
        if not isinstance(live, Probed):
            needs = ", ".join(acquire.needs)
            raise ValueError(f"acquire={acquire.kind} needs {needs}: this tagger cannot give them")
        if "samples" in acquire.needs:
            return Evidence(samples=lambda: live.samples(candidates, acquire.passes, self.seed))
        known = live.embeddings([s.withheld() for s in self.bought])
        return Evidence(embeddings=live.embeddings(candidates), known=known)
