"""An address that cannot be meant is refused; one where nobody answers costs seconds, once."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.tracking import address
from sciner.tracking.address import NOTES, Unreachable, cause, check, reach


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("htpp://team:5000", "MLflow does not know htpp://; did you mean 'http'?"),
        ("postgres://team/mlflow", "did you mean 'postgresql'?"),
        (
            "./mlruns",
            "MLflow no longer stores runs in plain folders; give a database, "
            "sqlite:///./mlruns/mlflow.db",
        ),
        ("file:///tmp/mlruns", "give a database, sqlite:////tmp/mlruns/mlflow.db"),
        ("http://", "has no host"),
        ("sqlite://", "has no file"),
        ("sqlite:///:memory:", "has no file"),
        ("sqlite:////tmp", "is a folder; give sqlite:////tmp/mlflow.db"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_the_right_one(uri: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        check(uri)
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://team:5000",
        "https://team",
        "sqlite:///runs.db",
        "postgresql+psycopg://db/mlflow",
        "databricks",
        "databricks://me",
    ],
)
def test_what_mlflow_takes_is_taken(uri: str) -> None:
    check(uri)


def test_an_experiment_needs_a_name() -> None:
    with pytest.raises(InputError, match="experiment is empty"):
        check("http://team", " ")
    with pytest.raises(InputError, match="experiment has 251 characters, but MLflow allows 250"):
        check("http://team", "x" * 251)


def test_a_server_that_hangs_costs_seconds_once_and_its_jobs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NOTES, str(tmp_path / "trackers.json"))
    monkeypatch.setattr(address, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="no answer within"):
            reach(uri)
        monkeypatch.setattr(address, "answer", lambda uri: pytest.fail("asked again"))
        with pytest.raises(Unreachable, match="no answer within"):
            reach(uri)
    monkeypatch.setattr(address, "RARELY", 0)
    monkeypatch.setattr(address, "answer", lambda uri: "")  # it is back
    reach(uri)
    assert (tmp_path / "trackers.json").read_text() == "{}"


def test_a_server_that_is_down_and_a_driver_that_is_missing_are_said_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(NOTES, raising=False)
    began = time.monotonic()
    for uri, why in (
        ("http://127.0.0.1:9", "Connection refused"),
        ("mysql+nosuchdriver://127.0.0.1:9/x", "nosuchdriver"),
    ):
        with pytest.raises(Unreachable, match=why):
            reach(uri)
    assert time.monotonic() - began < 5


def test_after_the_sweep_there_is_nobody_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NOTES, str(tmp_path / "gone" / "trackers.json"))
    with pytest.raises(Unreachable, match="Connection refused"):
        reach("http://127.0.0.1:9")


def test_the_cause_of_an_error_is_shown_whole() -> None:
    try:
        try:
            raise OSError("database is locked")
        except OSError as error:
            raise ValueError("(raised as a result of autoflush)\n[SQL: INSERT]") from error
    except ValueError as error:
        assert cause(error) == "ValueError: (raised as a result of autoflush) (database is locked)"
