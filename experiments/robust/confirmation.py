"""What was tested on four corpora, with seeds that chose nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from experiments.artefact import ENSEMBLES
from experiments.robust.bought import RARE, buys
from experiments.sections import Setting, difference, where
from sciner.report.frames import Counts, read_counts_csv
from sciner.report.render import Table, difference_text, markdown, p_text, table_of
from sciner.report.tables import F1, cells
from sciner.score.multiple import holm_by_family

GOLD, ENSEMBLE, ROBUST = "gold, 300 steps", "ensemble of 3, 300 steps each", "robust"
ROWS = ("data.seed_size", "corpus", "method")
PLANNED = ("5%", "10%")  # the sizes that the claims are about
ABOUT = ["run", "sweep", "words", "corpus", "model", "data.seed_size", "seed", "metric", "value"]
PASSES = ("train/gold_passes", "train/silver_passes")


@dataclass(frozen=True, slots=True)
class Method:
    """A line of the tables. runs: the settings of the runs that have it. round: of theirs.
    ensemble: is it the mean of the round's taggers?"""

    runs: Setting
    round: int
    ensemble: bool = False


HARD = {"iteration.labels": "hard", "iteration.rounds": "1", "iteration.steps": "600"}
SOFT = {"iteration.labels": "soft", "iteration.rounds": "1"}
SHORT = {"iteration.rounds": "1", "model.steps": "150"}
ALONE = {"iteration.rounds": "0"}
METHODS = {
    GOLD: Method(SOFT, 0),
    ENSEMBLE: Method(SOFT, 0, ensemble=True),
    "gold, 600 steps": Method(ALONE | {"model.steps": "600"}, 0),
    "gold, 300 steps, label smoothing": Method(ALONE | {"model.label_smoothing": "0.1"}, 0),
    "gold, 150 steps": Method(SHORT, 0),
    "paper, 150 steps": Method(SHORT, 1),
    "paper, 600 steps": Method(HARD | {"iteration.gold_share": "null"}, 1),
    "hard labels, half gold, 600 steps": Method(HARD | {"iteration.gold_share": "0.5"}, 1),
    ROBUST: Method(SOFT, 1),
}
PRIMARY = {"robust - ensemble": (ROBUST, ENSEMBLE), "robust - gold": (ROBUST, GOLD)}
SECONDARY = {
    "ensemble - gold": (ENSEMBLE, GOLD),
    "paper at 600 steps - gold": ("paper, 600 steps", GOLD),
    "paper at 600 steps - gold at 600": ("paper, 600 steps", "gold, 600 steps"),
    "paper at 150 steps - gold at 150": ("paper, 150 steps", "gold, 150 steps"),
    "half gold - joined, hard labels": ("hard labels, half gold, 600 steps", "paper, 600 steps"),
    "robust - paper at 600 steps": (ROBUST, "paper, 600 steps"),
    "robust - hard labels, half gold": (ROBUST, "hard labels, half gold, 600 steps"),
    "gold at 600 - at 300 steps": ("gold, 600 steps", GOLD),
    "label smoothing - without": ("gold, 300 steps, label smoothing", GOLD),
}


def sections(frame: pd.DataFrame, counts: Counts) -> list[str]:
    """Paragraphs and tables of RESULTS.md; none without runs that buy no more gold."""
    confirmed = frame[(frame["seed"] >= 10) & ~buys(frame)]
    if not len(confirmed):
        return []
    file = Path(__file__).parent / ENSEMBLES
    ensembles = read_counts_csv(file) if file.exists() else {}
    lines, line_counts = lines_of(confirmed, counts, ensembles)
    scores = cells(lines, ROWS, [], [F1, RARE, *PASSES])
    planned = lines["data.seed_size"].isin(PLANNED)
    whole = (lines["data.seed_size"] == "100%").any()
    return [
        "## Tested on four corpora",
        "Entity F1 on **test** of seeds 10 to 14, which chose nothing. `paper`: hard labels of one "
        "teacher, gold and silver joined. `robust`: `iteration=robust`. bc5cdr: 1,500 sentences. "
        + ("The upper bound is gold alone of the whole corpus (100%)." if whole else ""),
        markdown(table_of(replace(scores, missing=()))),
        "## Does silver add anything, and what does a user gain?",
        "Paired by seed, and by test document where the corpus tells documents apart; p after "
        "Holm's correction over the rows of a comparison. What was not run has no row.",
        contrasts(lines[planned], line_counts, PRIMARY),
        f"The same for the rare classes (`{RARE}`), paired by seed.",
        contrasts(lines[planned], line_counts, PRIMARY, RARE),
        *other_sizes(lines[~planned], line_counts),
        "## What does it?",
        contrasts(lines[planned], line_counts, SECONDARY),
    ]


def other_sizes(lines: pd.DataFrame, counts: Counts) -> list[str]:
    """The primary comparisons where they were not planned as such; nothing without runs of them."""
    if not (lines["method"] == ROBUST).any():
        return []
    return [
        "The same with less gold, and with more (fewer seeds; p corrected for these rows alone).",
        contrasts(lines, counts, PRIMARY),
    ]


def lines_of(frame: pd.DataFrame, counts: Counts, ensembles: Counts) -> tuple[pd.DataFrame, Counts]:
    """The runs with a run of its own for each method, of one round."""
    found, found_counts = [], {}
    for name, method in METHODS.items():
        rows = where(frame, {**method.runs, "round": method.round})
        if method.ensemble:
            rows = rows[rows["metric"].str.startswith("ensemble/")]
            rows = rows.assign(metric=rows["metric"].str.removeprefix("ensemble/"))
        named = rows["run"] + f"/{name}"
        found.append(rows[ABOUT].assign(run=named, method=name, round=0))
        of = ensembles if method.ensemble else counts
        found_counts |= {
            (f"{run}/{name}", 0): of[run, method.round]
            for run in set(rows["run"])
            if (run, method.round) in of
        }
    return pd.concat(found, ignore_index=True), found_counts


def contrasts(
    lines: pd.DataFrame,
    counts: Counts,
    wanted: Mapping[str, tuple[str, str]],
    metric: str = F1,
) -> str:
    """A row for each of ``wanted`` (a, b), size of the seed set and corpus that has runs of both:
    a minus b, and its p among the rows of the same comparison."""
    groups = list(lines.groupby(["data.seed_size", "corpus"], sort=False))
    rows: list[tuple[str, ...]] = []
    for name, (a, b) in wanted.items():
        sides = {"method": a}, {"method": b}
        found = [difference(group, *sides, metric, counts) for _, group in groups]
        adjusted = holm_by_family([one and one.p for one in found])
        rows += [
            (name, *map(str, key), difference_text(one), p_text(p))
            for (key, _), one, p in zip(groups, found, adjusted, strict=True)
            if one is not None
        ]
    return markdown(
        Table(("comparison", "data.seed_size", "corpus", "difference", "p"), tuple(rows), 3)
    )
