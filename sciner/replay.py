"""A tracker rebuilt from what runs left behind: the store's records, or run folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.errors import InputError
from sciner.track import MlflowTracker, tracked


@dataclass(frozen=True, slots=True)
class Record:
    """A finished run: its folder, ``run.json`` and the lines of ``rounds.jsonl``."""

    folder: Path
    about: dict[str, Any]
    rounds: list[dict[str, Any]]

    @property
    def sweep(self) -> str | None:
        sweep: str | None = self.about["tags"].get("sciner.sweep")
        return sweep


def records(places: Iterable[Path], sweep: str | None = None) -> list[Record]:
    """The finished runs in and below ``places``, trials that were pruned among them, the oldest first; with ``sweep`` only
    those of that sweep.

    Raises InputError for a place that does not exist, and where there is no such run.
    """
    found: dict[str, Record] = {}
    for place in places:
        if not place.is_dir():
            raise InputError(f"{place} is no folder", mend="give run or sweep folders, or --store DIR")
        found |= {record.about["id"]: record for record in read_records(place)}
    kept = [r for r in found.values() if sweep is None or r.sweep == sweep]
    if not kept:
        sweeps = sorted({r.sweep for r in found.values() if r.sweep})
        known = f"sweeps there: {', '.join(sweeps[-5:])}" if sweeps else "a run is recorded when it has ended"
        raise InputError(f"no finished run{f' of sweep {sweep}' if sweep else ''} was found", mend=known)
    return sorted(kept, key=lambda r: float(r.about["started"]))


def read_records(place: Path) -> Iterator[Record]:
    for file in sorted(place.rglob("run.json")):
        about = json.loads(file.read_text(encoding="utf-8"))
        if about.get("status") in ("FINISHED", "KILLED") and "id" in about:
            lines = (file.parent / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
            yield Record(file.parent, about, [json.loads(line) for line in lines])


def replay(runs: Iterable[Record], uri: str, experiment: str) -> Iterator[tuple[Record, bool]]:
    """Tell the tracker at ``uri`` of each run what the run itself told its own; (run, whether it was new there), as they go.

    Figures, steps, curves, params, tags, times and the small artefacts are the same; a run that stands there already is left.
    """
    known = tracked(uri, experiment)
    for run in runs:
        if fresh := run.about["id"] not in known:
            tell(run, MlflowTracker(uri, experiment, (run.about["started"], run.about["ended"])))
        yield run, fresh


def tell(run: Record, tracker: MlflowTracker) -> None:
    about = run.about
    tracker.start(about["name"], about["params"], about["tags"] | {"sciner.run": about["id"]})
    for row in run.rounds:
        tracker.scores(row["scores"], row["round"])
        tracker.curve(f"train/round_{row['round']}/loss", tuple((step, loss) for step, loss in row["losses"]))
    for name in ("config.yaml", "rounds.jsonl"):
        tracker.artifact(run.folder / name)
    last = Path(about["tags"]["sciner.directory"]) / f"round_{run.rounds[-1]['round']}"
    if last.is_dir():  # the run's own folder may be gone: the store keeps figures, not corpora
        tracker.artifact(last, last.name)
    tracker.tag("sciner.cache", about["cache"])
    if "pruned" in about:
        tracker.tag("sciner.pruned", str(about["pruned"]))
    tracker.finish(about["status"])
