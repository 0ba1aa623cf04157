"""Eight writers at once into an MLflow server on PostgreSQL.

python -m experiments.tracker.measure
"""

from __future__ import annotations

import json
from pathlib import Path

from experiments.speed.measure import machine
from tests.team import Load, measure, team_tracker

FIGURES = Path(__file__).absolute().with_name("figures.json")
LOADS = (Load(writers=1, runs=10), Load())


def main() -> None:
    loads = []
    for load in LOADS:
        with team_tracker() as team:
            loads.append(measure(team, load))
    figures = {"machine": machine(), "loads": loads}
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
