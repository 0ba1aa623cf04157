# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # How good is the silver?
# Where the pool's gold was withheld and not missing, silver can be judged: class by class, by kind
# of error, and by what the next tagger makes of its errors.

# %%
from pathlib import Path

import pandas as pd

from sciner.launch.main import main

folder = Path("notebook/silver")
assert main(["model=crf", "iteration.rounds=2", "tracking=none", f"hydra.run.dir={folder}"]) == 0

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
kinds.reindex(columns=[str(kind) for kind in Kind], fill_value=0)

# %% [markdown]
# Errors that come again have propagated: the tagger was trained on them, and said the same. Of the
# spans of round 1: how many were wrong, how many of these round 2 has again, and the same for right
# ones.

# %%
from sciner.score.errors import repeated

gold = {example.sentence.id: example.sentence.spans for example in rounds[1]}
before, after = (
    {example.sentence.id: example.spans for example in examples} for examples in rounds.values()
)
repeated(gold, before, after)

# %% [markdown]
# Is the tagger sure where it is right? On the dotted line it is; a dot is the larger the more spans
# it holds.

# %%
from sciner.report import figures
from sciner.score.calibration import reliability

confidences = [c for example in rounds[1] for c in example.confidences]
right = [span in example.sentence.spans for example in rounds[1] for span in example.spans]
figures.reliability(reliability(confidences, right))
