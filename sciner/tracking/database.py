"""The tracker as a file: a SQLite database that is whole from the moment it exists."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sciner.errors import InputError

AWKWARD = frozenset("%?#")  # characters that an address gives a meaning of their own
MAGIC = b"SQLite format 3\0"


def local_uri(folder: Path) -> str:
    """The default database of a project folder; absolute, since jobs of a sweep may run
    elsewhere."""
    return uri_of((folder / "mlflow.db").resolve())


def uri_of(file: Path) -> str:
    """The address of a database file, whatever characters its folders have."""
    if AWKWARD.isdisjoint(str(file)):
        return f"sqlite:///{file}"
    from sqlalchemy import URL

    # with its driver: of a plain sqlite:/// MLflow takes the quoted path for a folder that it has
    # to make
    return URL.create("sqlite+pysqlite", database=str(file)).render_as_string()


def file_of(uri: str) -> Path | None:
    """The file of a SQLite address, None for any other. Raises InputError for one without a
    file."""
    if not uri.startswith(("sqlite:", "sqlite+")):
        return None
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        name = make_url(uri).database
    except ArgumentError:
        name = None
    if not name or name == ":memory:":
        raise InputError(
            f"tracking.uri={uri} names no file",
            hint="give sqlite:///FILE, with four slashes if it is absolute",
        )
    return Path(name)


def prepare_file(file: Path) -> None:
    """Make the database if there is none, and let readers and writers overlap in it (WAL), whoever
    made it.

    It is built beside its place and renamed when it is whole: a process that is killed leaves no
    half of one. Two processes that first touch a new one together would break its migrations, so
    that is behind a lock. Raises InputError for a file that is no database of MLflow's.
    """
    from filelock import FileLock

    refuse_other(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists() or file.stat().st_size == 0:
            build(file)
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(file, timeout=5)) as connection,
        ):
            # stays so; fails where others are at it
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode=WAL")


def build(file: Path) -> None:
    """MLflow's tables in a new file, which then takes the name ``file``."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    unfinished = file.with_name(f".{file.name}.new")
    for left in file.parent.glob(f"{unfinished.name}*"):  # by a process that was killed
        left.unlink()
    store = SqlAlchemyStore(uri_of(unfinished), (file.parent / "mlruns").resolve().as_uri())
    store.engine.dispose()  # closes it
    unfinished.replace(file)


def refuse_other(file: Path) -> None:
    """Raises InputError for what is there and cannot be MLflow's database."""
    try:
        if not file.exists():
            return
        with file.open("rb") as stream:
            first = stream.read(len(MAGIC))
    except OSError as error:
        raise InputError(
            f"the tracker's database cannot be read ({error.strerror})", file=file
        ) from None
    if first not in (b"", MAGIC):
        raise InputError(
            "this is no SQLite database", file=file, hint="give tracking.uri another file"
        )
    with contextlib.closing(sqlite3.connect(file, timeout=5)) as connection:
        try:
            tables = {
                name
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            }
            known = (
                "alembic_version" in tables
                and connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0]
            )
        except sqlite3.OperationalError:  # locked: whoever holds it knows what it is
            return
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the tracker's database is damaged ({error})", file=file, hint=MOVE
            ) from None
    if tables and not (known and {"experiments", "runs"} <= tables):
        raise InputError(
            "this database is not MLflow's, or was never finished", file=file, hint=MOVE
        )


MOVE = "move it away, and `sciner track replay` makes it anew from the store"
