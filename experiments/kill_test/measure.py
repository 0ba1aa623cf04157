"""Runs killed with SIGKILL at random moments, and what running the same command again makes of
them.

python -m experiments.kill_test.measure [--kills 25] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sciner.store.layout import DEFAULT_FOLDER, TMP
from sciner.store.locks import is_held

HERE = Path(__file__).parent
COMMANDS = (
    ["model=tiny", "model.steps=60", "data.dev_size=20", "iteration.rounds=3"],
    ["model=crf", "threshold=fixed", "data.dev_size=20", "iteration.rounds=3"],
)


def start(project: Path, command: list[str], folder: str) -> subprocess.Popen[bytes]:
    log = (project / f"{folder}.log").open("wb")
    words = [sys.executable, "-m", "sciner", "run", *command, f"hydra.run.dir={folder}"]
    return subprocess.Popen(words, cwd=project, stdout=log, stderr=log, env=os.environ)


def rows(folder: Path) -> list[dict[str, Any]]:
    """The lines of rounds.jsonl, a torn last one left out."""
    try:
        lines = (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def scores(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    return [{k: v for k, v in row["scores"].items() if not k.startswith("time/")} for row in found]


def phase(project: Path) -> str:
    """What the killed process was at: the steps begun and not ended lie under tmp/."""
    begun = {p.name.partition("-")[0] for p in (project / DEFAULT_FOLDER / TMP).glob("*-v*")}
    for name, words in (
        ("weights", "saving weights"),
        ("fit", "training"),
        ("predict", "annotating"),
        ("evaluate", "evaluating"),
    ):
        if name in begun:
            return words
    return "selecting or comparing" if begun else "writing, logging, or between steps"


def held_locks(project: Path) -> int:
    """Locks that nobody can take any more."""
    return sum(is_held(file) for file in (project / DEFAULT_FOLDER).rglob("*.lock"))


def active(process: subprocess.Popen[bytes], project: Path) -> float:
    """Wait until the store is first written, and say when that was."""
    while not (project / DEFAULT_FOLDER).exists():
        if process.poll() is not None:
            raise RuntimeError(f"the run ended early: see {project}")
        time.sleep(0.01)
    return time.monotonic()


def reference(project: Path, command: list[str]) -> tuple[list[dict[str, float]], float]:
    """Scores of a run that nobody kills, and its active seconds."""
    project.mkdir()
    process = start(project, command, "run")
    began = active(process, project)
    process.wait()
    found = scores(rows(project / "run"))
    if len(found) != 4:
        raise RuntimeError((project / "run.log").read_text(encoding="utf-8"))
    return found, time.monotonic() - began


def kill_one(
    project: Path, command: list[str], after: float, expected: list[dict[str, float]]
) -> dict[str, Any]:
    """Kill a run ``after`` so many seconds of activity, and run the same command again."""
    project.mkdir()
    process = start(project, command, "killed")
    active(process, project)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    at, done = phase(project), rows(project / "killed")
    code = start(project, command, "again").wait()
    again = rows(project / "again")
    store = project / DEFAULT_FOLDER
    return {
        "command": COMMANDS.index(command),
        "killed_while": at,
        "rounds_done": len(done),
        "exit_code": code,
        "same_scores": scores(again) == expected,
        "rounds_lost": sum(not step["hit"] for row in again[: len(done)] for step in row["steps"]),
        "steps_known": sum(step["hit"] for row in again for step in row["steps"]),
        "steps": sum(len(row["steps"]) for row in again),
        "locks_held": held_locks(project),
        "torn_entries": len(list(store.glob("aside/*"))),
        "unfinished_left": sum(any(p.iterdir()) for p in store.glob("tmp/*")),
    }


def measure(kills: int, seed: int) -> dict[str, Any]:
    rng, found = random.Random(seed), []
    with tempfile.TemporaryDirectory() as scratch:
        whole = [
            reference(Path(scratch) / f"reference{n}", command)
            for n, command in enumerate(COMMANDS)
        ]
        for n in range(kills):
            which = n % len(COMMANDS)
            expected, lasts = whole[which]
            found.append(
                kill_one(Path(scratch) / str(n), COMMANDS[which], rng.uniform(0, lasts), expected)
            )
            print(f"{n + 1}/{kills}: {found[-1]}", flush=True)
    return {
        "commands": ["sciner run " + " ".join(words) for words in COMMANDS],
        "seed": seed,
        "kills": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    figures = measure(args.kills, args.seed)
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
