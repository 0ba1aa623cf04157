"""How many points of a sweep pay at once on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from sciner.config import RunConfig
from sciner.config.model import EncoderConfig

GIB = 2**30
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
IMPORTED = 0.8  # GiB: Python, torch and what comes with them
COPIES = 5  # of the weights: themselves, gradients, two moments of AdamW, and what passes through
UNKNOWN = 2.0  # GiB, where the weights are not on this machine yet
ACCELERATORS = ("/dev/nvidia0", "/dev/kfd")


@dataclass(frozen=True, slots=True)
class Machine:
    """What jobs share. cores: that this process may use. memory: free, in GiB. accelerator: a GPU,
    which one fit fills."""

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
    """Is there a GPU, by the machine's files? torch takes seconds to say so."""
    return sys.platform == "darwin" or any(Path(device).exists() for device in ACCELERATORS)


def uses_accelerator(config: RunConfig) -> bool:
    """May the run compute on a GPU?"""
    return isinstance(config.model, EncoderConfig) and config.trainer.accelerator != "cpu"


def with_one_thread(config: RunConfig) -> RunConfig:
    """A point of a sweep whose points run side by side: fits of one thread share nothing, and the
    batches of a small encoder are too small for two cores. What names its threads keeps them, and
    so does what has a GPU."""
    alone = config.trainer.threads or (has_accelerator() and uses_accelerator(config))
    if alone or not isinstance(config.model, EncoderConfig):
        return config
    trainer = config.trainer.model_copy(update={"threads": 1})
    return config.model_copy(update={"trainer": trainer})


def jobs_that_pay(
    points: int, machine: Machine, *, threads: int, memory: float, on_accelerator: bool
) -> tuple[int, str]:
    """(jobs at once, why there are not more; empty where the cores or points decide).

    threads: of one job. memory: that one job takes, in GiB. on_accelerator: may jobs use one?
    """
    if on_accelerator and machine.accelerator:
        return 1, "one job at a time has the accelerator"
    by_cores = max(1, machine.cores // threads)
    by_memory = max(1, int(machine.memory / memory))
    jobs = min(points, by_cores, by_memory)
    if jobs == by_memory < min(points, by_cores):
        return jobs, (
            f"{machine.memory:.1f} GiB of memory are free, and a job takes about {memory:.1f}"
        )
    return jobs, ""


def memory_of(config: RunConfig) -> float:
    """GiB that a run takes at most, estimated: five times its encoder's weights and what is
    imported."""
    if not isinstance(config.model, EncoderConfig):
        return IMPORTED
    size = weights_size(config.model)
    return UNKNOWN if size is None else IMPORTED + COPIES * size / GIB


def weights_size(model: EncoderConfig) -> int | None:
    """Bytes of the encoder's weights; None where they are not on this machine."""
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
