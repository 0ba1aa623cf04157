"""How many points of a sweep can run at once on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from sciner.config import RunConfig
from sciner.config.model import EncoderConfig

GIB = 2**30
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
IMPORTED = 0.8  # GiB: Python, torch and what comes with them
COPIES = 5  # of the weights: themselves, gradients, two moments of AdamW, and activations
UNKNOWN = 2.0  # GiB, if the weights are not on this machine yet
ACCELERATORS = ("/dev/nvidia0", "/dev/kfd")


@dataclass(frozen=True, slots=True)
class Machine:
    """What jobs share.

    Attributes:
        cores: available to this process.
        memory: free, in GiB.
        accelerator: whether there is a GPU, which a single fit uses fully.
    """

    cores: int
    memory: float
    accelerator: bool


def this_machine() -> Machine:
    """The machine as it is now, within the limits of a container."""
    import psutil
    from joblib import cpu_count

    free = psutil.virtual_memory().available
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and (most := limit.read_text().strip()).isdigit():
        free = min(free, int(most) - int(used.read_text()))
    return Machine(cpu_count(), free / GIB, has_accelerator())


def has_accelerator() -> bool:
    """Whether there is a GPU, judged by the machine's files; importing torch takes seconds."""
    return sys.platform == "darwin" or any(Path(device).exists() for device in ACCELERATORS)


def uses_accelerator(config: RunConfig) -> bool:
    """Whether the run may compute on a GPU."""
    return isinstance(config.model, EncoderConfig) and config.trainer.accelerator != "cpu"


def with_one_thread(config: RunConfig) -> RunConfig:
    """The configuration of a point that runs at the same time as others, with one thread.

    Single-threaded fits share nothing, and the batches of a small encoder are too small for two
    cores. A configuration that sets its threads, or uses a GPU, is not changed.
    """
    alone = config.trainer.threads or (has_accelerator() and uses_accelerator(config))
    if alone or not isinstance(config.model, EncoderConfig):
        return config
    trainer = config.trainer.model_copy(update={"threads": 1})
    return config.model_copy(update={"trainer": trainer})


def jobs_that_pay(
    points: int, machine: Machine, *, threads: int, memory: float, on_accelerator: bool
) -> tuple[int, str]:
    """How many jobs to run at once.

    Args:
        points: number of jobs.
        machine: cores and free memory.
        threads: of one job.
        memory: of one job, in GiB.
        on_accelerator: whether jobs may use one.

    Returns:
        The number, and why it is not higher; empty if cores or points limit it.
    """
    if on_accelerator and machine.accelerator:
        return 1, "only one job at a time can use the accelerator"
    by_cores = max(1, machine.cores // threads)
    by_memory = max(1, int(machine.memory / memory))
    jobs = min(points, by_cores, by_memory)
    if jobs == by_memory < min(points, by_cores):
        return jobs, (
            f"{machine.memory:.1f} GiB of memory are free, and a job takes about {memory:.1f}"
        )
    return jobs, ""


def memory_of(config: RunConfig) -> float:
    """Estimated maximum memory of a run in GiB: imports and five times the encoder's weights."""
    if not isinstance(config.model, EncoderConfig):
        return IMPORTED
    size = weights_size(config.model)
    return UNKNOWN if size is None else IMPORTED + COPIES * size / GIB


def weights_size(model: EncoderConfig) -> int | None:
    """Bytes of the encoder's weights; None if they are not on this machine."""
    from importlib.util import find_spec

    if model.path:
        folder = Path(model.path)
    elif model.package and (spec := find_spec(model.package)) and spec.origin:
        folder = Path(spec.origin).parent
    else:
        return None
    for pattern in WEIGHTS:
        if sizes := [file.stat().st_size for file in folder.rglob(pattern)]:
            return sum(sizes)
    return None
