# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # A first run
#
# Two rounds of auto-annotation on the shipped corpus, with a CRF: seconds. Open this file as a notebook with
# [jupytext](https://jupytext.readthedocs.io), or run it as a script.

# %%
import pandas as pd

from sciner.launch import main

assert main(["model=crf", "iteration.rounds=2", "tracking=none", "hydra.run.dir=notebook/first"]) == 0

# %% [markdown]
# The figures of every round, as `rounds.jsonl` has them. Round 0 is the tagger of the seed set alone.

# %%
from sciner.report.frames import read_runs

frame = read_runs("notebook/first")
asked = ["test/f1/micro", "test/gain/micro", "silver/precision/micro", "silver/accepted_spans", "budget/sentences"]
shown = frame[frame["metric"].isin(asked)].pivot(index="metric", columns="round", values="value").reindex(asked)
shown

# %% [markdown]
# What went wrong in the last round, by kind of error.

# %%
from collections import Counter
from pathlib import Path

from sciner.report.sentences import findings_of, read_part

last = read_part(Path("notebook/first"), 2, "test")
kinds = pd.Series(Counter(str(finding.kind) for example in last for finding in findings_of(example)), name="spans")
kinds

# %% [markdown]
# The same sentences, one after the other: `sciner show notebook/first --errors`.
