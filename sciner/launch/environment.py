"""The environment of whatever trains or annotates. It is read when torch is first imported."""

from __future__ import annotations

import os

ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    # OpenMP threads that wait actively make a fit several times slower as soon as another process
    # wants their core
    "OMP_WAIT_POLICY": "PASSIVE",
}
# How often a thread looks again before it sleeps: some ten microseconds, in which the others mostly
# end. A fit with two threads is half as fast again with it where nobody else computes, and half as
# fast where somebody does.
IDLE = {"GOMP_SPINCOUNT": "10000"}
LOOK = 0.1  # seconds
FEW = 20.0  # per cent of all cores


def settle() -> None:
    """Set the environment; what the user set in it holds, and how threads wait is one setting."""
    waits = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
    for name, value in (ENVIRONMENT if waits else environment()).items():
        os.environ.setdefault(name, value)


def environment() -> dict[str, str]:
    """What to set on this machine, as busy as it is now."""
    return ENVIRONMENT | (IDLE if idle() else {})


def idle() -> bool:
    """Does nobody else compute here? One look, which takes a tenth of a second."""
    import psutil

    return float(psutil.cpu_percent(interval=LOOK)) < FEW
