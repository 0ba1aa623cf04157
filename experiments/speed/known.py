"""A sweep whose every step is in the store already: what it costs to look at."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from sciner.launch.environment import ENVIRONMENT, IDLE

TURNS = 5
AXES = {
    "data.seed_size": "5%,10%,20%,40%",
    "threshold": "accept_all,accept_none,fixed,per_class",
    "seed": "0,1,2,3,4,5",
}
POINTS = 96
WORDS = ("model=crf", "iteration.rounds=2", "hydra.sweep.dir=sweep")
TRACKERS = {"no tracker": "tracking=none", "MLflow on SQLite": "tracking=mlflow"}


def known() -> dict[str, Any]:
    """Seconds of the whole command, without a tracker and into SQLite, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in TRACKERS}
    with tempfile.TemporaryDirectory() as folder:
        swept(folder, "tracking=none")
        for turn in range(TURNS):
            for name, tracker in TRACKERS.items():
                seconds[name].append(swept(folder, tracker))
                print(f"turn {turn + 1}: {name} {seconds[name][-1]} s", flush=True)
    return {"points": POINTS, "seconds": seconds}


def swept(folder: str, tracker: str) -> float:
    """Seconds of the sweep, run in this folder by a process with a user's environment."""
    axes = [f"{key}={values}" for key, values in AXES.items()]
    command = [sys.executable, "-m", "sciner", "run", "-m", *WORDS, tracker, *axes]
    user = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT | IDLE}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=user, check=True, capture_output=True)
    return round(time.perf_counter() - began, 1)
