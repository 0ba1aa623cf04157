"""Make figures.json: how many of the suspected label errors are errors.

An annotator that errs at random labels the seed set, and the clean labels tell which of its labels
are wrong; of silver, the withheld gold does. `python -m experiments.suspects.measure [MODEL…]`
measures what figures.json lacks of these models (default: all).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from sciner.config import RunConfig
from sciner.launch.overrides import configurations
from sciner.loop.out_of_fold import predict_out_of_fold
from sciner.loop.outcomes import OutOfFold
from sciner.loop.steps.runner import StepRunner
from sciner.policy.seed import Amount, split
from sciner.run.build import build_annotator, build_tagger
from sciner.run.corpus import read_corpus
from sciner.score.errors import Kind
from sciner.score.suspects import Suspect, extent, places_of
from sciner.store.store import NoStore
from sciner.text.corpus import Example, Sentence, gold_example
from sciner.text.spans import Span

FILE = Path(__file__).parent / "figures.json"
TOP = (25, 50, 100)
WORDS = ("data=scierc", "annotator=noisy", "trainer.threads=1")
MODELS: Mapping[str, Sequence[str]] = {
    "crf": ("model=crf",),
    "minilm": ("model=minilm", "model.steps=150"),
}
# (seed set, error rate, does it judge silver too?)
POINTS = {
    "crf": [("10%", 0.1, True), ("10%", 0.2, False), ("20%", 0.1, False), ("20%", 0.2, False)],
    "minilm": [("10%", 0.1, True), ("10%", 0.2, False)],
}
SEEDS = (0, 1, 2)

Judged = tuple[Suspect, bool]  # a place, and whether its label is wrong


def measure(config: RunConfig, silver: bool) -> dict[str, Any]:
    """Figures of the gold that the annotator gives, and of the silver of the first round."""
    corpus = read_corpus(config.data)
    parts = split(
        corpus.train,
        (),
        seed=config.seed,
        order=config.data.seed_order,
        seed_size=Amount.parse(config.data.seed_size),
        dev_size=Amount.parse("0"),
    )
    annotator = build_annotator(config, corpus.labels, parts.withheld())
    seed_set = annotator.label([s.withheld() for s in parts.seed_set])
    steps = StepRunner(build_tagger(config, corpus.labels), NoStore(), corpus.labels)
    pool = [s.withheld() for s in parts.pool] if silver else []
    judged = predict_out_of_fold(steps, seed_set, config.seed, pool)
    examples = [gold_example(s) for s in seed_set]
    clean = clean_of(corpus.train)
    found = {"gold": figures(judged_places(examples, judged, clean, corpus.labels))}
    if silver:
        teacher = steps.fit(examples, seed=config.seed)
        annotated = [
            Example(p.sentence, p.spans, "silver", 1, p.span_confidences("min"))
            for p in steps.predict(teacher, pool).read()
        ]
        found["silver"] = figures(judged_places(annotated, judged, clean, corpus.labels))
    return found


def clean_of(sentences: Iterable[Sentence]) -> dict[str, tuple[Span, ...]]:
    return {s.id: s.spans or () for s in sentences}


def judged_places(
    examples: Iterable[Example],
    judged: OutOfFold,
    clean: Mapping[str, Sequence[Span]],
    labels: Sequence[str],
) -> list[Judged]:
    """Every place where label or prediction have a span."""
    by_id = {e.sentence.id: e for e in examples}
    return [
        (place, is_wrong(place, by_id[id].spans, clean[id]))
        for p in judged.predictions()
        if (id := p.sentence.id) in by_id
        for place in places_of(by_id[id], p, labels)
    ]


def is_wrong(place: Suspect, given: Sequence[Span], clean: Sequence[Span]) -> bool:
    """Are the spans that the labels have on these tokens others than the clean ones?"""
    here = Span(*extent(place.given, place.suggested), "")
    return {s for s in given if s.overlaps(here)} != {s for s in clean if s.overlaps(here)}


def figures(places: Sequence[Judged]) -> dict[str, Any]:
    """wrong: share of all places, the precision of a list in no order. top: of the first k
    suspects, those that are wrong."""
    wrong = np.array([is_wrong for _, is_wrong in places])
    suspect = np.array([place.kind != Kind.RIGHT for place, _ in places])
    p_given = np.array([place.p_given for place, _ in places])
    margin = p_given - np.array([place.p_suggested for place, _ in places])
    ranked = wrong[suspect][np.argsort(p_given[suspect], kind="stable")]
    by_margin = wrong[suspect][np.argsort(margin[suspect], kind="stable")]
    return {
        "places": len(places),
        "wrong": float(wrong.mean()),
        "suspects": int(suspect.sum()),
        "suspects_wrong": float(wrong[suspect].mean()),
        "top": {str(k): float(ranked[:k].mean()) for k in TOP},
        "top_by_margin": {str(k): float(by_margin[:k].mean()) for k in TOP},
        "found_by_half": found_by(ranked, wrong, 0.5),
        "auc": float(roc_auc_score(wrong, -p_given)),
        "auc_by_margin": float(roc_auc_score(wrong, -margin)),
    }


def found_by(ranked: npt.NDArray[np.bool_], wrong: npt.NDArray[np.bool_], part: float) -> float:
    """Of the wrong places, those among the first ``part`` of the suspects."""
    return float(ranked[: round(part * len(ranked))].sum() / wrong.sum())


def main(models: Sequence[str]) -> None:
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    done = {(row["model"], row["seed_size"], row["rate"], row["seed"]) for row in known}
    for model in models or MODELS:
        for seed in SEEDS:
            for size, rate, silver in POINTS[model]:
                point = {"model": model, "seed_size": size, "rate": rate, "seed": seed}
                if tuple(point.values()) in done:
                    continue
                words = [*WORDS, *MODELS[model], f"data.seed_size={size}"]
                words += [f"annotator.rate={rate}", f"seed={seed}"]
                (config,) = configurations([words], {})
                known.append(point | measure(config, silver))
                FILE.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
                print(point, known[-1]["gold"]["top"], known[-1]["gold"]["auc"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
