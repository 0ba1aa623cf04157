"""RESULTS.md of figures.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.sections import document
from sciner.report.render import NONE, Table, markdown

WORDS = {
    "silver": "Runs that are trained on silver alone after round 0",
    "bought": "Runs that buy gold round by round, without silver",
    "both": "Runs that buy gold and are trained on silver",
}


def render(figures: dict[str, Any]) -> str:
    parts = [
        "The definitions are in [README.md](README.md); they were fixed before these figures "
        "were computed.",
        "## The runs",
        markdown(runs_table(figures["runs"])),
    ]
    parts += ["The collapses:", markdown(collapses_table(figures["collapses"]))]
    for kind, of_events in figures["alarms"].items():
        parts.append(f"## {WORDS[kind]}")
        there = {event: alarms for event, alarms in of_events.items() if happened(alarms)}
        parts += [markdown(alarms_table(event, alarms)) for event, alarms in there.items()]
        if not there:
            parts += ["None of them falls, so every alarm is false.", wolf(of_events)]
    parts += [
        "## What stopping at the first warning would have changed",
        "Entity F1 of the round of the first warning minus that of the last round, in points, "
        "over the runs that went on after a warning. Better and worse: by at least one point.",
        markdown(stopping_table(figures["stopping"])),
    ]
    return document("What the signs of collapse announce", *parts)


def runs_table(rows: list[dict[str, Any]]) -> Table:
    headings = ("artefact", "model", "trained on", "runs", "later rounds", "falls", "collapses")
    names = ("artefact", "model", "kind", "runs", "rounds", "fall", "collapse")
    total = ("all", "", "", *(str(sum(row[name] for row in rows)) for name in names[3:]))
    return Table(headings, (*(tuple(str(row[n]) for n in names) for row in rows), total), 3)


def collapses_table(rows: Sequence[Sequence[Any]]) -> Table:
    headings = ("artefact", "model", "corpus", "seed", "entity F1 by round")
    return Table(
        headings, tuple((*map(str, about), ", ".join(map(str, f1))) for *about, f1 in rows), 5
    )


def happened(alarms: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(a["events"] for a in alarms.values())


def wolf(of_events: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """How many runs have each alarm, if none of them falls."""
    rows = tuple(
        (name, share(a["alarmed"], a["without_event"]), str(a["round_0"]))
        for name, a in of_events["fall"].items()
    )
    return markdown(Table(("alarm", "runs with the alarm", "already in round 0"), rows, 1))


def alarms_table(event: str, alarms: Mapping[str, Mapping[str, Any]]) -> Table:
    headings = (
        f"alarm before a {event}",
        "announced",
        "a round or more ahead",
        "rounds ahead, mean",
        "runs with the alarm",
        "already in round 0",
        "false",
        f"of the runs without a {event}",
    )
    rows = tuple(
        (
            name,
            f"{a['announced']} of {a['events']}",
            str(a["ahead"]),
            NONE if a["mean_lead"] is None else f"{a['mean_lead']:.1f}",
            str(a["alarmed"]),
            str(a["round_0"]),
            share(a["false"], a["alarmed"]),
            f"{a['false'] / a['without_event']:.0%}" if a["without_event"] else NONE,
        )
        for name, a in alarms.items()
    )
    return Table(headings, rows, 1)


def stopping_table(kinds: Mapping[str, Mapping[str, Any]]) -> Table:
    headings = ("trained on", "runs", "mean", "least", "most", "better", "worse")
    rows = tuple(
        (
            kind,
            str(s["stopped"]),
            *(NONE if s[n] is None else f"{100 * s[n]:+.1f}" for n in ("mean", "least", "most")),
            str(s["better"]),
            str(s["worse"]),
        )
        for kind, s in kinds.items()
    )
    return Table(headings, rows, 1)


def share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else NONE
