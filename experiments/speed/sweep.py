"""A sweep by default, as many points at once as pay, beside the same points one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from sciner.launch.environment import ENVIRONMENT, IDLE

POINTS, STEPS, TURNS = 8, 100, 3
# of points that share nothing, so that every fit is computed
WORDS = (
    "data=scierc",
    "data.seed_size=10%",
    "iteration=supervised",
    "model=minilm",
    f"model.steps={STEPS}",
    "store=none",
    "tracking=none",
    "hydra.sweep.dir=sweep",
)
SERIAL = ("hydra.launcher.n_jobs=1",)
SYSTEMS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {  # words, environment
    "side by side (default)": ((), {}),
    "one after the other": (SERIAL, {}),
    "one after the other, waiting threads sleep": (SERIAL, {"OMP_WAIT_POLICY": "PASSIVE"}),
}


def sweep() -> dict[str, Any]:
    """Seconds of a sweep by each of SYSTEMS, in turns, whole commands."""
    seconds: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    # each command looks for itself how busy the machine is
    user = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT | IDLE}
    seeds = f"seed={','.join(map(str, range(POINTS)))}"
    for turn in range(TURNS):
        for name, (words, environment) in SYSTEMS.items():
            command = [sys.executable, "-m", "sciner", "run", "-m", *WORDS, *words, seeds]
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                subprocess.run(
                    command,
                    cwd=folder,
                    env=user | environment,
                    check=True,
                    capture_output=True,
                )
                seconds[name].append(round(time.perf_counter() - began, 1))
            print(f"turn {turn + 1}: {name} {seconds[name][-1]} s", flush=True)
    return {"points": POINTS, "steps": STEPS, "seconds": seconds}
