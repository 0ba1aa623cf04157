"""Trained encoders as ONNX: for other programs, and for ``int8``."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from sciner.errors import InputError
from sciner.tagger.encoder.batches import prediction_batches
from sciner.tagger.encoder.encoder import FittedEncoder
from sciner.text.corpus import Sentence

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
INPUTS = ("input_ids", "attention_mask")
TOLERANCE = 1e-4  # of a probability; float32 in another order of sums differs by about 1e-6


class Logits(nn.Module):
    """An encoder as other programs call it: the logits of all pieces, [B, T, tags]."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def export(fitted: FittedEncoder, file: Path, sentences: Sequence[Sentence]) -> float:
    """Write an encoder as ONNX, and compare it with the encoder.

    Args:
        fitted: an encoder on the CPU that computes in float32.
        file: to be written. Inputs: input_ids and attention_mask [B, T]. Output: logits [B, T,
            tags]; a word has the tag of its first piece.
        sentences: to compare on.

    Returns:
        The largest difference of a probability.

    Raises:
        InputError: the extra is not installed, ONNX cannot express the encoder, or a probability
            differs by more than TOLERANCE.
    """
    check_installed("--onnx")
    write(Logits(fitted.model), fitted, INPUTS, "logits", file, "--onnx")
    difference = largest_difference(fitted, file, sentences)
    if not difference <= TOLERANCE:
        raise InputError(
            f"ONNX Runtime gives a tag another probability than torch (by {difference:.2g}; "
            f"{TOLERANCE:g} is allowed)",
            hint="leave out --onnx",
        )
    return difference


def check_installed(option: str) -> None:
    """Raise InputError, which names ``option``, unless the extra is installed."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise InputError(f"{option} needs {', '.join(missing)}", hint="pip install 'sciner[int8]'")


def write(
    net: nn.Module,
    fitted: FittedEncoder,
    inputs: Sequence[str],
    output: str,
    file: Path,
    option: str,
) -> None:
    """Write a module as ONNX, for batches of any shape.

    Args:
        net: the module.
        fitted: the encoder inside it, on the CPU.
        inputs: the names of its arguments, which are those of ``batches.collate``.
        output: the name of its result.
        file: to be written.
        option: that asks for it, for an error.

    Raises:
        InputError: ONNX cannot express the module.
    """
    reader = fitted.reader()
    # any: their numbers are not looked at
    found = reader.windows([Sentence("a", ("a", "b", "c")), Sentence("b", ("d",))])
    (example,) = reader.tensors(found, [[0, 1]])
    free = torch.export.Dim.DYNAMIC
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                net.eval(),
                tuple(example[name] for name in inputs),
                dynamo=True,
                input_names=inputs,
                output_names=[output],
                dynamic_shapes={name: {0: free, 1: free} for name in inputs},
                verbose=False,
            )
            assert program is not None
            program.save(file)
    except torch.onnx.errors.OnnxExporterError as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(
            f"this encoder cannot be exported to ONNX ({first})", hint=f"leave out {option}"
        ) from error


def largest_difference(fitted: FittedEncoder, file: Path, sentences: Sequence[Sentence]) -> float:
    """Of a tag's probability in ONNX Runtime and in torch, over all words of ``sentences``."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    reader, in_torch = fitted.reader(), fitted.forward()
    found = reader.windows(sentences)
    differences = []
    for batch in reader.tensors(found, prediction_batches(found, reader.budget)):
        (logits,) = session.run(None, {name: batch[name].numpy() for name in INPUTS})
        words = np.take_along_axis(logits, batch["firsts"].numpy()[..., None], axis=1)
        differences.append(np.abs(softmax(words, axis=-1) - in_torch(batch)).max())
    return float(np.max(differences))
