"""A trained encoder in 8-bit integers on a CPU; experiments/speed measures its speed and loss.

The weights of matrix products are rounded once, with one scale per channel, and activations at run
time, with one scale per batch (ONNX Runtime's dynamic quantisation). Embeddings, attention and
layer norms stay float32.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from sciner.tagger.base import FitReport
from sciner.tagger.encoder.encoder import FittedEncoder
from sciner.tagger.encoder.module import TokenClassifier, TrainingConfig
from sciner.tagger.encoder.onnx import check_installed, write
from sciner.tagger.encoder.predict import predict
from sciner.text.corpus import Sentence
from sciner.text.prediction import Floats, Prediction

INPUTS = ("input_ids", "attention_mask", "firsts")


@dataclass(frozen=True, slots=True)
class QuantisedEncoder:
    """``source`` as an ONNX Runtime session."""

    source: FittedEncoder
    session: Any

    @property
    def report(self) -> FitReport:
        return self.source.report

    def predict(self, sentences: Sequence[Sentence]) -> Iterator[Prediction]:
        """As ``FittedEncoder.predict``."""
        beside, _ = self.source.device.prediction_threads()
        return predict(sentences, self.source.tags, self.source.reader(), self.forward, beside)

    def forward(self, batch: dict[str, Tensor]) -> Floats:
        """Label distributions [B, W, tags], float32."""
        found: Floats = self.session.run(None, {name: batch[name].numpy() for name in INPUTS})[0]
        return found

    def save(self, directory: Path) -> None:
        """Write the float weights: rounding them again gives this encoder again."""
        self.source.save(directory)


def quantised(fitted: FittedEncoder) -> QuantisedEncoder:
    """Quantise ``fitted`` to int8 on the CPU.

    Raises:
        InputError: the extra is not installed, or ONNX cannot express the encoder.
    """
    check_installed("--int8")
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    fitted = replace(fitted, device=replace(fitted.device, accelerator="cpu"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = fitted.device.prediction_threads()[1]
    # as OMP_WAIT_POLICY=PASSIVE
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with TemporaryDirectory() as folder:
        whole, rounded = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        net = Distributions(fitted.model.cpu(), fitted.config)
        write(net, fitted, INPUTS, "distributions", whole, "--int8")
        logging.getLogger().addFilter(no_advice)
        try:
            quantize_dynamic(
                whole,
                rounded,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.getLogger().removeFilter(no_advice)
        session = onnxruntime.InferenceSession(rounded, options, providers=["CPUExecutionProvider"])
    return QuantisedEncoder(fitted, session)


def no_advice(record: logging.LogRecord) -> bool:
    """Whether a message of the log is worth showing."""
    return "pre-processing before quantization" not in record.getMessage()


class Distributions(torch.nn.Module):
    """``TokenClassifier.predict_step`` with the batch spelled out."""

    def __init__(self, model: torch.nn.Module, config: TrainingConfig) -> None:
        super().__init__()
        self.classifier = TokenClassifier(model, config)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, firsts: Tensor) -> Tensor:
        batch = dict(zip(INPUTS, (input_ids, attention_mask, firsts), strict=True))
        return self.classifier.predict_step(batch, 0)
