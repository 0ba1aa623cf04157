# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # Runs in MLflow
# Two runs of a CRF on a part of the corpus are logged to a new database, and read back from it.

# %%
from pathlib import Path

from sciner.launch.main import main

folder = Path("notebook/mlflow").resolve()
folder.mkdir(parents=True, exist_ok=True)
uri = f"sqlite:///{folder}/mlflow.db"
crf = ["model=crf", "model.max_iterations=20", "data.limit=300"]
words = [*crf, "iteration.rounds=2", f"tracking.uri={uri}"]
for kind in ("accept_none", "accept_all"):
    assert main([*words, f"threshold={kind}", f"hydra.run.dir={folder}/{kind}"]) == 0

# %% [markdown]
# In MLflow each run is one row: the last value of every metric, and every setting as a param, also
# if it has its default value.

# %%
import mlflow

mlflow.set_tracking_uri(uri)
runs = mlflow.search_runs(experiment_names=["sciner"])
runs[["params.threshold", "params.data.seed_size", "metrics.test/f1/micro", "status"]]

# %% [markdown]
# The parts of the corpus that a run uses are its dataset inputs.

# %%
import json

import pandas as pd

client = mlflow.MlflowClient(uri)
inputs = client.get_run(runs["run_id"].iloc[0]).inputs.dataset_inputs
pd.DataFrame(
    {"context": one.tags[0].value, "digest": one.dataset.digest, **json.loads(one.dataset.profile)}
    for one in inputs
)

# %% [markdown]
# The step of a metric is the round, so the history of a metric is a curve over rounds.

# %%
from sciner.report.draw import legend, look, panels

figure, (axes,) = panels([""], "round", "entity F1", width=5.2)
lines = {}
for number, run in enumerate(runs.itertuples()):
    points = client.get_metric_history(run.run_id, "test/f1/micro")
    rounds, values = zip(*sorted((point.step, point.value) for point in points), strict=True)
    name = runs["params.threshold"].iloc[number]
    (lines[name],) = axes.plot(rounds, values, **look(number))
axes.xaxis.get_major_locator().set_params(integer=True)
legend(figure, lines)
figure

# %% [markdown]
# sciner's tables work with the same experiment: `read_experiment` returns the same frame as
# `read_runs` does for folders.

# %%
from sciner.report.frames import read_experiment
from sciner.report.render import markdown, table_of
from sciner.report.tables import cells

frame, counts = read_experiment(uri, "sciner")
print(markdown(table_of(cells(frame, ["threshold"], ["round"]))))

# %% [markdown]
# In the browser: `sciner ui --uri sqlite:///notebook/mlflow/mlflow.db`.
