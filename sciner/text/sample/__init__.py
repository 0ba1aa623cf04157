"""The shipped corpus: short papers written for this project.

They are annotated with the seven types of arXiv 2502.16312's task.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

from sciner.text.corpus import Corpus
from sciner.text.formats.inline import read_paper

HERE = Path(__file__).parent
LABELS = (
    "DatasetName",
    "HyperparameterName",
    "HyperparameterValue",
    "MethodName",
    "MetricName",
    "MetricValue",
    "TaskName",
)


@lru_cache  # a sweep reads it for every point, and nobody writes it
def read_sample() -> Corpus:
    """Read all papers; those that ``splits.json`` names are test, the others train."""
    notes: Counter[str] = Counter()
    test = set(json.loads((HERE / "splits.json").read_text(encoding="utf-8"))["test"])
    papers = {
        p.stem: read_paper(p, labels=LABELS, notes=notes)
        for p in sorted((HERE / "papers").glob("*.md"))
    }
    train = tuple(s for name, paper in papers.items() if name not in test for s in paper)
    return Corpus(
        "sample",
        LABELS,
        train,
        tuple(s for name in sorted(test) for s in papers[name]),
        notes=notes,
    )
