"""A place that cannot be read, written or listened at is one line and exit code 2; no corpus steers
a terminal."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sciner.cli.main import app, main
from sciner.errors import InputError

RUN = [
    "run",
    "model=gazetteer",
    "data.limit=20",
    "iteration=supervised",
    "tracking=none",
    "store=none",
]
Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """The exit code of a command, and what it says."""

    def said(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["sciner", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return said


@pytest.mark.parametrize(
    "words", [["hydra.run.dir=file/run"], ["-m", "seed=0,1", "hydra.sweep.dir=file/sweep"]]
)
def test_an_output_folder_that_cannot_be_made_is_one_line(
    words: list[str], project: Path, say: Say
) -> None:
    """Of a run and of a sweep, which Hydra would end with half a traceback."""
    (project / "file").touch()
    code, text = say(*RUN, *words)
    assert code == 2 and text.count("\n") == 1 and "file/" in text and "Not a directory" in text


def test_whatever_a_report_cannot_write_is_one_line(project: Path, say: Say) -> None:
    (project / "file").touch()
    assert say(*RUN, "hydra.run.dir=run")[0] == 0
    for words in (
        ["report", "export", "run", "-o", "file/x.csv"],
        ["report", "run", "-o", "file/x"],
    ):
        code, text = say(*words)
        assert code == 2 and text.count("\n") == 1 and "file" in text
    assert (project / "file").read_bytes() == b""


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a/spans.jsonl"),
            "a/spans.jsonl: No space left on device",
        ),
        (OSError(errno.ENOSPC, "No space left", "from", None, "to"), "to: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "x: Permission denied"),
        (InputError("a label \x1b[31mred"), "a label \ufffd[31mred"),
    ],
)
def test_what_the_system_refuses_a_command_is_one_line(
    error: Exception, shown: str, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy names the file that it could not write."""

    def refuse(**how: object) -> None:
        raise error

    monkeypatch.setattr("sciner.cli.main.app", refuse)
    assert say("annotate") == (2, f"sciner: {shown}\n")


def test_a_port_that_is_taken_is_said_before_anything_starts(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(
            InputError, match=rf"port {port} cannot be used .*; give another --port"
        ):
            app(["ui", "--port", port], standalone_mode=False)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("sqlite:///none.db", r"none\.db: there is no such database"),
        ("sqllite:///x.db", "did you mean 'sqlite'"),
        ("http://127.0.0.1:1", "no server answers .*refused"),
    ],
)
def test_the_ui_of_no_tracker_is_refused_before_anything_starts(
    project: Path, uri: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        app(["ui", "--uri", uri, "--port", "5097"], standalone_mode=False)
    assert not (project / "none.db").exists()


def test_the_home_of_nobody_is_refused(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCINER_DATA", "~nosuchuser/x")
    assert say("data", "list") == (
        2,
        "sciner: ~nosuchuser/x: no such home folder; set SCINER_DATA to a folder\n",
    )


def test_control_characters_of_a_corpus_do_not_reach_the_terminal(project: Path, say: Say) -> None:
    text = "\x1b[31mred B-Ta\x1b[2Jsk\nx B-Other\n\n\x1b[31mred B-Other\nx O\n"
    (project / "odd.conll").write_text(text, encoding="utf-8")
    words = [
        "data=files",
        "data.train=odd.conll",
        "data.test=odd.conll",
        "data.seed_size=100%",
        "hydra.run.dir=odd",
    ]
    run = [word for word in RUN if not word.startswith("data")]
    for command in (["data", "stats", "odd.conll"], [*run, *words]):
        code, shown = say(*command)
        assert code == 0 and "\x1b" not in shown and "Ta\ufffd[2Jsk" in shown


def test_a_class_with_a_nul_is_no_class_for_a_crf(project: Path, say: Say) -> None:
    pytest.importorskip("pycrfsuite")
    (project / "odd.conll").write_text(
        "We O\nuse O\nx B-Ta\0sk\n\nyes O\nx B-Ta\0sk\n", encoding="utf-8"
    )
    words = ["data=files", "data.train=odd.conll", "data.test=odd.conll", "data.seed_size=100%"]
    code, text = say(
        "run", "model=crf", "iteration=supervised", "tracking=none", "store=none", *words
    )
    assert (
        code == 2
        and text
        == "sciner: the class 'Ta\\x00sk' holds a NUL: model=crf cannot have it; rename the class\n"
    )
