"""Full supervision by sciner and by transformers.Trainer: same text, encoder, steps, batch and
precision, five seeds.

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
OURS = ["data.seed_size=100%", "iteration=supervised", f"model.steps={STEPS}", "seed=0,1,2,3,4"]
SWEEPS = {
    "scierc": ["-m", "data=scierc", "data.dev_size=100%", *OURS],
    "cmu_sciner": ["-m", "data=cmu_sciner", *OURS],
}  # no dev
PEER = ["--steps", str(STEPS), "--lr", "3e-4", "--bf16"]
PEERS = [
    ["--corpus", "scierc", "cmu_sciner", *PEER],
    ["--corpus", "scierc", "--split", "dev", *PEER],
]


def ours(sweep: Path) -> list[dict[str, Any]]:
    """One row a job of the sweep and split that it was judged on: a fit never sees dev."""
    import yaml

    found = []
    for file in sorted(sweep.glob("*/rounds.jsonl"), key=lambda f: int(f.parent.name)):
        scores = json.loads(file.read_text(encoding="utf-8").splitlines()[0])["scores"]
        config = yaml.safe_load((file.parent / "config.yaml").read_text(encoding="utf-8"))
        for split in ("dev", "test"):
            if f"{split}/f1/micro" in scores:
                found.append(
                    {
                        "system": "sciner",
                        "corpus": config["data"]["name"],
                        "split": split,
                        "seed": config["seed"],
                        "f1": round(scores[f"{split}/f1/micro"], 4),
                        "seconds": round(scores["time/fit/seconds"], 1),
                    }
                )
    return found


def peer(file: Path) -> list[dict[str, Any]]:
    """The rows of peer.py."""
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    kept = ("system", "corpus", "split")
    number = {"f1": float, "seconds": float}
    return [
        {k: row[k] for k in kept}
        | {"seed": int(row["seed"])}
        | {k: of(row[k]) for k, of in number.items()}
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("outputs/recipe_check"))
    work = parser.parse_args().work
    csv_file, runs = work / "peer.csv", []
    for corpus, words in SWEEPS.items():
        command = [
            sys.executable,
            "-m",
            "sciner",
            "run",
            *words,
            "tracking=none",
            f"hydra.sweep.dir={work / corpus}",
        ]
        subprocess.run(command, check=True)
        runs += ours(work / corpus)
    for words in PEERS:
        subprocess.run(
            [sys.executable, str(HERE / "peer.py"), *words, "--out", str(csv_file)], check=True
        )
    commands = ["sciner run " + " ".join(words) for words in SWEEPS.values()]
    commands += ["python experiments/recipe_check/peer.py " + " ".join(words) for words in PEERS]
    figures = {"commands": commands, "runs": [*runs, *peer(csv_file)]}
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
