"""Full supervision by sciner and by transformers.Trainer: same text, encoder, steps, batch and precision, five seeds.

    SCINER_MIRROR=… python -m experiments.recipe_check.measure [--work DIR]

Both halves go on where they stopped; the corpora come from their catalogue, or SCINER_MIRROR.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STEPS = 600
OURS = ["-m", "data=scierc,cmu_sciner", "data.seed_size=100%", "iteration=supervised", f"model.steps={STEPS}", "seed=0,1,2,3,4"]
PEER = ["--steps", str(STEPS), "--lr", "3e-4", "--bf16"]


def ours(sweep: Path) -> list[dict[str, Any]]:
    """One row a job of the sweep."""
    import yaml

    found = []
    for file in sorted(sweep.glob("*/rounds.jsonl"), key=lambda f: int(f.parent.name)):
        scores = json.loads(file.read_text(encoding="utf-8").splitlines()[0])["scores"]
        config = yaml.safe_load((file.parent / "config.yaml").read_text(encoding="utf-8"))
        found.append(
            {
                "system": "sciner",
                "corpus": config["data"]["name"],
                "seed": config["seed"],
                "f1": round(scores["test/f1/micro"], 4),
                "seconds": round(scores["time/fit/seconds"], 1),
            }
        )
    return found


def peer(file: Path) -> list[dict[str, Any]]:
    """The rows of peer.py on test."""
    with file.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "test"]
    kept = ("system", "corpus", "seed", "f1", "seconds")
    return [{k: row[k] for k in kept} | {"seed": int(row["seed"]), "f1": float(row["f1"])} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("outputs/recipe_check"))
    work = parser.parse_args().work
    sweep, csv_file = work / "sciner", work / "peer.csv"
    subprocess.run([sys.executable, "-m", "sciner", "run", *OURS, "tracking=none", f"hydra.sweep.dir={sweep}"], check=True)
    subprocess.run([sys.executable, str(HERE / "peer.py"), *PEER, "--out", str(csv_file)], check=True)
    figures = {
        "commands": ["sciner run " + " ".join(OURS), "python experiments/recipe_check/peer.py " + " ".join(PEER)],
        "runs": [*ours(sweep), *peer(csv_file)],
    }
    for row in figures["runs"]:
        row["seconds"] = float(row["seconds"])  # type: ignore[index]
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
