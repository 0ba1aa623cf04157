"""`sciner review` prints where the page is, then what was saved and what to type next."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from sciner.cli.main import app
from sciner.errors import InputError
from sciner.review.server import ReviewServer
from tests.reviews import SENTENCES, silver_run, waiting_run


def decide(server: ReviewServer) -> None:
    """What a person does before Ctrl-C."""
    row = {"id": "d#0", "tokens": list(SENTENCES[0].tokens), "spans": [], "seconds": 9}
    server.decisions.save({**row, "done": True, "revision": 0})
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("make", "what", "following"),
    [
        (waiting_run, "batch of round 1", "sciner loop continue run --labels {}"),
        (silver_run, "silver of round 1", "sciner data convert {} reviewed.jsonl --format jsonl"),
    ],
)
def test_what_is_printed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make: object,
    what: str,
    following: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    assert callable(make)
    make(Path("run"))
    monkeypatch.setattr(ReviewServer, "serve_forever", decide)
    app(["review", "run", "--annotator", "anna"], standalone_mode=False)
    first, address, blank, *last = capsys.readouterr().out.splitlines()
    assert first == f"{what}: 0 of 3 sentences are done" and blank == ""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,} \(Ctrl-C ends it\)", address)
    file = "run/review/round_1/anna.json"
    assert last == ["1 of 3 sentences are done", f"saved: {file}; next: {following.format(file)}"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "'nowhere' is not the folder of a run"),
        (["run", "--round", "5"], "there is no round 5"),
        (["run", "--annotator", "../x"], "cannot be the name of a file"),
    ],
)
def test_what_cannot_be_reviewed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    silver_run(Path("run"))
    with pytest.raises(InputError, match=told):
        app(["review", *words], standalone_mode=False)
    assert not Path("run/review").exists()


@pytest.mark.parametrize("error", [KeyError("uid not found: 10001"), OSError("No username set")])
def test_a_user_without_a_name_must_give_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def nameless() -> str:
        raise error

    silver_run(tmp_path)
    monkeypatch.setattr("getpass.getuser", nameless)
    with pytest.raises(InputError, match="this user has no name; give --annotator NAME"):
        app(["review", str(tmp_path)], standalone_mode=False)
