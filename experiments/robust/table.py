"""RESULTS.md of runs.csv."""

from __future__ import annotations

import pandas as pd

from experiments.robust import bought, choice, confirmation
from experiments.sections import document, published
from sciner.report.frames import Counts


def render(frame: pd.DataFrame, counts: Counts) -> str:
    return document(
        "Robust self-training",
        "`minilm`, one thread per fit; entity F1 is strict and micro-averaged.",
        *confirmation.sections(frame, counts),
        *bought.sections(frame, counts),
        *choice.sections(frame),
        "## Published",
        published("robust"),
    )
