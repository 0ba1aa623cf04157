# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # A first run
# Two rounds of auto-annotation on the included corpus, with a CRF of few iterations. They take
# seconds.
# `make notebooks` writes this file as a notebook (.ipynb), with
# [jupytext](https://jupytext.readthedocs.io).

# %%
from sciner.launch.main import main

crf = ["model=crf", "model.max_iterations=30"]
assert main([*crf, "iteration.rounds=2", "tracking=none", "hydra.run.dir=notebook/first"]) == 0

# %% [markdown]
# The scores of every round, from `rounds.jsonl`. Round 0 is the tagger trained on the seed set
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
# The same as a curve.

# %%
from pathlib import Path

from sciner.report.compared import compare_runs
from sciner.report.figures import over_rounds
from sciner.results.records import records

compared = compare_runs(records([Path("notebook/first")]))
over_rounds(compared, "test/f1/micro", "entity F1")

# %% [markdown]
# F1 of each class, and its change after two rounds.

# %%
from sciner.report.figures import heat
from sciner.text.sample import read_sample

heat(compared, read_sample().labels, change=True)

# %% [markdown]
# What is right and wrong in the last round, by class and by kind of error.

# %%
from sciner.report.figures import confusion
from sciner.report.sentences import findings_of, read_part
from sciner.score import errors

findings = [findings_of(example) for example in read_part(Path("notebook/first"), 2, "test")]
confusion(errors.confusion(findings))

# %%
import pandas as pd

kinds = [finding.kind for found in findings for finding in found]
pd.Series({str(kind): kinds.count(kind) for kind in errors.Kind}, name="spans").to_frame()

# %% [markdown]
# To see the sentences themselves: `sciner show notebook/first --errors`.
