from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sciner.redact import SECRET

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["SCINER_N_JOBS"] = "1"  # fakes and patches do not reach other processes


@pytest.fixture(autouse=True)
def forget_secrets() -> Iterator[None]:
    """Passwords that a test has met are unknown to the next one."""
    yield
    for name in [name for name in os.environ if name.startswith(SECRET)]:
        del os.environ[name]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its schema, which takes seconds to make and moments to copy."""
    from sciner.tracking.database import local_uri
    from sciner.tracking.mlflow import prepare

    folder = tmp_path_factory.mktemp("mlflow")
    prepare(local_uri(folder), "Default")
    return folder / "mlflow.db"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> Path:
    """An empty project folder to work in, with a database of its own."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    for name in (
        "SCINER_TRACKERS",
        "MLFLOW_TRACKING_URI",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
