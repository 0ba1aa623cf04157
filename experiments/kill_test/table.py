"""RESULTS.md of figures.json."""

from __future__ import annotations

from collections import Counter
from typing import Any


def render(figures: dict[str, Any]) -> str:
    kills = figures["kills"]
    total = len(kills)

    def add(name: str) -> int:
        return sum(kill[name] for kill in kills)

    rows = {
        "resumed runs that ended with exit code 0": (
            f"{sum(k['exit_code'] == 0 for k in kills)} of {total}"
        ),
        "resumed runs with the scores of an unkilled run, to the last digit": (
            f"{add('same_scores')} of {total}"
        ),
        "rounds that were done when the kill came": add("rounds_done"),
        "steps of those rounds that had to be computed again": add("rounds_lost"),
        "steps known to the resumed runs": f"{add('steps_known')} of {add('steps')}",
        "locks still held": add("locks_held"),
        "torn entries": add("torn_entries"),
        "unfinished folders left when the resumed run had ended": add("unfinished_left"),
    }
    phases = Counter(kill["killed_while"] for kill in kills)
    lines = [
        "# Killed runs",
        "",
        f"{total} runs on `sample`, each killed with SIGKILL at a moment drawn uniformly from its "
        "active time (seed",
        f"{figures['seed']}), then started again by the same command. In turn:",
        "",
        *(f"- `{command}`" for command in figures["commands"]),
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {words} | {value} |" for words, value in rows.items()),
        "",
        "| killed while | runs |",
        "| --- | --- |",
        *(f"| {name} | {count} |" for name, count in sorted(phases.items())),
    ]
    return "\n".join(lines) + "\n"
