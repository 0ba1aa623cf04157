"""The device: precision, threads, and the only place that builds a Trainer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch

from sciner.errors import InputError

Batch = dict[str, torch.Tensor]
MOST_BATCHES = 8
THREADS = torch.get_num_threads()  # before an earlier run of this process has set its own


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how an encoder computes.

    Attributes:
        accelerator: auto, cpu or gpu.
        precision: auto, bf16-mixed or 32-true.
        threads: of one fit on the CPU; None leaves torch's choice (the cores, or OMP_NUM_THREADS).
        matmul: highest, or high for TF32 in a GPU's float32 products.

    Raises:
        InputError: a GPU is asked for and there is none.
    """

    accelerator: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    matmul: str = "highest"

    def __post_init__(self) -> None:
        if self.accelerator == "gpu" and self.type == "cpu":
            raise InputError(
                f"trainer.accelerator=gpu: torch {torch.__version__} sees no GPU",
                hint="trainer=auto uses the CPU if there is no GPU",
            )

    def resolved_precision(self) -> str:
        """bf16 where the processor computes in it, float32 elsewhere."""
        if self.precision != "auto":
            return self.precision
        if self.accelerator != "cpu" and torch.cuda.is_available():
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
        return "bf16-mixed" if native_bf16() else "32-true"

    def identity(self) -> dict[str, str | int]:
        """What of the device changes a result's last bits.

        Device, precision, threads (sums are split among them), and torch's version.
        """
        threads = self.fit_threads()
        tf32: dict[str, str | int] = {"matmul": self.matmul} if self.type == "cuda" else {}
        return tf32 | {
            "device": self.type,
            "precision": self.resolved_precision(),
            "threads": threads if self.type == "cpu" else 0,
            "torch": str(torch.__version__),
        }

    @property
    def type(self) -> str:
        """cpu, cuda or mps, as Lightning chooses it."""
        if self.accelerator == "cpu":
            return "cpu"
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def fit_threads(self) -> int:
        """Threads of a fit on the CPU."""
        return self.threads or THREADS

    def prediction_pieces(self) -> int:
        """Padded pieces of a batch in a prediction: what a CPU's cache holds, what fills a GPU."""
        return 1024 if self.type == "cpu" else 65_536

    def prediction_threads(self) -> tuple[int, int]:
        """How many batches are predicted side by side, and the threads of each.

        A batch is too small for its products to be shared well: two cores are 1.5 times as fast
        with a batch each. Beyond MOST_BATCHES they wait for the interpreter.
        """
        threads = self.fit_threads()
        batches = min(threads, MOST_BATCHES) if self.type == "cpu" else 1
        return batches, threads // batches

    @contextmanager
    def predicting(self, threads: int | None = None) -> Iterator[None]:
        """Predict within the context: no gradients, the precision, ``threads`` threads or all."""
        before = torch.get_num_threads()
        self.settle(threads)
        mixed = self.resolved_precision() == "bf16-mixed"
        try:
            with torch.inference_mode(), torch.autocast(self.type, torch.bfloat16, enabled=mixed):
                yield
        finally:
            torch.set_num_threads(before)

    def settle(self, threads: int | None = None) -> None:
        """Set the number of threads, and the precision of a GPU's float32 products.

        torch keeps a number of threads for each thread that computes.
        """
        torch.set_num_threads(threads or self.fit_threads())
        if self.type == "cuda":
            torch.set_float32_matmul_precision(self.matmul)

    def pinned(self, batch: Batch) -> Batch:
        """``batch`` where a GPU can fetch it while it computes."""
        return (
            {name: tensor.pin_memory() for name, tensor in batch.items()}
            if self.type == "cuda"
            else batch
        )

    def moved(self, batch: Batch) -> Batch:
        """``batch`` on the device."""
        return {
            name: tensor.to(self.type, non_blocking=True)
            for name, tensor in self.pinned(batch).items()
        }

    def trainer(
        self, *, steps: int, on_step: Callable[[torch.Tensor], None] | None = None
    ) -> pl.Trainer:
        """Build a Trainer for one fit: a second fit on the same Trainer would silently do nothing.

        Args:
            steps: optimiser steps.
            on_step: called with the loss after every step. The loss stays on the device, so a GPU
                is not waited for.
        """
        self.settle()
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        return pl.Trainer(
            max_steps=steps,
            accelerator=self.accelerator,
            devices=1,
            precision=self.resolved_precision(),  # type: ignore[arg-type]
            callbacks=[EachStep(on_step)] if on_step else [],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )


class EachStep(pl.Callback):
    """Tells somebody the loss of every step."""

    def __init__(self, tell: Callable[[torch.Tensor], None]) -> None:
        self.tell = tell

    def on_train_batch_end(
        self, _trainer: pl.Trainer, _module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        self.tell(outputs["loss"].detach())


def native_bf16() -> bool:
    """Whether this CPU multiplies in bf16 (AVX-512 BF16 or AMX).

    The question is private API: no answer means no.
    """
    try:
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    except AttributeError:
        return False
