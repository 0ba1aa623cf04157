# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # How good is the silver?
# If the gold of the pool is only withheld, silver can be compared with it: by class, by kind of
# error, and by what happens to its errors in the next round.

# %%
from pathlib import Path

import pandas as pd

from sciner.launch.main import main

folder = Path("notebook/silver")
words = ["model=crf", "model.max_iterations=30", "iteration.rounds=2", "tracking=none"]
assert main([*words, f"hydra.run.dir={folder}"]) == 0

# %%
from sciner.report.sentences import findings_of, read_part
from sciner.score.errors import Kind

rounds = {number: read_part(folder, number, "silver") for number in (1, 2)}
found = pd.DataFrame(
    {"round": number, "class": finding.span.label, "kind": str(finding.kind)}
    for number, examples in rounds.items()
    for example in examples
    for finding in findings_of(example)
)
last = found[found["round"] == 2]
kinds = last.pivot_table(index="class", columns="kind", aggfunc="size", fill_value=0)
kinds = kinds.reindex(columns=[str(kind) for kind in Kind], fill_value=0)
kinds

# %% [markdown]
# The same table as bars: the accepted spans of each class by kind, and the gold spans without one.

# %%
import numpy as np

from sciner.report.draw import COLOURS, legend, panels

figure, (axes,) = panels([""], "spans", "", width=6.5, height=3)
ends, bars = np.zeros(len(kinds)), {}
for colour, kind in zip(COLOURS, kinds, strict=False):
    bars[kind] = axes.barh(list(kinds.index), kinds[kind], left=ends, color=colour)
    ends = ends + kinds[kind].to_numpy()
legend(figure, bars)
figure

# %% [markdown]
# What happened to the wrong spans of round 1 in round 2? There may be the same span again, another
# wrong one, a right one, or none. An error that returns has propagated: the tagger was trained on
# it and repeated it. `sciner show notebook/silver --propagation` prints the same.

# %%
from sciner.report.frames import read_runs
from sciner.report.propagation import METRIC
from sciner.score.propagation import Fate

scores = read_runs(folder).query("round == 2").set_index("metric")["value"]
fates = pd.Series({str(fate): scores[f"{METRIC}{fate}"] for fate in Fate})
figure, (axes,) = panels([""], "wrong spans of round 1", "in round 2", width=5.2, height=2)
axes.barh(list(fates.index), fates, color=COLOURS[0])
axes.invert_yaxis()
figure

# %% [markdown]
# Is the tagger as often right as it is confident? Then the dots are on the dotted line. Larger dots
# stand for more spans.

# %%
from sciner.report import figures
from sciner.score.calibration import reliability

confidences = [c for example in rounds[1] for c in example.confidences]
right = [span in example.sentence.spans for example in rounds[1] for span in example.spans]
figures.reliability(reliability(confidences, right))
