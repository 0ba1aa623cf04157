"""Environment variables for training and annotating; they are read when torch is imported."""

from __future__ import annotations

import os

ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    # OpenMP threads that wait actively slow a fit down several times as soon as another process
    # needs their core
    "OMP_WAIT_POLICY": "PASSIVE",
}
# How often a waiting thread checks before it sleeps: for about ten microseconds, in which the other
# threads usually finish. It makes a fit with two threads 1.5 times as fast on an idle machine, and
# half as fast on a busy one.
IDLE = {"GOMP_SPINCOUNT": "10000"}
LOOK = 0.1  # seconds
FEW = 20.0  # per cent of all cores


def settle() -> None:
    """Set the environment variables; those that the user has set are kept.

    The two variables that control how threads wait count as one setting.
    """
    waits = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
    for name, value in (ENVIRONMENT if waits else environment()).items():
        os.environ.setdefault(name, value)


def environment() -> dict[str, str]:
    """The variables for this machine, which depend on how busy it is now."""
    return ENVIRONMENT | (IDLE if idle() else {})


def idle() -> bool:
    """Whether no other process computes on this machine; this takes a tenth of a second."""
    import psutil

    return float(psutil.cpu_percent(interval=LOOK)) < FEW
