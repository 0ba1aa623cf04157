from __future__ import annotations

from pathlib import Path

import pytest

from sciner.errors import InputError
from sciner.results.records import records
from tests.runs import write_run


def test_a_run_of_an_older_sciner_is_refused_by_its_folder_unless_newer_ones_were_asked_for(tmp_path: Path) -> None:
    """Its settings had other names: beside newer runs they would pass for others."""
    old, _ = (write_run(tmp_path / name, "seed=0", [{"test/f1/micro": 0.5}]) for name in ("old", "new"))
    rounds = old / "rounds.jsonl"
    rounds.write_text(rounds.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(InputError, match=r"old: a run of an older sciner.*run it again") as caught:
        records([tmp_path])
    assert "\n" not in str(caught.value)
    assert [run.about["id"] for run in records([tmp_path], ids=["new"])] == ["new"]
