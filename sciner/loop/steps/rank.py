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
from sciner.policy.acquisition.base import STRATEGIES, Evidence
from sciner.policy.acquisition.batch import Acquire
from sciner.policy.acquisition.rank import rank
from sciner.store.step import Step
from sciner.tagger.base import PROBES, Probed
from sciner.text.corpus import Sentence

SETTINGS = {
    name: f"of {kind}"
    for kind, strategy in STRATEGIES.items()
    for name in vars(strategy)["__dataclass_fields__"]
}  # of all policies: each is an input under its own name


@dataclass(frozen=True)
class Rank(Step[list[Sentence]]):
    """``candidates`` in the order in which to buy them (``policy.acquisition.rank``).

    Attributes:
        acquire: the acquisition.
        candidates: sentences without labels.
        fit: the tagger.
        fresh: its predictions for the candidates, if the strategy needs any.
        history: those of earlier rounds.
        bought: the gold.
        labels: the corpus's classes.
        count: about how many will be bought.
        seed, round: of the draw.
    """

    NAME = "rank"
    VERSION = 2
    INPUTS: ClassVar = {
        "kind": "the policy",
        "candidates": "the sentences that can be bought, ids and tokens",
        "count": "about how many of them will be bought",
        "seed": "",
        "round": "",
        "fit": "the fit whose tagger is used, for policies that need dropout samples or embeddings",
        **SETTINGS,
        "bought": "for embeddings, the tokens of the gold",
        "fresh": "the latest predictions, if the policy needs them",
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
            "kind": self.acquire.strategy.kind,
            "candidates": digest_of_rows([s.id, s.tokens] for s in self.candidates),
            "count": self.count,
            "seed": self.seed,
            "round": self.round,
            **vars(self.acquire.strategy),
        }
        if self.acquire.needs & PROBES:
            inputs["fit"] = self.fit.key
        if "embeddings" in self.acquire.needs:
            inputs["bought"] = digest_of_rows(s.tokens for s in self.bought)
        if self.fresh is not None:
            history = [made.identity() for made in self.history]
            inputs |= {"fresh": self.fresh.identity(), "history": history, "counts": self.counts()}
        return inputs

    def compute(self, folder: Path) -> None:
        draw = {"count": self.count, "seed": self.seed, "round": self.round}
        order = rank(self.acquire.strategy, self.candidates, self.evidence(), **draw)
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
        """What the strategy needs.

        Raises:
            ValueError: the tagger cannot provide it.
        """
        needs, found = self.acquire.needs, dict[str, Any]()
        if self.fresh is not None:
            history = [made.read for made in self.history]
            found |= {"predictions": self.fresh.read, "history": history, "counts": self.counts()}
        if not needs & PROBES:
            return Evidence(**found)
        live = self.fit.live()
        if not isinstance(live, Probed):
            kind = self.acquire.strategy.kind
            raise ValueError(f"acquire={kind} needs {', '.join(needs)}: this tagger has none")
        if "samples" in needs:
            found["samples"] = lambda passes: live.samples(self.candidates, passes, self.seed)
        if "embeddings" in needs:
            found["embeddings"] = lambda: live.embeddings(self.candidates)
            found["known"] = lambda: live.embeddings([s.withheld() for s in self.bought])
        return Evidence(**found)
