# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # Budgets compared
#
# Does confident silver save gold? Two thresholds, three sizes of the seed set and two seeds make
# twelve runs of a CRF with few iterations, on a part of the corpus. They take seconds.

# %%
from contextlib import redirect_stdout
from io import StringIO
from itertools import product

from sciner.launch.main import main

crf = ["model=crf", "model.max_iterations=20", "data.limit=300"]
for kind, size, seed in product(("accept_all", "fixed"), ("10%", "20%", "40%"), (0, 1)):
    words = [f"threshold={kind}", f"data.seed_size={size}", f"seed={seed}", "iteration.rounds=1"]
    folder = f"hydra.run.dir=notebook/budgets/{kind}_{size}_{seed}".replace("%", "")
    with redirect_stdout(StringIO()):  # twelve tables are too many here
        assert main([*crf, *words, "tracking=none", folder]) == 0

# %% [markdown]
# On the command line this is one sweep, whose points run in parallel:
# `sciner run -m threshold=accept_all,fixed data.seed_size=10%,20%,40% seed=0,1`.

# %%
from sciner.report.compared import telling
from sciner.report.frames import read_counts, read_runs
from sciner.report.learning_curves import learning_curves
from sciner.report.render import difference_text, markdown, table_of
from sciner.report.tables import cells, paired

frame, counts = telling(read_runs("notebook/budgets")), read_counts("notebook/budgets")
print(markdown(table_of(cells(frame, ["threshold"], ["data.seed_size"]))))

# %% [markdown]
# The difference at each size, paired by seed; the interval is over seeds and test documents. If it
# includes 0, these runs do not distinguish the two thresholds.

# %%
for size in ("10%", "20%", "40%"):
    a, b = ({"threshold": kind, "data.seed_size": size} for kind in ("fixed", "accept_all"))
    print(size, difference_text(paired(frame, a, b, counts=counts).difference))

# %% [markdown]
# The same as learning curves, over the minutes that the gold took; `sentences`, `tokens` and
# `entities` are other units. Small points: every round of every run.

# %%
from sciner.report.figures import over_budget
from sciner.report.learning_curves import every_round

curves = learning_curves(frame, ["threshold"], "minutes", counts)
rounds = {kind: every_round(frame[frame["threshold"] == kind], "minutes") for kind in curves}
over_budget({"": curves}, "minutes", rounds={"": rounds})

# %% [markdown]
# All results on one page: `sciner report notebook/budgets -o report`.
