"""Two searches on the shipped corpus, what they saved, and what the best trial is worth on seeds
that no search saw.

python -m experiments.search.measure [crf] [minilm]
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SILVER = [
    "threshold.min_confidence=choice(0.5,0.6,0.7,0.8,0.9,0.95)",
    "threshold.granularity=choice(sentence,span,token)",
]
STUDIES: dict[str, dict[str, Any]] = {
    "crf": {
        "trials": 40,
        "seeds": 10,
        "fixed": ["model=crf"],
        "searched": [
            "model.c1=choice(0,0.05,0.1,0.2,0.4,0.8)",
            "model.c2=choice(0.01,0.03,0.1,0.3)",
            *SILVER,
            "iteration.rounds=range(1,5)",
        ],
    },
    "minilm": {
        "trials": 12,
        "seeds": 5,
        "fixed": ["model=minilm", "model.steps=100", "iteration.rounds=1"],
        # a trial has one round behind round 0: that is where its rate can be told hopeless
        "sweeper": ["hydra.sweeper.warmup_rounds=0"],
        "searched": [
            "model.lr=choice(1e-4,3e-4,5e-4,1e-3)",
            "iteration.silver_weight=choice(0.25,0.5,1)",
            *SILVER,
        ],
    },
}
COMMON = ["threshold=fixed", "data.dev_size=20%", "tracking=none", "store.keep_weights=none"]


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


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def study(name: str, project: Path) -> dict[str, Any]:
    """The search, its trials, and the seconds that its rounds took here beside those of computing
    each."""
    asked = STUDIES[name]
    words = [
        *asked["fixed"],
        *COMMON,
        f"hydra.sweeper.study={name}",
        f"hydra.sweeper.n_trials={asked['trials']}",
    ]
    words = [
        "-m",
        "hydra/sweeper=sciner_optuna",
        *words,
        *asked.get("sweeper", ()),
        *asked["searched"],
    ]
    began = time.perf_counter()
    sciner(project, "run", *words, "hydra.sweep.dir=search")
    seconds = time.perf_counter() - began
    found = json.loads(sciner(project, "search", "show", name, "--json", "-o", str(HERE / name)))
    done = [
        row for folder in (project / "search").iterdir() if folder.is_dir() for row in rows(folder)
    ]
    for best in found["best"]:
        del best["directory"]
    return found | {
        "command": shlex.join(["sciner", "run", *words]),
        "seconds": seconds,
        "seconds_alone": sum(row["scores"]["time/round/seconds"] for row in done),
        "seconds_here": sum(row["cache"]["seconds"] for row in done),
        "confirmed": confirm(found["best"][0]["command"], asked, project),
    }


def confirm(command: str, asked: dict[str, Any], project: Path) -> dict[str, Any]:
    """Test F1 of the last round, seed by seed: of the best trial's words and of the defaults, with
    the same gold."""
    best = shlex.split(command)[2:]
    sweeps = {"best": best, "defaults": [*asked["fixed"], *COMMON[1:]]}
    seeds = list(range(1, asked["seeds"] + 1))
    found: dict[str, Any] = {"seeds": seeds}
    for name, words in sweeps.items():
        sciner(
            project,
            "run",
            "-m",
            *words,
            f"seed={','.join(map(str, seeds))}",
            f"hydra.sweep.dir={name}",
        )
        found[name] = [
            rows(project / name / str(job))[-1]["scores"]["test/f1/micro"]
            for job in range(len(seeds))
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "studies", nargs="*", default=["crf", "minilm"], help="crf, minilm, or both"
    )
    file = HERE / "figures.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in parser.parse_args().studies:
        with tempfile.TemporaryDirectory() as scratch:
            figures[name] = study(name, Path(scratch))
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
