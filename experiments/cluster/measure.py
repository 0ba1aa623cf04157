"""A sweep on a Slurm of its own, to which everything happens.

python -m experiments.cluster.measure
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from experiments.speed.measure import machine
from tests.cluster.scenario import sweep_on_slurm
from tests.cluster.slurm import missing

FIGURES = Path(__file__).absolute().with_name("figures.json")


def main() -> None:
    if lacks := missing():
        sys.exit(lacks)
    # not under /tmp, of which the node has one of its own
    with tempfile.TemporaryDirectory(prefix="sciner-cluster-", dir=Path.home()) as place:
        figures = {"machine": machine(), **sweep_on_slurm(Path(place))}
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
