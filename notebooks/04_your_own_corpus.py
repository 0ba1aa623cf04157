# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # Your own corpus
# Use CoNLL, JSON lines or BRAT files (`docs/data.md` describes the formats). This notebook first
# writes a small CoNLL corpus, so that it runs anywhere. Replace it by your own files.

# %%
from pathlib import Path

from sciner.text.formats.conll import write_conll
from sciner.text.sample import read_sample

corpus = read_sample()
folder = Path("notebook/own")
folder.mkdir(parents=True, exist_ok=True)
write_conll(folder / "train.conll", corpus.train)
write_conll(folder / "test.conll", corpus.test)
print((folder / "train.conll").read_text(encoding="utf-8")[:200])

# %% [markdown]
# A tenth of the training file is the seed set, the rest is the pool. The tagger never sees the gold
# of the pool; it is only used to score the silver.

# %%
from sciner.launch.main import main

files = [
    "data=files",
    f"data.train={folder.resolve()}/train.conll",
    f"data.test={folder.resolve()}/test.conll",
]
words = [
    *files,
    "data.seed_size=10%",
    "model=crf",
    "model.max_iterations=30",
    "iteration.rounds=1",
    "tracking=none",
    f"hydra.run.dir={folder}/run",
]
assert main(words) == 0

# %%
from sciner.report.frames import read_runs

frame = read_runs(folder / "run")
asked = [f"test/f1/{label}" for label in ("micro", *corpus.labels)]
frame[frame["metric"].isin(asked)].pivot(index="metric", columns="round", values="value").reindex(
    asked
).round(3)

# %% [markdown]
# The same as a figure.

# %%
from sciner.report.compared import compare_runs
from sciner.report.figures import heat
from sciner.results.records import records

heat(compare_runs(records([folder / "run"])), corpus.labels, change=False)
