"""Sections on how good labels are: by class, silver, drift, confidence, confusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sciner.report import figure_tables, figures
from sciner.report.compared import ComparedRuns, average_settings
from sciner.report.render import Table
from sciner.report.section import LINES, MOST, Section, average_note, seed_of
from sciner.report.sentences import findings_of, read_part, rounds_of
from sciner.score.calibration import reliability
from sciner.score.errors import confusion
from sciner.score.names import escaped
from sciner.text.corpus import Example


def classes(compared: ComparedRuns) -> Iterator[Section]:
    for number, corpus in enumerate(compared.frame["corpus"].unique()):
        here = replace(compared, frame=compared.frame[compared.frame["corpus"] == corpus])
        known = {label for run in compared.runs if run.corpus == corpus for label in run.labels}
        labels = sorted(
            label for label in known if (here.frame["metric"] == f"test/f1/{escaped(label)}").any()
        )
        if not labels:
            continue
        of = f" of {corpus}" if compared.frame["corpus"].nunique() > 1 else ""
        name = f"classes{number}" if of else "classes"
        shown, gone = average_settings(here, max(1, MOST // max(1, len(compared.values))))
        text = "Mean over seeds." + average_note(here, gone)
        if figure := figures.heat(shown, labels, change=False):
            table = figure_tables.by_class(here, labels)
            yield Section(name, f"Classes{of}: F1", text, figure, table)
            if here.frame["round"].nunique() > 1:
                figure = figures.heat(shown, labels, change=True)
                table = figure_tables.class_changes(here, labels)
                title = f"Classes{of}: change since round 0"
                yield Section(f"{name}_change", title, text, figure, table)


def silver(compared: ComparedRuns) -> Iterator[Section]:
    thresholds = [
        name
        for name in (*compared.others, compared.key)
        if name and name.split(".")[0] == "threshold"
    ]
    if thresholds:
        shown, gone = average_settings(
            compared,
            LINES * len(compared.frame[thresholds].drop_duplicates()),
            ("corpus", *thresholds),
        )
        if figure := figures.by_threshold(shown, thresholds):
            text = (
                "Of the silver that the last round was trained on, where the pool's gold is "
                "known; the threshold that accepts "
            )
            text += (
                "most on the left. Mean over seeds, bars from the lowest to the highest."
                + average_note(compared, gone)
            )
            title = "Silver: precision and yield by threshold"
            table = figure_tables.by_threshold(compared, figures.SILVER)
            yield Section("thresholds", title, text, figure, table)
    if figure := figures.yield_and_precision(compared):
        text = "One point for each run and round: a stricter threshold buys precision with yield."
        table = figure_tables.by_run(compared, figures.SILVER)
        yield Section("silver", "Silver: precision against yield", text, figure, table)


def drift(compared: ComparedRuns) -> Iterator[Section]:
    shown, gone = average_settings(compared, MOST)
    if figure := figures.over_rounds(
        shown, "drift/density", "predicted spans per 100 tokens", least=1
    ):
        yield Section(
            "drift",
            "Drift",
            "How many spans the tagger predicts on the test text." + average_note(compared, gone),
            figure,
            figure_tables.by_round(compared, "drift/density"),
        )
    if figure := figures.over_rounds(shown, "drift/churn", "share of spans that changed"):
        text = (
            "Of the spans that this round or the last predicts on the test text, the share that "
            "only one of them predicts." + average_note(compared, gone)
        )
        table = figure_tables.by_round(compared, "drift/churn")
        yield Section("churn", "Change from round to round", text, figure, table)


def warnings(compared: ComparedRuns) -> Iterator[Section]:
    raised = tuple(
        (
            run.about["id"],
            *map(str, compared.set_to[run.about["id"]].values()),
            seed_of(run),
            str(line["round"]),
            warning,
        )
        for run in compared.runs
        for line in run.rounds
        for warning in line.get("warnings", ())
    )
    if raised:
        headings = ("run", *next(iter(compared.set_to.values())), "seed", "round", "warning")
        table = Table(headings, raised, len(headings))
        yield Section(
            "warnings",
            "Collapse warnings",
            "Signs that predictions no longer look like the gold.",
            table=table,
        )


def judged_test(folder: Path) -> list[Example]:
    """What the last round predicted for the sentences of the test set that have gold."""
    return [
        e for e in read_part(folder, rounds_of(folder)[-1], "test") if e.sentence.spans is not None
    ]


def confidences(judged: Sequence[Example], where: str) -> Iterator[Section]:
    right = [span in (e.sentence.spans or ()) for e in judged for span in e.spans]
    if right:
        bins = reliability([c for e in judged for c in e.confidences], right)
        text = (
            f"Predicted spans of the test set, {where}. On the dotted line, a confidence of 0.9 is "
            f"right nine times in ten. Hollow points: fewer than {figures.SOLID} spans, too few "
            "to tell."
        )
        figure, table = figures.reliability(bins), figure_tables.of_bins(bins)
        yield Section("reliability", "Reliability", text, figure, table, one_run=True)


def confusions(judged: Sequence[Example], where: str) -> Iterator[Section]:
    if not judged:
        return
    counts = confusion([findings_of(e) for e in judged])
    if not counts.labels:
        return
    text = (
        f"Test set, {where}. The diagonal is class and both boundaries right; the right class with "
        "wrong boundaries has a column of its own. Shades are shares of a row, numbers are spans."
    )
    figure, table = figures.confusion(counts), figure_tables.of_confusion(counts)
    yield Section("confusion", "Confusion between classes", text, figure, table, one_run=True)
