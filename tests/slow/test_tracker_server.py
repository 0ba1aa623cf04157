"""A tracker on PostgreSQL, whose columns are as wide as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import PASSWORD, server
from tests.slow.test_sweeps import sciner

pytestmark = pytest.mark.slow
QUICK = ("run", "model=gazetteer", "data.limit=40", "iteration=supervised")


def test_a_run_of_many_words_is_tracked_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    with server() as uri:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        folder = tmp_path / ("f" * 200) / ("g" * 200)
        words = (*QUICK, f"store.dir={folder}", f"tracking.uri={uri}")
        assert f"tracked: {uri}" in sciner(*words, cwd=tmp_path)
        out = sciner(
            "track",
            "replay",
            "--store",
            str(folder),
            "--uri",
            uri,
            "--experiment",
            "again",
            cwd=tmp_path,
        )
        assert "1 runs replayed, 0 completed, 0 already there" in out
        client = MlflowClient(uri)
        runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
        assert [(run.info.status, len(run.info.run_name)) for run in runs] == [
            ("FINISHED", 250)
        ] * 2
        assert all(run.data.params["store.dir"] == str(folder) for run in runs)
    out = sciner(*QUICK, f"tracking.uri={uri}", "hydra.run.dir=down", cwd=tmp_path, code=3)
    assert "the tracker failed" in out and "tracked:" not in out
