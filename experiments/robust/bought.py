"""Silver together with gold that is bought by active learning."""

from __future__ import annotations

import pandas as pd

from experiments.sections import Setting, differences, means
from sciner.report.frames import Counts
from sciner.report.tables import F1

RARE, GOLD_PASSES = "test/f1/rare", "train/gold_passes"
ALONE, SILVER = {"threshold": "accept_none"}, {"threshold": "accept_all"}
RANDOM, MNLP = {"acquire": "random"}, {"acquire": "mnlp"}
CONTRASTS: dict[str, tuple[Setting, Setting]] = {
    "silver - none, gold bought at random": (RANDOM | SILVER, RANDOM | ALONE),
    "silver - none, gold bought by mnlp": (MNLP | SILVER, MNLP | ALONE),
    "mnlp - random, no silver": (MNLP | ALONE, RANDOM | ALONE),
    "mnlp - random, silver": (MNLP | SILVER, RANDOM | SILVER),
    "mnlp and silver - random, no silver": (MNLP | SILVER, RANDOM | ALONE),
}


def buys(frame: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are of runs that buy gold after round 0."""
    return frame.reindex(columns=["acquire"])["acquire"].isin(["random", "mnlp"])


def sections(frame: pd.DataFrame, counts: Counts) -> list[str]:
    """Paragraphs and tables of RESULTS.md; none without runs."""
    bought = frame[buys(frame)]
    if not len(bought):
        return []
    return [
        "## Silver and active learning together",
        "5% of the gold at first, and 5% more that `acquire` chooses. Then one fit of 600 steps: "
        "on gold alone (`accept_none`), or on gold and silver as in `robust` (`accept_all`). "
        "Entity F1 on test of round 1.",
        means(bought, ["corpus", "acquire", "threshold"], [], [F1, RARE, GOLD_PASSES]),
        differences(bought, counts, ["corpus"], CONTRASTS),
    ]
