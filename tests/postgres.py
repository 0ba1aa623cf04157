"""A PostgreSQL server for the length of a test, where its binaries and psycopg are installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "a password"


@contextmanager
def server() -> Iterator[str]:
    """Its URL, without the password: that is in PGPASSWORD. Skips the test where there is none to
    start."""
    pytest.importorskip("psycopg")
    # Debian's
    places = [
        str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    ]
    found = shutil.which("initdb", path=os.pathsep.join([os.environ["PATH"], *places]))
    if found is None:
        pytest.skip("needs PostgreSQL (Debian: postgresql)")
    binaries = Path(found).resolve().parent
    # short, for the socket; pytest's folders are closed to other users
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    asked: dict[str, Any] = {"check": True, "capture_output": True, "cwd": folder}
    if os.geteuid() == 0:  # whom PostgreSQL does not serve
        shutil.chown(folder, "postgres")
        asked |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    make = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "-U",
        "sciner",
        "-A",
        "scram-sha-256",
        "--no-sync",
    ]
    subprocess.run([*make, f"--pwfile={folder / 'password'}"], **asked)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["-h", "127.0.0.1", "-p", str(port), "-k", folder]
    running = subprocess.Popen(
        [binaries / "postgres", "-D", folder / "data", *where],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **{key: asked[key] for key in asked.keys() - {"check", "capture_output"}},
    )
    try:
        while subprocess.run([binaries / "pg_isready", "-q", *where[:4]]).returncode:
            assert running.poll() is None
            time.sleep(0.1)
        yield f"postgresql+psycopg://sciner@127.0.0.1:{port}/postgres"
    finally:
        running.send_signal(signal.SIGINT)  # at SIGTERM it would wait for its clients to go
        running.wait()
        shutil.rmtree(folder)
