"""The device: what a GPU would be told, shown on one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from sciner.errors import InputError
from sciner.launch.overrides import check, parse_flags
from sciner.tagger.encoder import device as module
from sciner.tagger.encoder.cpu.dropout import ByteDropout
from sciner.tagger.encoder.device import Device


class FakeTensor:
    """Records how it was moved."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def pin_memory(self) -> FakeTensor:
        self.seen.append("pinned")
        return self

    def to(self, device: str, non_blocking: bool) -> FakeTensor:
        self.seen.append((device, non_blocking))
        return self


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    """`trainer=gpu` where torch says that there is one."""
    before = torch.get_float32_matmul_precision()
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    yield Device(**check(parse_flags(["trainer=gpu"]))[0][0].trainer.model_dump())
    torch.set_float32_matmul_precision(before)


@pytest.mark.skipif(
    torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU"
)
def test_a_gpu_is_refused_where_there_is_none() -> None:
    with pytest.raises(InputError, match=r"accelerator=gpu.* sees no GPU; trainer=auto"):
        Device("gpu")


def test_a_gpu_is_asked_for_as_the_configuration_says(
    gpu: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One GPU, bf16, TF32 for the rest; the trainer's arguments are those that Lightning gets."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(module.pl, "Trainer", lambda **arguments: asked.update(arguments))
    gpu.trainer(steps=7)
    given = {name: asked[name] for name in ("accelerator", "devices", "precision", "max_steps")}
    assert given == {"accelerator": "gpu", "devices": 1, "precision": "bf16-mixed", "max_steps": 7}
    assert torch.get_float32_matmul_precision() == "high"
    assert gpu.prediction_pieces() > Device("cpu").prediction_pieces()


def test_batches_are_pinned_for_a_gpu_and_left_alone_on_a_cpu(gpu: Device) -> None:
    there, here = FakeTensor(), torch.zeros(3)
    gpu.moved({"ids": there})  # type: ignore[dict-item]
    assert there.seen == ["pinned", ("cuda", True)]
    moved = Device("cpu").moved({"ids": here})
    assert moved["ids"] is here


def test_what_changes_a_gpus_sums_is_in_its_identity(gpu: Device) -> None:
    """And is not in a CPU's, which TF32 does not touch."""
    assert gpu.identity()["matmul"] == "high" and gpu.identity()["device"] == "cuda"
    assert Device("cpu", matmul="high").identity() == Device("cpu").identity()


def test_the_threads_of_a_prediction_are_those_asked_for() -> None:
    before = torch.get_num_threads()
    try:
        with Device("cpu", "bf16-mixed", threads=1).predicting():
            assert (
                torch.get_num_threads() == 1
                and torch.is_inference_mode_enabled()
                and torch.is_autocast_enabled("cpu")
            )
        assert not torch.is_inference_mode_enabled() and not torch.is_autocast_enabled("cpu")
    finally:
        torch.set_num_threads(before)


def test_the_threads_are_shared_among_batches_side_by_side_and_given_back() -> None:
    assert [Device("cpu", threads=n).prediction_threads() for n in (1, 2, 20)] == [
        (1, 1),
        (2, 1),
        (8, 2),
    ]
    before = torch.get_num_threads()
    with Device("cpu", threads=20).predicting(3):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


def test_dropout_from_bytes_is_the_cpus_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit moves the net to its GPU when the layers are in it already; torch's own dropout is
    taken there."""
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda self, input: "torch's own")
    assert ByteDropout(0.5).train()(torch.empty(4, device="meta")) == "torch's own"
    assert ByteDropout(0.5).train()(torch.ones(4)).shape == (4,)
