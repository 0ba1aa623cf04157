"""What becomes of a submitted sweep, by its files and by what Slurm says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from sciner.errors import InputError
from sciner.launch.job import Outcome, note_outcome
from sciner.launch.slurm import queue
from sciner.launch.slurm.record import Point, Record, record_folder
from sciner.launch.slurm.states import cancel, states, wait
from sciner.redact import SECRET


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A sweep of two points that was just submitted."""
    folder = record_folder(tmp_path / "sweep")
    points = {
        n: Point(f"seed={n}", f"7_{n}", "fit", n == 1, str(tmp_path / str(n)), "") for n in (0, 1)
    }
    Record(folder).write("the-id", points)
    return Record(folder)


def status(record: Record, queued: dict[str, str] | None, number: int = 0) -> str:
    return states(record, queued)[number].status


def test_a_point_waits_runs_is_preempted_and_goes_on_until_it_ends(record: Record) -> None:
    assert status(record, {"7_0": "PENDING"}) == "waiting"
    record.note(0, "begins", job="7_0")
    assert status(record, {"7_0": "RUNNING"}) == status(record, None) == "running"
    assert status(record, {"7_0": "PENDING"}) == "preempted"  # its node died
    record.note(0, "stopped", signal="SIGTERM")
    assert status(record, {"7_0": "PENDING"}) == "preempted"
    record.note(0, "begins", job="7_0")
    note_outcome(record.folder, 0, Outcome("seed=0", "", 3, "", 1.0, "", []))
    assert status(record, {}) == "done"  # with the tracker lost


def test_a_point_fails_with_its_reason_and_when_its_job_has_gone_without_a_word(
    record: Record,
) -> None:
    note_outcome(record.folder, 0, Outcome("seed=0", "", 2, "no such file", 1.0, "", []))
    failed, lost = states(record, {})
    assert (failed.status, failed.detail, failed.lost) == ("failed", "no such file", False)
    assert (lost.status, lost.lost) == ("failed", True)
    (record.folder / "cancelled").touch()
    assert status(record, {}, 1) == "cancelled"


def test_a_lost_point_is_given_time_to_say_how_it_ended(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "queued", dict)
    note_outcome(record.folder, 0, Outcome("seed=0", "", 0, "", 1.0, "", []))
    looks: list[float] = []

    def late(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            note_outcome(record.folder, 1, Outcome("seed=1", "", 0, "", 1.0, "", []))

    found = wait(record, Console(file=io.StringIO()), late)
    assert [state.status for state in found] == ["done", "done"] and record.complete
    (record.folder / "1.json").unlink()
    assert [state.status for state in wait(record, Console(file=io.StringIO()), looks.append)] == [
        "done",
        "failed",
    ]


def test_a_line_that_a_dying_node_tore_is_left_out(record: Record) -> None:
    record.note(0, "begins")
    with (record.folder / "0.jsonl").open("a") as stream:
        stream.write('{"event": "sto')
    assert [event["event"] for event in record.events(0)] == ["begins"]


def test_a_sweep_is_found_by_its_folder_and_one_that_is_queued_is_not_overwritten(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = record.folder.parent
    assert Record.find(str(sweep)).id == "the-id"
    with pytest.raises(InputError, match="no submitted sweep"):
        Record.find("other")
    monkeypatch.setattr(queue, "queued", lambda: {"7_1": "PENDING"})
    with pytest.raises(InputError, match="still queued"):
        record_folder(sweep)
    monkeypatch.setattr(queue, "queued", dict)
    assert list(record_folder(sweep).iterdir()) == []


def test_passwords_are_for_their_owner_only(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{SECRET}0", "hunter22")
    record.keep_secrets()
    place = record.folder / "secrets.json"
    assert place.stat().st_mode & 0o777 == 0o600
    assert json.loads(place.read_text()) == {f"{SECRET}0": "hunter22"}
    record.drop_secrets()
    assert not place.exists()


def test_a_sweep_is_not_replaced_while_slurm_is_silent(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "queued", lambda: None)
    with pytest.raises(InputError, match="Slurm does not answer"):
        record_folder(record.folder.parent)
    assert len(record.points) == 2


def test_a_cancelled_point_has_ended_and_no_password_stays(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "queued", dict)
    monkeypatch.setattr(queue, "cancel", lambda jobs: None)
    (record.folder / "secrets.json").write_text("{}")
    cancel(record)
    assert not (record.folder / "secrets.json").exists()
    assert {state.status for state in wait(record, Console(file=io.StringIO()))} == {"cancelled"}
    assert record.complete
    assert status(record, {}) == "cancelled"
    assert record.outcome(0) and record.outcome(0).failed  # type: ignore[union-attr]


def test_a_job_is_queued_again_when_slurm_answers_late(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, {"7_0": "RUNNING"}])
    monkeypatch.setattr(queue, "queued", lambda: next(answers))
    monkeypatch.setattr(queue, "ask", lambda *words: "")
    assert queue.requeue("7_0")
