"""Make figures.json: what the signs of collapse announced in the stored runs. README.md has the
definitions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import artefact

F1 = "test/f1/micro"
SURE = "test/calibration/mean_confidence"
NAN = math.nan
Line = Mapping[str, float]  # the scores of one round


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One run. kind: silver, bought or both. lines: the scores of its rounds."""

    artefact: str
    model: str
    corpus: str
    seed: int
    kind: str
    lines: tuple[Line, ...]

    @property
    def f1(self) -> list[float]:
        return [line[F1] for line in self.lines]


def density(line: Line) -> bool:
    """Under half or over double the bought gold's?"""
    gold = 100 * line["budget/entities"] / line["budget/tokens"]
    return not 0.5 * gold <= line["drift/density"] <= 2 * gold


# of the scores of a round, and those of round 0
ALARMS: Mapping[str, Callable[[Line, Line], bool]] = {
    "warning": lambda line, first: line["drift/collapse"] == 1,
    "density": lambda line, first: density(line),
    "lost class": lambda line, first: line["drift/collapse"] == 1 and not density(line),
    "divergence": lambda line, first: line.get("drift/class_divergence", NAN) >= 0.1,
    "churn": lambda line, first: line.get("drift/churn", NAN) >= 0.5,
    "density change": lambda line, first: (
        line.get("drift/density_change", NAN) <= -1 / 3
        or line.get("drift/density_change", NAN) >= 1 / 2
    ),
    "less sure": lambda line, first: line.get(SURE, NAN) <= first.get(SURE, NAN) - 0.1,
    "surer": lambda line, first: line.get(SURE, NAN) >= first.get(SURE, NAN) + 0.1,
}
EVENTS: Mapping[str, Callable[[float, float], bool]] = {
    "fall": lambda f1, first: f1 <= first - 0.05,
    "collapse": lambda f1, first: f1 <= first / 2 < first,
}


def trajectories() -> Iterator[Trajectory]:
    """The stored runs whose training set changes."""
    for name in artefact.names():
        frame, _ = artefact.read(name)
        for _, rows in frame.groupby("run", sort=False):
            about, lines = rows.iloc[0], lines_of(rows)
            if kind := kind_of(lines):
                yield Trajectory(
                    name, about["model"], about["corpus"], int(about["seed"]), kind, lines
                )


def distinct(runs: Iterable[Trajectory]) -> list[Trajectory]:
    """Without those that are another one, or its beginning: they are the same fits. The longest
    stands for them, of several the first."""
    kept: dict[tuple[object, ...], Trajectory] = {}
    for run in sorted(runs, key=lambda run: -len(run.lines)):
        about = (run.model, run.corpus, run.seed, run.kind)
        if (*about, *run.f1) not in kept:
            kept |= {(*about, *run.f1[:end]): run for end in range(2, len(run.f1) + 1)}
    # by identity: lines are dicts
    return list({id(run): run for run in kept.values()}.values())


def lines_of(rows: pd.DataFrame) -> tuple[Line, ...]:
    return tuple(
        dict(zip(line["metric"], line["value"], strict=True))
        for _, line in rows.groupby("round", sort=True)
    )


def kind_of(lines: Sequence[Line]) -> str | None:
    """What the later rounds are trained on beside the first gold."""
    bought = lines[-1]["budget/tokens"] > lines[0]["budget/tokens"]
    silver = any(line.get("silver/accepted_sentences", 0) > 0 for line in lines)
    return {(False, True): "silver", (True, False): "bought", (True, True): "both"}.get(
        (bought, silver)
    )


def first(marks: Sequence[bool]) -> int | None:
    """The first round that is marked."""
    return next((number for number, marked in enumerate(marks) if marked), None)


def alarmed(run: Trajectory, alarm: str) -> list[bool]:
    return [ALARMS[alarm](line, run.lines[0]) for line in run.lines]


def event_of(run: Trajectory, event: str) -> int | None:
    """The round of the event; round 0 has none."""
    return first([number > 0 and EVENTS[event](f1, run.f1[0]) for number, f1 in enumerate(run.f1)])


def announced(runs: Sequence[Trajectory], alarm: str, event: str) -> dict[str, Any]:
    """How many events an alarm announces, how far ahead, and how often it cries wolf."""
    rounds = [(first(alarmed(run, alarm)), event_of(run, event)) for run in runs]
    leads = [at - rung for rung, at in rounds if rung is not None and at is not None and rung <= at]
    quiet = [rung for rung, at in rounds if at is None]
    return {
        "events": len(rounds) - len(quiet),
        "announced": len(leads),
        "ahead": sum(lead > 0 for lead in leads),
        "mean_lead": float(np.mean(leads)) if leads else None,
        "alarmed": sum(rung is not None for rung, _ in rounds),
        "round_0": sum(rung == 0 for rung, _ in rounds),
        "false": sum(rung is not None for rung in quiet),
        "without_event": len(quiet),
    }


def stopping(runs: Sequence[Trajectory]) -> dict[str, Any]:
    """What iteration.guard=stop would have changed in the runs that go on after a warning."""
    gains = []
    for run in runs:
        at = first(alarmed(run, "warning"))
        if at is not None and at < len(run.lines) - 1:
            gains.append(run.f1[at] - run.f1[-1])
    return {
        "stopped": len(gains),
        "mean": float(np.mean(gains)) if gains else None,
        "least": min(gains, default=None),
        "most": max(gains, default=None),
        "better": sum(gain >= 0.01 for gain in gains),
        "worse": sum(gain <= -0.01 for gain in gains),
    }


def measure(runs: Sequence[Trajectory]) -> dict[str, Any]:
    kinds = [kind for kind in ("silver", "bought", "both") if any(r.kind == kind for r in runs)]
    of = {kind: [run for run in runs if run.kind == kind] for kind in kinds}
    groups = sorted({(run.artefact, run.model, run.kind) for run in runs})
    return {
        "runs": [
            {
                "artefact": name,
                "model": model,
                "kind": kind,
                "runs": len(here),
                "rounds": sum(len(run.lines) - 1 for run in here),
                **{event: sum(event_of(r, event) is not None for r in here) for event in EVENTS},
            }
            for name, model, kind in groups
            if (here := [r for r in runs if (r.artefact, r.model, r.kind) == (name, model, kind)])
        ],
        "collapses": sorted(
            [r.artefact, r.model, r.corpus, r.seed, [round(f1, 3) for f1 in r.f1]]
            for r in runs
            if event_of(r, "collapse") is not None
        ),
        "alarms": {
            kind: {
                event: {alarm: announced(of[kind], alarm, event) for alarm in ALARMS}
                for event in EVENTS
            }
            for kind in kinds
        },
        "stopping": {kind: stopping(of[kind]) for kind in kinds},
    }


if __name__ == "__main__":
    place = Path(__file__).parent / "figures.json"
    place.write_text(
        json.dumps(measure(distinct(trajectories())), indent=1) + "\n", encoding="utf-8"
    )
