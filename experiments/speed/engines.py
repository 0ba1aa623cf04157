"""The forward pass alone, tokenised beforehand and in the same batches: torch as sciner uses it,
and OpenVINO (bf16), which fuses what lies between the products. And what bf16 moves: probabilities
against those of float32.

Needs `pip install openvino`, which nothing else does.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


TURNS = 9


def engines() -> dict[str, Any]:
    """Corpus tokens a second of either engine, and the rounding of both, on the paragraphs of
    ``measure.annotate``."""
    from experiments.speed.measure import config, saved_tagger
    from sciner.run.saved import open_tagger
    from sciner.tagger.encoder.batches import prediction_batches
    from sciner.tagger.encoder.encoder import FittedEncoder
    from sciner.text.catalog.read import read_catalog

    paragraphs = read_catalog("cmu_sciner").unlabelled[:200]
    tokens = sum(len(s.tokens) for s in paragraphs)
    with tempfile.TemporaryDirectory() as scratch:
        tagger = open_tagger(saved_tagger(Path(scratch) / "run"), config().trainer)
    assert isinstance(tagger, FittedEncoder)
    reader = tagger.reader()
    found = reader.windows(paragraphs)
    batches = list(reader.tensors(found, prediction_batches(found, reader.budget)))
    beside, _ = tagger.device.prediction_threads()

    def speed(forward: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[], float]:
        def run() -> float:
            began = time.perf_counter()
            with ThreadPoolExecutor(beside) as pool:
                list(pool.map(forward, batches))
            return tokens / (time.perf_counter() - began)

        return run

    wide = replace(tagger, device=replace(tagger.device, precision="32-true")).forward()
    systems = {"torch": tagger.forward(), "OpenVINO": openvino_forward(tagger, batches[0], beside)}
    expected = list(map(wide, batches))
    by: dict[str, list[float]] = {name: [] for name in systems}
    for turn in range(TURNS + 1):  # the first warms up
        for name, forward in systems.items():
            tokens_per_second = speed(forward)()
            if turn:
                by[name].append(round(tokens_per_second, 1))
    return {
        "tokens_per_second": by,
        "rounding": {
            name: moved(expected, list(map(forward, batches))) for name, forward in systems.items()
        },
    }


def openvino_forward(
    tagger: Any, example: dict[str, torch.Tensor], streams: int
) -> Callable[[dict[str, torch.Tensor]], Any]:
    """``tagger`` exported and compiled for bf16, a stream for each thread that asks."""
    import openvino
    import torch

    from sciner.tagger.encoder.int8 import INPUTS, Distributions

    free = torch.export.Dim.DYNAMIC
    shapes = {name: {0: free, 1: free} for name in INPUTS}
    net = Distributions(tagger.model, tagger.config).eval()
    with torch.no_grad():
        program = torch.export.export(
            net, tuple(example[name] for name in INPUTS), dynamic_shapes=shapes, strict=False
        )
        converted = openvino.convert_model(program)
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
    }
    compiled, own = openvino.Core().compile_model(converted, "CPU", settings), threading.local()

    def forward(batch: dict[str, torch.Tensor]) -> Any:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        return own.request.infer([batch[name].numpy() for name in INPUTS])[0].copy()

    return forward


def moved(expected: list[Any], found: list[Any]) -> dict[str, float]:
    """Of the greatest change of a word's probabilities the mean and the greatest, and the share of
    words with another tag; padded words are among them."""
    changes = np.concatenate(
        [np.abs(a - b).max(-1).ravel() for a, b in zip(expected, found, strict=True)]
    )
    other = np.concatenate(
        [(a.argmax(-1) != b.argmax(-1)).ravel() for a, b in zip(expected, found, strict=True)]
    )
    return {
        "mean": round(float(changes.mean()), 5),
        "greatest": round(float(changes.max()), 3),
        "other": round(float(other.mean()), 5),
    }
