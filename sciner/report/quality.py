"""Sections on the quality of labels: classes, silver, drift, confidence, confusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sciner.report import figure_tables, figures, silver_figures
from sciner.report.compared import ComparedRuns, average_settings, seed_of
from sciner.report.render import Table
from sciner.report.section import LINES, MOST, Section, average_note, seeds_note
from sciner.report.sentences import findings_of, read_part, rounds_of
from sciner.score.calibration import reliability
from sciner.score.errors import confusion
from sciner.score.names import escaped
from sciner.text.corpus import Example


def classes(compared: ComparedRuns) -> Iterator[Section]:
    """Yield F1 by class, and its change since round 0, for each corpus."""
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
        text = seeds_note(here) + average_note(here, gone)
        if figure := figures.heat(shown, labels, change=False):
            table = figure_tables.by_class(here, labels)
            yield Section(name, f"Classes{of}: F1", text, figure, table)
            if here.frame["round"].nunique() > 1:
                figure = figures.heat(shown, labels, change=True)
                table = figure_tables.class_changes(here, labels)
                title = f"Classes{of}: change since round 0"
                yield Section(f"{name}_change", title, text, figure, table)


def silver(compared: ComparedRuns) -> Iterator[Section]:
    """Yield precision and yield of accepted silver: by threshold, and one against the other."""
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
        if figure := silver_figures.by_threshold(shown, thresholds):
            text = (
                "The silver that the last round was trained on, compared with the gold of the "
                "pool. Precision: the share of accepted spans that are right. Yield: the share of "
                "the pool's gold spans that are among them. The threshold that accepts most is on "
                "the left. "
                + seeds_note(compared, "; bars go from the lowest to the highest seed")
                + average_note(compared, gone)
            )
            title = "Silver: precision and yield by threshold"
            table = figure_tables.by_threshold(compared, silver_figures.SILVER)
            yield Section("thresholds", title, text, figure, table)
    if figure := silver_figures.yield_and_precision(compared):
        text = (
            "Each point is one round of one run. Higher up, fewer of the accepted silver spans are "
            "wrong; further to the right, more of the pool's gold spans are among them. A stricter "
            "threshold usually moves a point up and to the left."
        )
        table = figure_tables.by_run(compared, silver_figures.SILVER)
        yield Section("silver", "Silver: precision against yield", text, figure, table)


def drift(compared: ComparedRuns) -> Iterator[Section]:
    """Yield the number of predicted spans over rounds, and how many changed."""
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
            "Of all spans that this round or the previous round predicts on the test text, the "
            "share that only one of the two predicts." + average_note(compared, gone)
        )
        table = figure_tables.by_round(compared, "drift/churn")
        yield Section("churn", "Change from round to round", text, figure, table)


def warnings(compared: ComparedRuns) -> Iterator[Section]:
    """Yield a table with a row for each collapse warning, if there are any."""
    raised = tuple(
        (
            run.about["id"],
            *map(str, compared.set_to[run.about["id"]].values()),
            seed_of(run),
            str(line["round"]),
            warning,
        )
        for run in compared.sorted_runs
        for line in run.rounds
        for warning in line.get("warnings", ())
    )
    if raised:
        headings = ("run", *next(iter(compared.set_to.values())), "seed", "round", "warning")
        table = Table(headings, raised, len(headings))
        text = "In these rounds the predictions looked very unlike the gold."
        if any(row[-2] == "0" for row in raised):
            text += " The answer does not count round 0, which is trained on the seed set alone."
        yield Section("warnings", "Collapse warnings", text, table=table)


def predicted_test(folder: Path) -> list[Example]:
    """Read the last round's predictions for the test sentences that have gold."""
    return [
        e for e in read_part(folder, rounds_of(folder)[-1], "test") if e.sentence.spans is not None
    ]


def confidences(predicted: Sequence[Example], where: str) -> Iterator[Section]:
    """Yield the reliability diagram of a run.

    Args:
        predicted: see ``predicted_test``.
        where: the round and run, in words.
    """
    right = [span in (e.sentence.spans or ()) for e in predicted for span in e.spans]
    if right:
        bins = reliability([c for e in predicted for c in e.confidences], right)
        text = (
            f"Predicted spans of the test set, {where}. On the dotted line, confidence equals the "
            "share that is right: of spans with a confidence of 0.9, nine in ten are right. Hollow "
            f"points have fewer than {figures.SOLID} spans, which is too few to judge."
        )
        figure, table = figures.reliability(bins), figure_tables.of_bins(bins)
        yield Section("reliability", "Reliability", text, figure, table, one_run=True)


def confusions(predicted: Sequence[Example], where: str) -> Iterator[Section]:
    """Yield the confusion matrix of a run; arguments as ``confidences``."""
    if not predicted:
        return
    counts = confusion([findings_of(e) for e in predicted])
    if not counts.labels:
        return
    text = (
        f"Test set, {where}. The diagonal counts spans with the right class and both boundaries "
        "right; spans with the right class and wrong boundaries have a column of their own. "
        "Numbers are spans, shades are shares of a row."
    )
    figure, table = figures.confusion(counts), figure_tables.of_confusion(counts)
    yield Section("confusion", "Confusion between classes", text, figure, table, one_run=True)
