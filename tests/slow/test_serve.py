"""`sciner serve` as a process: real sockets, real signals."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from experiments.speed.serve import load
from sciner.config.model import CrfConfig, TrainerConfig
from sciner.run.build import tagger_of
from sciner.run.saved import save_tagger
from sciner.text.corpus import gold_example
from sciner.text.sample import read_sample

pytestmark = pytest.mark.slow
LONG = "We fine-tune BERT on a corpus of abstracts, and evaluate it on GLUE.\n" * 2000


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pycrfsuite", reason="needs python-crfsuite")
    folder, sample = tmp_path_factory.mktemp("served") / "model", read_sample()
    config = CrfConfig(kind="crf", max_iterations=20)
    trainer = TrainerConfig(accelerator="cpu", precision="32-true", threads=1)
    gold = [gold_example(s) for s in sample.train]
    fitted = tagger_of(config, trainer, sample.labels).fit(gold, seed=0)
    save_tagger(fitted, folder, config, sample.labels)
    return folder


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A server, its address and what it has printed."""
    command = [sys.executable, "-m", "sciner", "serve", str(folder), "--port", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as server:
        try:
            assert server.stdout
            printed = ""
            while "Ctrl-C" not in printed:
                line = server.stdout.readline()
                assert line, server.communicate()
                printed += line
            found = re.search(r"POST (http\S+)/annotate", printed)
            assert found
            yield server, found[1], printed
        finally:
            server.kill()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_within_two_seconds(saved: Path, signum: int) -> None:
    """While it predicts, while a request waits, while another is half sent, with an idle client."""
    with running(saved) as (server, address, _), ThreadPoolExecutor() as pool:
        session = requests.Session()
        assert session.get(f"{address}/health").ok
        host, port = address.removeprefix("http://").split(":")
        half = socket.create_connection((host, int(port)))
        half.sendall(b"POST /annotate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
        half.sendall(b"Content-Type: application/json\r\n\r\n{")
        waiting = [
            pool.submit(requests.post, f"{address}/annotate", json={"text": LONG}) for _ in range(2)
        ]
        time.sleep(0.5)  # both are there
        began = time.perf_counter()
        server.send_signal(signum)
        assert server.wait(2) == 0 and time.perf_counter() - began < 2
        for each in waiting:
            with suppress(requests.ConnectionError):
                assert each.result().status_code == 503
        half.close()


def test_no_request_is_lost_at_fifty_a_second(saved: Path) -> None:
    with running(saved) as (_, address, _):
        found = load(f"{address}/annotate", 50, 5)
    assert (found["sent"], found["refused"], found["lost"]) == (250, 0, 0)


def test_the_client_of_a_large_request_is_told_so(saved: Path) -> None:
    with running(saved, "--max-bytes", "1000") as (_, address, _):
        for size in (1001, 50_000_000):
            assert requests.post(f"{address}/annotate", json="x" * size).status_code == 413


def test_another_address_than_localhost_asks_for_the_token_that_is_printed(saved: Path) -> None:
    with running(saved, "--host", "127.0.0.2") as (_, address, printed):
        found = re.search(r"password (\S+)\)", printed)
        assert found and f"{address}/{found[1]}/inception" in printed
        assert requests.get(f"{address}/version").status_code == 401
        assert requests.get(f"{address}/version", auth=("any", found[1])).ok


def test_a_port_in_use_is_one_line(saved: Path) -> None:
    with running(saved) as (_, address, _):
        command = [sys.executable, "-m", "sciner", "serve", str(saved), "--port", address[-5:]]
        second = subprocess.run(command, capture_output=True, text=True)
    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (2, "", 1)
    assert "cannot be used" in second.stderr
