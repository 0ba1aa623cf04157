"""Finished runs are found, and a torn one does not hide the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.results.records import records
from tests.runs import write_run


def test_a_run_of_an_older_sciner_is_refused_by_its_folder_unless_newer_ones_were_asked_for(
    tmp_path: Path,
) -> None:
    """Its settings had other names: beside newer runs they would pass for others."""
    old, _ = (
        write_run(tmp_path / name, "seed=0", [{"test/f1/micro": 0.5}]) for name in ("old", "new")
    )
    rounds = old / "rounds.jsonl"
    rounds.write_text(rounds.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(InputError, match=r"old: a run of an older sciner.*run it again") as caught:
        records([tmp_path])
    assert "\n" not in str(caught.value)
    assert [run.about["id"] for run in records([tmp_path], ids=["new"])] == ["new"]


def line(round: int | str, score: str = "0.5", more: str = "") -> bytes:
    """Of ``rounds.jsonl``, as JSON."""
    scores = f'{{"test/f1/micro": {score}}}'
    return f'{{"version": 2, "round": {round}, "scores": {scores}, "losses": []{more}}}\n'.encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{"),
        ("run.json", b""),
        ("run.json", b"\xff"),
        ("run.json", b"null"),
        ("run.json", b'{"id": "b", "status": "FINISHED"}'),
        ("rounds.jsonl", b"{"),
        ("rounds.jsonl", None),
        ("rounds.jsonl", b""),
        ("rounds.jsonl", b"null\n"),
        ("config.yaml", None),
        ("config.yaml", b""),
        ("config.yaml", b"- a"),
        ("config.yaml", b"seed: {"),
        ("config.yaml", bytes(9)),
        ("config.yaml", b"[" * 100_000),
        ("config.yaml", b"a: &a [x, x]\nb: &b [" + b"*a, " * 11 + b"]"),
        ("run.json", b"[" * 100_000),
        ("rounds.jsonl", b"[" * 100_000),
        ("rounds.jsonl", line(0) + line(1, "NaN")),
        ("rounds.jsonl", line(0) + line(1, "1e999")),
        ("rounds.jsonl", line(0) + line(1, '"0.5"')),
        ("rounds.jsonl", line(0) + line(1) + line(1)),
        ("rounds.jsonl", line(0) + line(2)),
        ("rounds.jsonl", line('"0"')),
        ("rounds.jsonl", line(0, more=', "counts": {"test": [["x", 1, 1]]}')),
    ],
)
def test_a_torn_run_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes | None
) -> None:
    for run in "abc":
        write_run(tmp_path / run, "seed=0", [{"test/f1/micro": 0.5}])
    torn = tmp_path / "b" / name
    torn.unlink() if content is None else torn.write_bytes(content)
    assert [record.about["id"] for record in records([tmp_path])] == ["a", "c"]
    (told,) = caplog.messages
    assert told.startswith(f"{torn}: this is not the record of a run (") and told.endswith(
        "the run is left out"
    )
    with pytest.raises(InputError, match="no finished run b was found"):
        records([tmp_path], ids=["b"])
