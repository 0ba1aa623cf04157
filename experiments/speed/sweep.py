"""A sweep by default, as many points at once as pay, beside the same points one after the other."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

POINTS, STEPS, TURNS = 8, 50, 2
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
SYSTEMS = {
    "side by side (default)": (),
    "one after the other": ("hydra.launcher.n_jobs=1",),
    "one after the other, one thread": ("hydra.launcher.n_jobs=1", "trainer.threads=1"),
}


def sweep() -> dict[str, Any]:
    """Seconds of a sweep by each of SYSTEMS, in turns, whole commands; whether the first and the
    last give the same scores."""
    found: dict[str, Any] = {
        "points": POINTS,
        "steps": STEPS,
        "seconds": {name: [] for name in SYSTEMS},
    }
    scores: dict[str, Any] = {}
    for turn in range(TURNS):
        for name, words in SYSTEMS.items():
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                command = [sys.executable, "-m", "sciner", "run", "-m", *WORDS, *words]
                seeds = f"seed={','.join(map(str, range(POINTS)))}"
                subprocess.run([*command, seeds], cwd=folder, check=True, capture_output=True)
                seconds = round(time.perf_counter() - began, 1)
                scores[name] = [scores_of(Path(folder, "sweep", str(n))) for n in range(POINTS)]
            found["seconds"][name].append(seconds)
            print(f"turn {turn + 1}: {name} {seconds} s", flush=True)
    first, *_, last = scores.values()
    return found | {"same_scores": first == last}


def scores_of(folder: Path) -> list[Any]:
    """The scores of a run's rounds, but for times."""
    lines = (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        {k: v for k, v in json.loads(line)["scores"].items() if not k.startswith("time/")}
        for line in lines
    ]
