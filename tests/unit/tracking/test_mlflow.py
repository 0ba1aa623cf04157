from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sciner.redact import redacted
from sciner.tracking.mlflow import Guarded, local_uri, place_of


class Brittle:
    """Records what it is told until it breaks."""

    def __init__(self, breaks_at: int) -> None:
        self.told: list[str] = []
        self.breaks_at = breaks_at

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any) -> None:
            self.told.append(name)
            if len(self.told) == self.breaks_at:
                raise ConnectionError("gone\nfor good")

        return call


def test_a_broken_tracker_is_never_spoken_to_again(caplog: pytest.LogCaptureFixture) -> None:
    brittle = Brittle(breaks_at=2)
    guarded = Guarded(brittle)
    guarded.start("run", {}, {})
    assert guarded.lost is None
    guarded.scores({}, 0)
    guarded.finish("FINISHED")
    assert brittle.told == ["start", "scores"]
    assert guarded.lost == "ConnectionError: gone"
    assert [r.levelname for r in caplog.records] == ["WARNING"]


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
