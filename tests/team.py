"""A team's tracker for the length of a test: an MLflow server on PostgreSQL, both on loopback."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.postgres import PASSWORD, server

COMPOSE = Path(__file__).parents[1] / "compose.yaml"
START = 300  # seconds that the server may need, beside other work
ADMIN = "Zu4s-mB8d-kP3t"  # the password of the user admin
VALUES = {
    **{"DATABASE_PASSWORD": PASSWORD, "ADMIN_PASSWORD": ADMIN, "SECRET_KEY": "any text"},
    **{"TRACKER_HOSTS": "", "TRACKER_ADDRESS": "127.0.0.1"},
}


@dataclass
class TeamTracker:
    """What compose.yaml starts, without Docker.

    database: its URL, without the password. folder: of artefacts, log and settings.
    """

    database: str
    folder: Path
    port: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def uri_with_password(self) -> str:
        return f"http://admin:{ADMIN}@127.0.0.1:{self.port}"

    def start(self) -> None:
        text = COMPOSE.read_text(encoding="utf-8")
        text = re.sub(r"\$\{(\w+):[^}]*\}", lambda found: VALUES[found[1]], text)
        text = text.replace("postgresql+psycopg://mlflow@database/mlflow", self.database)
        told = yaml.safe_load(text)
        service, (auth, artefacts) = told["services"]["tracker"], self.places
        auth.write_text(told["configs"]["auth"]["content"], encoding="utf-8")
        mine = {"HOME": self.folder, "MLFLOW_HOST": "127.0.0.1", "MLFLOW_PORT": self.port}
        mine |= {"MLFLOW_AUTH_CONFIG_PATH": auth, "MLFLOW_ARTIFACTS_DESTINATION": artefacts}
        mine |= {"MLFLOW_SERVER_ALLOWED_HOSTS": f"127.0.0.1:{self.port}"}
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *service["command"]],
                cwd=self.folder,
                env=os.environ | {k: str(v) for k, v in (service["environment"] | mine).items()},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.running.append(process)
        end = time.monotonic() + START
        while not self.answers():
            assert process.poll() is None and time.monotonic() < end, self.log.read_text("utf-8")
            time.sleep(0.2)

    @property
    def places(self) -> tuple[Path, Path]:
        """The settings of its users, and its artefacts."""
        return self.folder / "auth.ini", self.folder / "artefacts"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def answers(self) -> bool:
        with suppress(OSError), urlopen(f"{self.uri}/health", timeout=5):
            return True
        return False

    def kill(self) -> None:
        """It has no time to say goodbye."""
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says, whatever the server would."""
        from sqlalchemy import create_engine, make_url, text

        engine = create_engine(make_url(self.database).set(password=PASSWORD))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found


@contextmanager
def team_tracker() -> Iterator[TeamTracker]:
    """Skips the test where there is no PostgreSQL."""
    pytest.importorskip("flask_wtf")
    with server() as database:
        folder = Path(tempfile.mkdtemp(prefix="team"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        team = TeamTracker(database, folder, port)
        try:
            team.start()
            yield team
        finally:
            team.kill()
            shutil.rmtree(folder)


@dataclass(frozen=True)
class Load:
    """Several writers at once, each of which logs runs as `sciner run` does."""

    writers: int = 8
    runs: int = 50  # of each writer
    rounds: int = 10
    metrics: int = 60  # of each round

    def value(self, writer: int, run: int, number: int, metric: int) -> float:
        """Each figure is another whole number."""
        return float(((writer * self.runs + run) * self.rounds + number) * self.metrics + metric)

    @property
    def figures(self) -> int:
        return self.writers * self.runs * self.rounds * self.metrics


def write(load: Load, uri: str, writer: int) -> dict[str, list[float]]:
    """What one writer logs, and how many milliseconds each round and each whole run took."""
    from sciner.tracking.mlflow import MlflowTracker

    took: dict[str, list[float]] = {"round": [], "run": []}
    for run in range(load.runs):
        tracker, began = MlflowTracker(uri, "sciner"), time.perf_counter()
        params = {f"group.key_{n}": str(n) for n in range(100)}
        tracker.start(f"writer {writer}", params, {"sciner.run": f"{writer}x{run}"})
        for number in range(load.rounds):
            scores = {f"m/{m}": load.value(writer, run, number, m) for m in range(load.metrics)}
            at = time.perf_counter()
            tracker.log_round(number, scores, ())
            took["round"].append(1000 * (time.perf_counter() - at))
        tracker.finish("FINISHED")
        took["run"].append(1000 * (time.perf_counter() - began))
    return took


def measure(team: TeamTracker, load: Load) -> dict[str, Any]:
    """Let all writers log at once. Returns figures; the database says what has arrived."""
    from sciner.tracking.mlflow import prepare

    uri = team.uri_with_password
    prepare(uri, "sciner")
    began = time.monotonic()
    with ProcessPoolExecutor(load.writers, mp_context=get_context("spawn")) as pool:
        told = list(pool.map(partial(write, load, uri), range(load.writers)))
    return {
        "writers": load.writers,
        "runs": load.writers * load.runs,
        "rounds": load.rounds,
        "metrics": load.metrics,
        "seconds": time.monotonic() - began,
        **milliseconds([ms for one in told for ms in one["round"]]),
        "run_ms": statistics.median([ms for one in told for ms in one["run"]]),
        **arrived(team),
    }


def milliseconds(rounds: list[float]) -> Mapping[str, float]:
    cuts = statistics.quantiles(rounds, n=20)
    return {"round_ms": cuts[9], "round_ms_95": cuts[18], "round_ms_most": max(rounds)}


def arrived(team: TeamTracker) -> dict[str, int]:
    """Runs that have ended, figures, different figures and their sum, as PostgreSQL counts them."""
    ((ended,),) = team.ask("SELECT count(*) FROM runs WHERE status = 'FINISHED'")
    counted = "count(*), count(DISTINCT value), sum(value)"
    ((figures, different, total),) = team.ask(f"SELECT {counted} FROM metrics")
    return {"ended": ended, "figures": figures, "different": different, "sum": int(total)}
