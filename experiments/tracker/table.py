"""RESULTS.md of figures.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ROWS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "runs": lambda load: f"{load['runs']:,}",
    "figures": lambda load: f"{load['figures']:,}",
    "of these lost": lambda load: f"{expected(load) - load['different']:,}",
    "a round: median": lambda load: f"{load['round_ms']:.0f} ms",
    "a round: 95% are faster than": lambda load: f"{load['round_ms_95']:.0f} ms",
    "a round: slowest": lambda load: f"{load['round_ms_most']:.0f} ms",
    "a whole run: median": lambda load: f"{load['run_ms']:.0f} ms",
    "rounds per second, all writers together": (
        lambda load: f"{load['runs'] * load['rounds'] / load['seconds']:.0f}"
    ),
}


def expected(load: Mapping[str, Any]) -> int:
    """Figures that the writers logged."""
    return int(load["runs"] * load["rounds"] * load["metrics"])


def render(figures: dict[str, Any]) -> str:
    machine, loads = figures["machine"], figures["loads"]
    first = loads[0]
    writers = [f"{load['writers']} writer{'s' * (load['writers'] > 1)}" for load in loads]
    lines = [
        "# A team's tracker",
        "",
        f"Runs of {first['rounds']} rounds with {first['metrics']} metrics each, on "
        f"{machine['cores']} cores ({machine['processor']}) that the writers, the server and the "
        "database share with other work.",
        "",
        f"| | {' | '.join(writers)} |",
        f"| --- |{' --- |' * len(loads)}",
        *(
            f"| {name} | {' | '.join(str(told(load)) for load in loads)} |"
            for name, told in ROWS.items()
        ),
    ]
    return "\n".join(lines) + "\n"
