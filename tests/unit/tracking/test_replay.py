"""A replayed run is logged as it was."""

from __future__ import annotations

from pathlib import Path

from sciner.results.records import records
from sciner.tracking.replay import tell
from sciner.tracking.tracker import NoTracker
from tests.runs import write_run


class Recording(NoTracker):
    def __init__(self) -> None:
        self.folders: list[str | None] = []

    def artifact(self, path: Path, folder: str | None = None) -> None:
        if folder:
            self.folders.append(folder)


def test_the_model_of_a_later_run_in_the_same_folder_is_not_logged(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", "seed=0", [{"test/f1/micro": 0.5}])
    (folder / "model").mkdir()
    (run,) = records([folder])
    run.about["tags"]["sciner.directory"] = str(folder)
    tell(run, tracker := Recording())
    assert tracker.folders == ["model"]
    about = (folder / "run.json").read_text()
    (folder / "run.json").write_text(about.replace('"id": "a"', '"id": "later"'))
    tell(run, tracker := Recording())
    assert tracker.folders == []
