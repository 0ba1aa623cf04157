"""`sciner store`, as its words are typed."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sciner.cli import main as cli
from sciner.loop.iteration import Iteration
from sciner.store.disk import DiskStore
from tests.specs.test_store import turn
from tests.unit.store.test_maintenance import SURE, SURER, ended, folder_of, write


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiskStore:
    """A project folder with the runs a and b, and their store."""
    monkeypatch.chdir(tmp_path)
    store = DiskStore(tmp_path / ".sciner" / "store")
    for name, threshold in (("a", SURE), ("b", SURER)):
        folder_of(
            tmp_path / name, turn(store, threshold, Iteration(1)), threshold=threshold.identity()
        )
    return store


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Words of a command line as (exit code, standard output in one line, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sciner", "store", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), " ".join(out.split()), err

    return run


def test_stats_counts_by_step(say: Any, store: DiskStore) -> None:
    found = json.loads(say("stats", "--json")[1])
    assert found["steps"]["fit"]["entries"] == 3 and found["total"]["entries"] == len(
        store.listed()
    )
    write(store.root / "tmp" / "fit-v1-dead" / "half", "x")
    code, out, _ = say("stats")
    assert code == 0 and "fit 3" in out and "1 left incomplete by dead processes: 1 B" in out


def test_show_takes_the_beginning_of_a_key(say: Any, store: DiskStore) -> None:
    key = next(key for key in store.listed() if key.startswith("evaluate"))
    code, out, _ = say("show", key[:20])
    assert code == 0 and key in out
    assert all(
        words in out
        for words in (
            "scores.json",
            "computed from predictions: predict-v4-",
            "fit: fit-v2-",
            "f1/micro",
        )
    )
    assert json.loads(say("show", key, "--json")[1])["origins"][0]["name"] == "predictions"


def test_diff_names_round_step_and_inputs(say: Any, store: DiskStore) -> None:
    code, out, _ = say("diff", "a", "b")
    assert code == 0 and "round 1, select: the first difference" in out
    # of the step, behind the training set, in config.yaml
    assert out.count("threshold.min_confidence 0.5 0.9") == 3
    assert "examples (the training set)" in out
    assert "the same computation: all 19 steps" in say("diff", "a", "a")[1]
    assert (
        json.loads(say("diff", "a", "b", "--json")[1])["partings"][0]["cause"]["inputs"][0]["a"]
        == 0.5
    )


def test_diff_says_what_it_can_without_a_store_or_an_entry(say: Any, store: DiskStore) -> None:
    for key in store.listed():
        store.discard(key)
    out = say("diff", "a", "b")[1]
    assert (
        "the store has no entry of A's and B's" in out and "threshold.min_confidence 0.5 0.9" in out
    )
    store.root.rename(store.root.with_name("elsewhere"))
    assert "give --dir to see which inputs differ" in say("diff", "a", "b")[1]


def test_diff_says_when_what_differs_did_not_reach_a_training_set(
    say: Any, store: DiskStore, tmp_path: Path
) -> None:
    from sciner.policy.threshold.accept import Threshold
    from sciner.policy.threshold.constant import Fixed

    for name, bar in (("c", 0.0), ("d", 0.001)):
        folder_of(tmp_path / name, turn(store, Threshold(Fixed(bar)), Iteration(1)))
    assert "the difference changed no training set" in say("diff", "c", "d")[1]


def test_prune_says_what_it_removed_or_would_remove(say: Any, store: DiskStore) -> None:
    ended(store)
    before = store.listed()
    _, out, _ = say("prune", "--max-size", "0", "--dry-run")
    assert (
        f"{len(before)} entries; 1 dead leases" in out
        and "would be removed" in out
        and store.listed() == before
    )
    code, out, _ = say("prune", "--max-size", "0")
    assert code == 0 and " 0 B left in entries" in out and store.listed() == []
    assert json.loads(say("prune", "--max-size", "0", "--json")[1])["removed"] == []


def test_verify_ends_with_1_if_anything_was_damaged(say: Any, store: DiskStore) -> None:
    assert say("verify")[0] == 0
    key = next(key for key in store.listed() if key.startswith("fit"))
    write(store.entry(key) / "report.json", "{}")
    code, out, _ = say("verify")
    assert code == 1 and "report.json has 2 bytes instead of" in out and "1 damaged" in out
    assert "1 set aside: runs compute them again" in out
    assert json.loads(say("verify", "--json")[1])["damaged"] == {}


def test_verify_tells_what_it_could_not_set_aside(
    say: Any, store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = next(key for key in store.listed() if key.startswith("fit"))
    write(store.entry(key) / "report.json", "{}")

    def refuse(path: Path, *rest: Any, **more: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    code, out, err = say("verify")
    assert (
        code == 1
        and "1 damaged 1 could not be set aside (Read-only file system)" in out
        and err == ""
    )


def test_a_store_that_may_not_be_read_is_one_line(
    say: Any, store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    for words in (("stats",), ("verify",), ("show", "fit"), ("prune", "--max-size", "0")):
        code, out, err = say(*words)
        assert (code, out, err.count("\n")) == (
            2,
            "",
            1,
        ) and "cannot be read (Permission denied)" in err


def test_bad_words_are_one_line_and_exit_code_2(
    say: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, fault in (
        (("stats",), ".sciner/store: there is no store; give --dir"),
        (("verify", "--dir", "nowhere"), "nowhere: there is no store"),
        (("diff", "a", "b"), "a: no rounds.jsonl; give the folder of a run"),
        (("diff", "a", "b", "--dir", "nowhere"), "nowhere: there is no store"),
    ):
        code, out, err = say(*words)
        assert (code, out, err.count("\n")) == (2, "", 1) and fault in err
    (tmp_path / ".sciner" / "store" / "steps").mkdir(parents=True)
    assert (
        "--max-size 20: this is no size; write a number and its unit"
        in say("prune", "--max-size", "20")[2]
    )
    assert "no entry begins with 'fit-'" in say("show", "fit-")[2]
