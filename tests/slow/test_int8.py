"""Encoders as ONNX and in int8: every family is exported, for batches of any shape, and says (in
int8 nearly) what it said in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax

from sciner.tagger.encoder.encoder import FittedEncoder
from sciner.tagger.encoder.int8 import quantised
from sciner.tagger.encoder.onnx import INPUTS, PACKAGES, TOLERANCE, export
from sciner.text.corpus import Sentence
from tests.families import FAMILIES, Family
from tests.specs.test_families import EXAMPLES, SENTENCES, WORDS_OF_TEXT, rows, tagger

for package in PACKAGES:
    pytest.importorskip(package)
pytestmark = pytest.mark.slow

MANY = [*SENTENCES, Sentence("l#0", WORDS_OF_TEXT * 40)]  # of several windows


@pytest.fixture(scope="module", params=FAMILIES.values(), ids=FAMILIES.keys())
def fitted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> FittedEncoder:
    family: Family = request.param
    if family.name == "deberta_v3_base":
        pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp(family.name)
    torch.manual_seed(0)
    family.write(folder)
    return tagger(family.source(folder), steps=30).fit(EXAMPLES, seed=0)


def test_the_exported_net_says_what_the_net_says(fitted: FittedEncoder, tmp_path: Path) -> None:
    """In float32, for shapes that the example of the export did not have: one window, one word,
    padding, long windows."""
    import onnxruntime

    difference = export(fitted, tmp_path / "net.onnx", MANY)
    session = onnxruntime.InferenceSession(
        tmp_path / "net.onnx", providers=["CPUExecutionProvider"]
    )
    reader = fitted.reader()
    found = reader.windows(MANY)
    largest = 0.0
    for batch in ([0], [2], [3, 4, 5], list(range(len(found)))):
        (tensors,) = reader.tensors(found, [batch])
        (logits,) = session.run(["logits"], {name: tensors[name].numpy() for name in INPUTS})
        expected = fitted.forward()(tensors)
        for i, pieces, theirs in zip(batch, logits, expected, strict=True):
            ours = softmax(pieces[list(found[i].firsts)], axis=-1)
            largest = max(largest, np.abs(ours - theirs[: len(ours)]).max(initial=0))
    assert largest < TOLERANCE and difference < TOLERANCE


def test_int8_says_nearly_the_same(fitted: FittedEncoder, tmp_path: Path) -> None:
    """But not the very same, or nothing was rounded; and it saves what it was made of."""
    small = quantised(fitted)
    whole, rounded = (np.concatenate(rows(f, MANY)) for f in (fitted, small))
    assert whole.shape == rounded.shape
    assert 0 < np.abs(whole - rounded).mean() < 0.03
    small.save(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
