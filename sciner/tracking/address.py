"""The address of a tracker: whether it is valid, and whether a server answers."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from sciner.errors import InputError, nearest
from sciner.redact import redacted
from sciner.tracking.database import file_of, local_uri

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
OTHERS = ("databricks", "databricks-uc", "uc")
NAME = 250  # characters of a run's or an experiment's name in a server's database
SECONDS = 5  # timeout of a tracker
RARELY = 300.0  # seconds before a tracker that was down is tried again
NOTES = "SCINER_TRACKERS"  # names the sweep's file of trackers that are down, since when and why


class Unreachable(Exception):
    """No server answers at this address."""


def place_of(uri: str | None, folder: Path) -> str:
    """Where to log: the configured address, MLFLOW_TRACKING_URI, or the folder's database."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or local_uri(folder)


def check(uri: str, experiment: str = "sciner") -> None:
    """Check an address and the name of an experiment, without connecting.

    Raises:
        InputError: the address is invalid, or the name is empty or too long.
    """
    from urllib.parse import urlsplit

    if not experiment.strip():
        raise InputError(
            "tracking.experiment is empty", hint="give a name: tracking.experiment=sciner"
        )
    if len(experiment) > NAME:
        raise InputError(
            f"tracking.experiment has {len(experiment)} characters, but MLflow allows {NAME}",
            hint="give a shorter name",
        )
    scheme = uri.partition(":")[0]
    dialect = scheme.partition("+")[0]
    plugins = (
        set()
        if dialect in (*SERVERS, *DATABASES)
        else {found.name for found in entry_points(group="mlflow.tracking_store")}
    )
    if scheme in plugins or dialect in OTHERS:
        return
    if "://" not in uri or scheme == "file":
        hint = (
            f"give a database, sqlite:///{uri.removeprefix('file://')}/mlflow.db, or a server, "
            "http://HOST:PORT"
        )
        raise InputError(
            f"tracking.uri={redacted(uri)}: MLflow no longer stores runs in plain folders",
            hint=hint,
        )
    if dialect not in (*SERVERS, *DATABASES):
        hint = nearest(dialect, {*SERVERS, *DATABASES, *OTHERS, *plugins})
        raise InputError(
            f"tracking.uri={redacted(uri)}: MLflow does not know {dialect}://", hint=hint
        )
    if dialect in SERVERS and not urlsplit(uri).hostname:
        raise InputError(f"tracking.uri={redacted(uri)} has no host", hint="give http://HOST:PORT")
    if (file := file_of(uri)) and file.is_dir():
        raise InputError(
            f"tracking.uri={uri} is a folder", hint=f"give {uri.rstrip('/')}/mlflow.db"
        )


def reach(uri: str) -> None:
    """Check that a server answers within seconds.

    After a failure, the address is tried again only after some minutes, by one of the jobs of a
    sweep for all of them.

    Raises:
        Unreachable: no server answers.
    """
    since, why = notes().get(redacted(uri), (0.0, ""))
    if not time.time() - since < RARELY:
        why = answer(uri)
        note(uri, why)
    if why:
        raise Unreachable(why)


def answer(uri: str) -> str:
    """Why no server answers at ``uri``; empty if one does, whatever its answer."""
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in SERVERS:
        return ask_server(uri)
    return ask_database(uri) if scheme in DATABASES and scheme != "sqlite" else ""


def ask_server(uri: str) -> str:
    """``answer`` for an HTTP server."""
    import requests

    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=SECONDS, stream=True).close()
    except requests.exceptions.SSLError:  # a server; MLFLOW_TRACKING_INSECURE_TLS may allow it
        return ""
    except requests.Timeout:
        return f"no answer within {SECONDS} s"
    except requests.ConnectionError as error:
        # such as "[Errno 111] Connection refused"; the errors around it repeat the address
        return str(root_of(error))
    except requests.RequestException:
        pass  # a server answers, and MLflow reports what is wrong
    return ""


def ask_database(uri: str) -> str:
    """``answer`` for a database server."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    name = (
        "login_timeout"
        if uri.startswith("mssql+pymssql")
        else "timeout"
        if uri.startswith("mssql")
        else "connect_timeout"
    )
    try:
        with create_engine(uri, poolclass=NullPool, connect_args={name: SECONDS}).connect():
            return ""
    except ModuleNotFoundError as error:
        return f"its driver is not installed: no module named {error.name}"
    except Exception as error:
        return cause(error)


def cause(error: BaseException) -> str:
    """An error in one line, with the error at its root.

    Libraries wrap "database is locked" in sentences of their own.
    """
    if isinstance(error, Unreachable):
        return str(error)
    first, last = (next(iter(str(e).strip().splitlines()), "") for e in (error, root_of(error)))
    told = f"{type(error).__name__}: {first}"
    return redacted(told if not last or last in told else f"{told} ({last})")


def root_of(error: BaseException) -> BaseException:
    """The error that was raised first."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def notes() -> dict[str, Any]:
    """Which trackers were down; empty outside `sciner run`.

    Returns:
        {address without its password: [when, why]}.
    """
    try:
        found: dict[str, Any] = json.loads(Path(os.environ[NOTES]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return {}
    return found


def note(uri: str, why: str) -> None:
    """Tell the other jobs of a sweep that a tracker is down, or that it is up again.

    Args:
        uri: the address.
        why: it is down; empty if it is up.
    """
    shown = redacted(uri)
    if NOTES not in os.environ or (not why and shown not in notes()):
        return
    place = Path(os.environ[NOTES])
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    known = {other: seen for other, seen in notes().items() if other != shown}
    told = json.dumps(known | ({shown: (time.time(), why)} if why else {}))
    with suppress(OSError):  # the sweep has ended and its folder is gone, so nobody reads it
        unfinished.write_text(told, encoding="utf-8")
        unfinished.replace(place)
