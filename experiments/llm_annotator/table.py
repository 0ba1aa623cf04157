"""RESULTS.md of runs.csv."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from experiments.sections import classes_of, differences, document, published, where
from sciner.report.frames import ABOUT, Counts
from sciner.report.language_model import ERRORS, FAULTS
from sciner.report.render import markdown, table_of
from sciner.report.tables import F1, cells

TWENTY = {"iteration": "paper", "data.seed_size": "20"}  # labelled by people
METHODS = {
    **{
        f"people label {size}": {"iteration": "supervised", "data.seed_size": size}
        for size in ("10", "20", "40")
    },
    "model labels 40 as silver": {"data.seed_size": "0"},
    "people 20, model 20 as gold": {**TWENTY, "annotator": "llm"},
    "people 20, model 20 as silver": {**TWENTY, "iteration.teacher": "llm"},
    "people 20, model and tagger 20 as silver": {**TWENTY, "iteration.teacher": "both"},
    "people 20, tagger 20 as silver": {
        **TWENTY,
        "iteration.teacher": "tagger",
        "annotator": "perfect",
    },
    "people 20, three taggers 20, robust": {"iteration": "robust", "iteration.teacher": "tagger"},
    "people 20, model and three taggers 20, robust": {
        "iteration": "robust",
        "iteration.teacher": "both",
    },
}
ROBUST = [name for name in METHODS if name.endswith("robust")]
SILVER = ["people 20, tagger 20 as silver", ROBUST[0]]
CONTRASTS = [
    ("model labels 40 as silver", "people label 10"),
    ("people 20, model 20 as gold", "people label 20"),
    ("people 20, model 20 as gold", "people label 40"),
    ("people 20, model 20 as silver", "people label 20"),
    ("people 20, model and tagger 20 as silver", "people label 20"),
    ("people 20, tagger 20 as silver", "people label 20"),
    ("people 20, model and tagger 20 as silver", "people 20, tagger 20 as silver"),
    (ROBUST[1], ROBUST[0]),
]
WORTH = {
    "entity F1": F1,
    "macro": "test/f1/macro",
    "gain over round 0": "test/gain/micro",
    "minutes of people": "budget/minutes",
}
QUALITY = {
    "sentences": "sentences",
    "F1": "f1/micro",
    "precision": "precision/micro",
    "recall": "recall/micro",
    "kappa": "kappa",
    "mean vote share": "calibration/mean_confidence",
    "calibration error": "calibration/ece",
}
OF_TAGGER = {
    "F1": "silver/f1/micro",
    "precision": "silver/precision/micro",
    "recall": "silver/recall/micro",
    "mean confidence": "silver/mean_confidence",
}
PRICE = {
    "prompt tokens": "prompt_tokens",
    "answer tokens": "completion_tokens",
    "money for 1000 correct spans": "money_per_correct_span",
}


def render(frame: pd.DataFrame, counts: Counts) -> str:
    told = by_method(frame)
    # beside the tagger it says what it says alone
    asked = told[told["metric"].str.startswith("llm/") & ~told["method"].str.contains("model and")]
    thousand = asked["value"].where(~asked["metric"].str.contains("money"), asked["value"] * 1000)
    asked = asked.assign(
        metric=asked["metric"].str.replace(r"^llm/\w+/", "", regex=True), value=thousand
    )
    return document(
        "What a language model's labels are worth",
        "40 sentences of the sample corpus; `crf`, except in the rows with *robust*, which have "
        "`minilm` in fits of 60 and 120 steps. The model is Gemma 3 270M with three answers for "
        "each sentence at temperature 0.7, or one at temperature 0 if it labels all 40.",
        table(told, WORTH),
        "## Differences",
        differences(
            told,
            counts,
            ["corpus"],
            {f"{a} − {b}": ({"method": a}, {"method": b}) for a, b in CONTRASTS},
        ),
        "## The model's labels against the withheld gold",
        "Over the sentences that it labelled. Kappa is over the tokens that the model or the gold "
        "marks. The calibration error is that of the shares of its votes.",
        table(asked, QUALITY),
        "The silver of taggers, for comparison:",
        table(told, OF_TAGGER, SILVER),
        "F1 by class:",
        table(asked, {label: f"f1/{label}" for label in classes_of(frame)}),
        "Wrong spans by kind:",
        table(asked, ERRORS),
        "Entities in its answers that could not be used; answers that could not be used at all "
        "(malformed, truncated or refused):",
        table(asked, FAULTS),
        "## Price",
        "The tokens are those that the server counts; the prices are assumptions "
        "(`conf/experiment/llm_annotator/_llm.yaml`).",
        table(asked, PRICE),
        "## Published",
        published("llm_annotator"),
    )


def by_method(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``method`` in the place of the settings that it stands for."""
    parts = [where(frame, setting).assign(method=name) for name, setting in METHODS.items()]
    columns = [*ABOUT, "corpus", "model", "method", "seed", "round", "metric", "value"]
    return pd.concat(parts)[columns].reset_index(drop=True)


def table(
    frame: pd.DataFrame, columns: Mapping[str, str], only: Collection[str] = tuple(METHODS)
) -> str:
    """A line for each method that has such figures, in the order of ``METHODS``. columns:
    {heading: metric}."""
    known = set(frame["metric"])
    shown = {heading: name for heading, name in columns.items() if name in known}
    if not shown:
        return "No run has these figures yet."
    grid = cells(frame[frame["method"].isin(only)], ["method"], [], list(shown.values()))
    order = sorted(grid.row_keys, key=lambda row: list(METHODS).index(str(row[0])))
    made = table_of(replace(grid, row_keys=tuple(order)))
    return markdown(replace(made, headings=("method", *shown)))
