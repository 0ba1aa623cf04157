"""RESULTS.md of runs.csv."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from experiments.sections import classes_of, differences, document, published, where
from sciner.report.frames import ABOUT, Counts
from sciner.report.render import markdown, table_of
from sciner.report.tables import F1, Grid, cells

PEOPLE, MODEL = "people label {}", "people label 25, the model {}"
METHODS = {
    **{
        PEOPLE.format(size): {"iteration": "supervised", "data.seed_size": size}
        for size in ("10", "25", "50", "100")
    },
    "the model labels 100": {"data.seed_size": "0"},
    MODEL.format("25 more"): {"annotator": "llm", "acquire.batch": "25"},
    MODEL.format("75 more"): {"annotator": "llm", "acquire.batch": "75"},
    MODEL.format("75 as silver"): {
        "iteration": "paper",
        "data.seed_size": "25",
        "iteration.teacher": "llm",
    },
    MODEL.format("and the tagger 75 as silver"): {
        "iteration": "paper",
        "iteration.teacher": "both",
    },
    "people label 25, the tagger 75 as silver": {
        "iteration": "paper",
        "annotator": "perfect",
        "data.seed_size": "25",
        "iteration.teacher": "tagger",
    },
    "robust, three taggers": {"iteration": "robust", "iteration.teacher": "tagger"},
    "robust, the model and three taggers": {"iteration": "robust", "iteration.teacher": "both"},
}
GOLD = PEOPLE.format(25)
TAGGER = "people label 25, the tagger 75 as silver"
CONTRASTS = (
    ("the model labels 100", PEOPLE.format(10)),
    (MODEL.format("75 more"), PEOPLE.format(100)),
    *(
        (name, GOLD)
        for name in METHODS
        if not name.startswith(("people label 1", "people label 5", "the model")) and name != GOLD
    ),
    (MODEL.format("75 as silver"), TAGGER),
    (MODEL.format("and the tagger 75 as silver"), TAGGER),
    ("robust, the model and three taggers", "robust, three taggers"),
)
LABELS = {
    "sentences": "sentences",
    "F1": "f1/micro",
    "precision": "precision/micro",
    "recall": "recall/micro",
    "kappa": "kappa",
    "vote share, mean": "calibration/mean_confidence",
    "calibration error": "calibration/ece",
}
ERRORS = {
    "missed": "errors/missed",
    "spurious": "errors/spurious",
    "wrong boundary": "errors/wrong_boundary",
    "wrong class": "errors/wrong_class",
}
FAULTS = {
    "not in the sentence": "faults/unaligned",
    "unknown class": "faults/unknown_class",
    "place taken": "faults/overlapping",
    "malformed": "faults/malformed",
    "truncated": "faults/truncated",
    "refused": "faults/refused",
}
PRICE = {
    "prompt tokens": "prompt_tokens",
    "answer tokens": "completion_tokens",
    "money": "money",
    "money per correct span": "money_per_correct_span",
}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    told = by_method(frame)
    asked = told.assign(
        metric=told["metric"].str.replace(r"^llm/(annotator|teacher)/", "model/", regex=True)
    )
    classes = {label: f"f1/{label}" for label in classes_of(frame)}
    return document(
        "What a language model's labels are worth",
        "100 sentences of the sample corpus, three seeds. A seed set by people costs minutes, the "
        "model tokens. *Silver*: labels that the tagger learns from without anybody calling them "
        "gold.",
        table(told, {"entity F1": F1, "macro": "test/f1/macro", **COST}),
        "## Differences",
        differences(
            told,
            counts,
            ["corpus"],
            {f"{a} − {b}": ({"method": a}, {"method": b}) for a, b in CONTRASTS},
        ),
        "## The model's labels against the withheld gold",
        "Of the sentences that it labelled. Kappa is over the tokens that the model or the gold "
        "marks. The calibration error is that of its vote shares.",
        table(asked, of_model(LABELS)),
        "What the tagger's own silver is worth, for comparison:",
        table(told, SILVER, {TAGGER, "robust, three taggers"}),
        "F1 by class:",
        table(asked, of_model(classes)),
        "Wrong spans by kind:",
        table(asked, of_model(ERRORS)),
        "Entities in its answers that could not be taken, then answers of which nothing could:",
        table(asked, of_model(FAULTS)),
        "## Price",
        "At the assumed prices of `conf/experiment/llm_annotator/_llm.yaml`, of what is asked "
        "about the sentences in the row.",
        table(asked, of_model(PRICE)),
        "## Published",
        published("llm_annotator"),
    )


COST = {"minutes of people": "budget/minutes", "money": "budget/money"}
SILVER = {
    "F1": "silver/f1/micro",
    "precision": "silver/precision/micro",
    "recall": "silver/recall/micro",
}


def of_model(columns: dict[str, str]) -> dict[str, str]:
    return {heading: f"model/{name}" for heading, name in columns.items()}


def by_method(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``method`` in the place of all settings that it stands for."""
    parts = [where(frame, setting).assign(method=name) for name, setting in METHODS.items()]
    columns = [*ABOUT, "corpus", "model", "method", "seed", "round", "metric", "value"]
    return pd.concat(parts)[columns].reset_index(drop=True)


def table(frame: pd.DataFrame, columns: dict[str, str], only: set[str] | None = None) -> str:
    """A line a method that has such figures, in the order of ``METHODS``; {heading: metric}."""
    known = {heading: name for heading, name in columns.items() if name in set(frame["metric"])}
    shown = frame if only is None else frame[frame["method"].isin(only)]
    grid: Grid = cells(shown, ["method"], [], list(known.values()))
    order = sorted(grid.row_keys, key=lambda row: list(METHODS).index(str(row[0])))
    made = table_of(replace(grid, row_keys=tuple(order)))
    return markdown(replace(made, headings=("method", *known)))
