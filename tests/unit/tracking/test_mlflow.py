from __future__ import annotations

from pathlib import Path

import pytest

from sciner.redact import redacted
from sciner.tracking.mlflow import local_uri, place_of


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:s3cr:et@db.example:5432/mlflow", "postgresql://ann:***@db.example:5432/mlflow"),
        ("tracking.uri=https://ann:secret@example.org seed=1", "tracking.uri=https://ann:***@example.org seed=1"),
        ("https://example.org:5000/a@b", "https://example.org:5000/a@b"),
        ("sqlite:////tmp/a:b@c/mlflow.db", "sqlite:////tmp/a:b@c/mlflow.db"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert redacted(address) == shown


def test_the_configured_place_goes_before_the_environment_and_that_before_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert place_of(None, tmp_path) == local_uri(tmp_path) == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team")
    assert place_of(None, tmp_path) == "http://team"
    assert place_of("http://mine", tmp_path) == "http://mine"
