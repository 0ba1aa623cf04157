"""`sciner serve` on loopback under a steady load: what it answers, what it loses, how late."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
import requests

from sciner.text.sample import read_sample

SECONDS = 20
LATE = 1.0  # a rate is borne if all is answered, half of it in less
# requests a second; of a model, the rates rise until one is not borne
RATES = {"crf": (50, 100, 200), "minilm": (5, 10, 20, 40, 80)}
CLIENTS = 256  # more than the server answers at a time: it may refuse


def serve() -> dict[str, Any]:
    """Each model, trained on the sample, at each rate; a request is one sentence."""
    found: dict[str, Any] = {"seconds": SECONDS, "busy": round(os.getloadavg()[0], 2), "models": {}}
    with tempfile.TemporaryDirectory() as scratch:
        for model, rates in RATES.items():
            folder = saved(Path(scratch) / model, model)
            rows = found["models"].setdefault(model, [])
            with served(folder) as address:
                load(address, 5, 2)  # warms up
                for rate in rates:
                    rows.append(load(address, rate, SECONDS))
                    print(model, rows[-1], flush=True)
                    if rows[-1]["refused"] or rows[-1]["lost"] or rows[-1]["median"] > LATE:
                        break
    return found


def saved(folder: Path, model: str) -> Path:
    """The tagger of a run on the sample."""
    words = ["iteration=supervised", "save_model=true", "tracking=none", "store=none"]
    words += [] if model == "crf" else ["model.steps=20"]  # no faster when trained for longer
    command = [sys.executable, "-m", "sciner", "run", f"model={model}", *words]
    command += [f"hydra.run.dir={folder}"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "model"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server in a process of its own, which SIGINT ends."""
    command = [sys.executable, "-m", "sciner", "serve", str(folder), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as server:
        assert server.stdout
        lines = (line for line in server.stdout if "/annotate" in line)
        yield next(word for word in next(lines).split() if word.startswith("http")).rstrip(";")
        server.send_signal(2)


def load(address: str, rate: float, seconds: float) -> dict[str, Any]:
    """Send requests at a rate, whether or not earlier ones are answered, and wait for all answers.

    Args:
        address: of /annotate.
        rate: requests a second.
        seconds: for how long.

    Returns:
        How many were sent, refused (503: try again) and lost (any other answer, or none), and the
        seconds from the moment when each was due to its answer: median, 99th percentile and most.
    """
    texts = [" ".join(s.tokens) for s in read_sample().test]
    thread, count = local(), round(rate * seconds)
    began = time.perf_counter() + 0.1

    def ask(n: int) -> tuple[int, float]:
        session = thread.__dict__.setdefault("session", requests.Session())
        due = began + n / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            body = {"text": texts[n % len(texts)]}
            status = session.post(address, json=body, timeout=60).status_code
        except requests.RequestException:
            status = 0
        return status, time.perf_counter() - due

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(ask, range(count)))
    statuses = Counter(status for status, _ in answers)
    late = np.array([spent for _, spent in answers])
    return {
        "rate": rate,
        "sent": count,
        "refused": statuses[503],
        "lost": count - statuses[200] - statuses[503],
        "median": round(float(np.median(late)), 4),
        "p99": round(float(np.quantile(late, 0.99)), 4),
        "most": round(float(late.max()), 4),
    }
