"""The tracker as a file: a SQLite database that is complete as soon as it exists."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sciner.errors import InputError

AWKWARD = frozenset("%?#")  # characters with a special meaning in an address
MAGIC = b"SQLite format 3\0"


def local_uri(folder: Path) -> str:
    """The default database of a project folder; absolute, because jobs may run elsewhere."""
    return uri_of((folder / "mlflow.db").resolve())


def uri_of(file: Path) -> str:
    """The address of a database file; any characters are allowed in its path."""
    if AWKWARD.isdisjoint(str(file)):
        return f"sqlite:///{file}"
    from sqlalchemy import URL

    # with its driver: for a plain sqlite:/// MLflow would create a folder with the quoted path
    return URL.create("sqlite+pysqlite", database=str(file)).render_as_string()


def file_of(uri: str) -> Path | None:
    """The file of a SQLite address; None for any other address.

    Raises:
        InputError: the address names no file.
    """
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
            f"tracking.uri={uri} has no file",
            hint="give sqlite:///FILE, with four slashes for an absolute path",
        )
    return Path(name)


def prepare_file(file: Path) -> None:
    """Create the database if necessary, and let readers and writers work at the same time (WAL).

    It is built beside its place and renamed when it is complete, so a killed process leaves no
    partial database. A lock prevents two processes from running MLflow's migrations at once.

    Raises:
        InputError: the file is not a database of MLflow.
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
            # the mode is permanent; this fails while other processes use the database
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode=WAL")


def build(file: Path) -> None:
    """Create MLflow's tables in a new file, and rename it to ``file``."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    unfinished = file.with_name(f".{file.name}.new")
    for left in file.parent.glob(f"{unfinished.name}*"):  # by a process that was killed
        left.unlink()
    store = SqlAlchemyStore(uri_of(unfinished), (file.parent / "mlruns").resolve().as_uri())
    store.engine.dispose()  # closes it
    unfinished.replace(file)


def refuse_other(file: Path) -> None:
    """Raise InputError for a file that is not a database of MLflow."""
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
            "not a SQLite database",
            file=file,
            hint="give another file: tracking.uri=sqlite:///FILE",
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
        except sqlite3.OperationalError:  # locked: the process that holds it has checked it
            return
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the tracker's database is damaged ({error})", file=file, hint=MOVE
            ) from None
    if tables and not (known and {"experiments", "runs"} <= tables):
        raise InputError("not a database of MLflow, or an incomplete one", file=file, hint=MOVE)


MOVE = "move the file away; `sciner track replay` rebuilds it from the store"
