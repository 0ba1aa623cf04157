"""The environment of whatever trains or annotates. It is read when torch is first imported."""

from __future__ import annotations

import os

ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    # OpenMP threads that wait actively make a fit several times slower as soon as another process
    # wants their core; a fit and a prediction give each core work of its own, and hardly wait
    "OMP_WAIT_POLICY": "PASSIVE",
}


def settle() -> None:
    """Set ENVIRONMENT; what the user set in it holds."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
