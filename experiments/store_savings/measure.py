"""What the store saves in a sweep, what it costs, and how fast a known sweep is.

python -m experiments.store_savings.measure
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sciner.store.layout import DEFAULT_FOLDER, STEPS

HERE = Path(__file__).parent
SWEEP = [
    "-m",
    "model.steps=60",
    "data.seed_size=10%,20%",
    "threshold=accept_all,fixed,quantile",
    "iteration.rounds=1,2,4",
    "tracking=none",
]
# 96 points of a tagger that is quickly trained: what is timed is the store and the harness, not the
# tagger
KNOWN = ["-m", "model=tiny", "model.steps=20", "data.seed_size=5%,10%,20%,40%", "seed=0,1,2,3"]
KNOWN += ["threshold=accept_all,fixed,quantile", "iteration.rounds=1,2"]
TAGGER = (
    "time/fit/seconds",
    "time/annotate/seconds",
    "time/predict_test/seconds",
    "time/predict_dev/seconds",
)


def sciner(project: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sciner", *words],
        cwd=project,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def rows(sweep: Path) -> list[dict[str, Any]]:
    files = sorted(sweep.glob("*/rounds.jsonl"), key=lambda f: int(f.parent.name))
    return [
        json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ]


def savings(project: Path) -> dict[str, Any]:
    """Fits and optimiser steps of the sweep, executed and as the sum of what each point alone would
    execute."""
    foreseen = sciner(project, "sweep", "plan", *SWEEP)
    began = time.perf_counter()
    sciner(project, "run", *SWEEP, "hydra.sweep.dir=sweep")
    seconds, found = time.perf_counter() - began, rows(project / "sweep")
    fits = [(row, step) for row in found for step in row["steps"] if step["step"] == "fit"]
    executed = [(row, step) for row, step in fits if not step["hit"]]
    return {
        "command": "sciner run " + " ".join(SWEEP),
        "plan": foreseen.splitlines()[:2],
        "points": len(list((project / "sweep").glob("*/rounds.jsonl"))),
        "fits_alone": len(found),
        # round 0 of each seed size; rounds 1 to 4 of each threshold
        "fits_structural": 2 + 2 * 3 * 4,
        "fits_executed": len(executed),
        "fits_distinct": len({step["key"] for _, step in fits}),
        "steps_alone": sum(int(row["scores"]["train/steps"]) for row in found),
        "steps_executed": sum(int(row["scores"]["train/steps"]) for row, _ in executed),
        "seconds": seconds,
        "seconds_alone": sum(row["scores"]["time/round/seconds"] for row in found),
    }


def overhead(project: Path) -> dict[str, float]:
    """Of rounds in which everything was computed: wall time beyond the tagger's, the scores' and
    the selection's own."""
    wall = work = 0.0
    rounds = 0
    for row in rows(project / "sweep"):
        if any(step["hit"] for step in row["steps"]):
            continue
        rounds += 1
        wall += row["cache"]["seconds"]
        work += tagger_seconds(row)
        work += sum(
            seconds_of(project, step)
            for step in row["steps"]
            if step["step"] in ("drift", "select", "evaluate")
        )
    return {"rounds": rounds, "wall_seconds": wall, "work_seconds": work}


def tagger_seconds(row: dict[str, Any]) -> float:
    """Of a round's line: what training and annotating took."""
    return float(sum(row["scores"].get(name, 0.0) for name in TAGGER))


def seconds_of(project: Path, step: dict[str, Any]) -> float:
    """What computing a step took, by the project's store."""
    meta = project / DEFAULT_FOLDER / STEPS / step["key"] / "key.json"
    return float(json.loads(meta.read_text(encoding="utf-8"))["seconds"])


def replays(project: Path) -> dict[str, Any]:
    """Seconds of a sweep of 96 points that is known, without a tracker and into an empty SQLite
    database."""
    sciner(project, "run", *KNOWN, "tracking=none", "hydra.sweep.dir=known")
    found: dict[str, Any] = {"command": "sciner run " + " ".join(KNOWN)}
    for name, words in (("none", ["tracking=none"]), ("sqlite", [])):
        began = time.perf_counter()
        sciner(project, "run", *KNOWN, *words, f"hydra.sweep.dir={name}")
        found[name] = time.perf_counter() - began
        again = rows(project / name)
        assert all(step["hit"] for row in again for step in row["steps"])
        found["points"], found["rounds"] = (
            len(list((project / name).glob("*/rounds.jsonl"))),
            len(again),
        )
    began = time.perf_counter()
    sciner(project, "track", "replay", "--uri", f"sqlite:///{project}/new.db")
    found["track_replay"] = time.perf_counter() - began
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=["sweep", "known"], help="sweep, known, or both"
    )
    parts = parser.parse_args().parts
    file = HERE / "figures.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    figures["cores"] = os.cpu_count()
    for part in parts:
        with tempfile.TemporaryDirectory() as scratch:
            if part == "sweep":
                figures["savings"] = savings(Path(scratch))
                figures["overhead"] = overhead(Path(scratch))
            else:
                figures["known"] = replays(Path(scratch))
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
