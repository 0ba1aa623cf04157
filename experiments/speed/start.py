"""How long commands take before they compute."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments.speed.turns import TURNS


def start() -> dict[str, Any]:
    """Seconds of commands that only look, and to the first optimiser step."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for words in (["--help"], ["run", "--cfg", "job"]):
            seconds = []
            for _ in range(TURNS + 1):
                began = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "sciner", *words],
                    check=True,
                    capture_output=True,
                    cwd=scratch,
                )
                seconds.append(round(time.perf_counter() - began, 2))
            found["sciner " + " ".join(words)] = seconds[1:]
        found["sciner run, to the end of its first optimiser step"] = [
            first_step(Path(scratch) / str(n)) for n in range(TURNS + 1)
        ][1:]
    return {"seconds": found}


def first_step(folder: Path) -> float:
    """Seconds from the command to the moment when a fit of one optimiser step is in the store."""
    words = ["model.steps=1", "iteration=supervised", "tracking=none", "hydra.run.dir=run"]
    folder.mkdir()
    began = time.perf_counter()
    run = subprocess.Popen(
        [sys.executable, "-m", "sciner", "run", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not any(folder.glob(".sciner/store/steps/fit-v*")):
        if run.poll():
            raise RuntimeError(f"sciner run ended with exit code {run.returncode}")
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    run.kill()
    run.wait()
    return round(seconds, 2)
