"""Where studies are stored: a file of this project, or a database that machines share.

Workers that have died are noticed by a lock beside a file, which ends with their process, and on a
server by the heartbeats of their trials.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sciner.errors import InputError
from sciner.redact import redacted
from sciner.store.locks import PATIENCE, held

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

HEARTBEAT = 20  # seconds between two signs of life of a trial
GRACE = 60  # seconds without one after which its worker counts as dead
RETRIES = 5  # of a trial whose worker died: it may be what kills them
ADVISORY = int.from_bytes(b"sciner")  # the number of our lock in a PostgreSQL database
POLL = 0.05  # seconds between two tries to take it


def place_of(storage: str, project: Path) -> str:
    """A URL as it is, or the absolute path of a journal or SQLite file: jobs may run elsewhere."""
    if storage.startswith("sqlite:///"):
        return f"sqlite:///{(project / storage.removeprefix('sqlite:///')).resolve()}"
    return storage if "://" in storage else str((project / storage).resolve())


def file_of(place: str) -> Path | None:
    """The journal or SQLite file; None for a server."""
    file = place.removeprefix("sqlite:///")
    return None if "://" in file else Path(file)


def storage_of(place: str) -> BaseStorage:
    """Open a storage.

    Raises:
        InputError: it cannot be opened.
    """
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    with explained(place):
        if (file := file_of(place)) is None:
            return RDBStorage(
                place,
                engine_kwargs={"pool_pre_ping": True},  # the server may have been restarted
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=run_again,
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        if place.startswith("sqlite:"):
            return RDBStorage(place)
        return JournalStorage(JournalFileBackend(place))


def run_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial whose worker has died; the store knows its steps."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    log.info("trial %d was abandoned: it is run again", trial.number)
    RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)(study, trial)


@contextmanager
def alone(place: str, project: Path) -> Iterator[None]:
    """Keep other workers from creating a study there, or from asking it for trials.

    Those on other machines too, if it is on PostgreSQL or in a folder that they share.

    Args:
        place: of the studies.
        project: the folder that has the lock for servers that we cannot ask for one.

    Raises:
        InputError: the server cannot be used.
    """
    if not place.startswith("postgresql"):
        file = file_of(place)
        with held(Path(f"{file}.begin.lock") if file else project / ".sciner/search/begin.lock"):
            yield
        return
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with explained(place):
        connection = create_engine(place, poolclass=NullPool).connect()
    with connection:  # the lock ends with it
        with explained(place):
            lock(connection)
        yield


def lock(connection: Connection) -> None:
    """Take our lock in a PostgreSQL database, and say so if that takes long."""
    from sqlalchemy import text

    ask = text("SELECT pg_try_advisory_lock(:number)"), {"number": ADVISORY}
    mention = time.monotonic() + PATIENCE
    while not connection.execute(*ask).scalar():
        if time.monotonic() > mention:
            mention = math.inf
            log.info("waiting for another worker to let go of the studies; has one been stopped?")
        time.sleep(POLL)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Raise InputError in one line for whatever a database's driver raises."""
    try:
        yield
    except ImportError:
        hint = (
            "pip install 'sciner[postgresql]'"
            if place.startswith("postgresql")
            else "install the one its documentation names"
        )
        raise InputError(
            f"{redacted(place)}: the database's driver is not installed", hint=hint
        ) from None
    except Exception as error:  # the driver's own, of which each database has others
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{redacted(place)}: {redacted(first)}", hint="give hydra.sweeper.storage=URL or FILE"
        ) from None
