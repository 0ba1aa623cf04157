"""A tracker's file is whole from the moment it exists, and is that file whatever its folder is
called."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.tracking import database
from sciner.tracking.database import file_of, local_uri, prepare_file, uri_of
from sciner.tracking.download import download
from sciner.tracking.mlflow import MlflowTracker, prepare


def mode(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        (found,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(found)


@pytest.mark.parametrize(
    "name", ["feature%2Fx", "a%20b", "a?b", "a#b", "a b", "Müller", "it's", "a&b=c"]
)
def test_the_database_of_a_folder_lies_in_that_folder(
    name: str, tmp_path: Path, empty_database: Path
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(empty_database, folder / "mlflow.db")
    uri = local_uri(folder)
    assert file_of(uri) == folder / "mlflow.db"
    tracker = MlflowTracker(uri, "here")
    tracker.start("run", {"seed": "0"}, {"sciner.run": "r"})
    for file in ("config.yaml", "rounds.jsonl", "run.json"):
        (tmp_path / file).write_text("{}")
        tracker.artifact(tmp_path / file)
    tracker.finish("FINISHED")
    download(uri, "here", tmp_path / "back")
    assert [p.name for p in tmp_path.glob("back/*/run.json")] == ["run.json"]
    assert {p.name for p in tmp_path.iterdir()} == {
        name,
        "back",
        "config.yaml",
        "rounds.jsonl",
        "run.json",
    }
    assert (folder / "mlruns").is_dir()


def test_readers_and_writers_overlap_whoever_made_the_database(
    tmp_path: Path, empty_database: Path
) -> None:
    file = tmp_path / "mlflow.db"
    shutil.copy(empty_database, file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    prepare_file(file)
    assert mode(file) == "wal"


def test_what_a_killed_process_left_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path
) -> None:
    def half(file: Path) -> None:
        (file.parent / f".{file.name}.new").write_bytes(b"SQLite format 3\0 and no more")
        (file.parent / f".{file.name}.new-journal").write_bytes(b"half")
        raise KeyboardInterrupt

    file = tmp_path / "mlflow.db"
    with monkeypatch.context() as patched:
        patched.setattr(database, "build", half)
        with pytest.raises(KeyboardInterrupt):
            prepare_file(file)
    assert not file.exists()
    prepare_file(file)
    assert prepare(uri_of(file), "Default") == "0" and mode(file) == "wal"
    assert not list(tmp_path.glob(".mlflow*"))


def test_what_is_no_database_of_mlflows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("seed,f1\n0,0.5\n")
    with pytest.raises(InputError, match="not a SQLite database"):
        prepare_file(file)
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE runs (run_uuid VARCHAR)")
    with pytest.raises(
        InputError, match=r"not a database of MLflow, or an incomplete one; move the file away"
    ):
        prepare_file(file)
    assert not list(tmp_path.glob("*.lock"))
