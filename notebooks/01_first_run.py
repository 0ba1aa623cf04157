# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # A first run
# Two rounds of auto-annotation on the shipped corpus, with a CRF: seconds. Open this file as a
# notebook with [jupytext](https://jupytext.readthedocs.io).

# %%
from sciner.launch.main import main

assert (
    main(["model=crf", "iteration.rounds=2", "tracking=none", "hydra.run.dir=notebook/first"]) == 0
)

# %% [markdown]
# The figures of every round, as `rounds.jsonl` has them. Round 0 is the tagger of the seed set
# alone.

# %%
from sciner.report.frames import read_runs

frame = read_runs("notebook/first")
asked = [
    "test/f1/micro",
    "test/gain/micro",
    "silver/precision/micro",
    "silver/accepted_spans",
    "budget/sentences",
]
shown = (
    frame[frame["metric"].isin(asked)]
    .pivot(index="metric", columns="round", values="value")
    .reindex(asked)
)
shown.round(3)

# %% [markdown]
# Class by class: what two rounds changed since round 0.

# %%
from pathlib import Path

from sciner.report.compared import compare_runs
from sciner.report.figures import heat
from sciner.results.records import records
from sciner.text.sample import read_sample

heat(compare_runs(records([Path("notebook/first")])), read_sample().labels, change=True)

# %% [markdown]
# What is right and wrong in the last round, by kind.

# %%
import pandas as pd

from sciner.report.sentences import findings_of, read_part
from sciner.score.errors import Kind

last = read_part(Path("notebook/first"), 2, "test")
found = [finding.kind for example in last for finding in findings_of(example)]
pd.Series({str(kind): found.count(kind) for kind in Kind}, name="spans").to_frame()

# %% [markdown]
# The same sentences, one after the other: `sciner show notebook/first --errors`.
