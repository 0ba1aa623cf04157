"""A tracker rebuilt from what runs left behind: the store's records, or run folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sciner.results.records import Record
from sciner.tracking.mlflow import MlflowTracker, tracked
from sciner.tracking.tracker import Tracker


def replay(runs: Iterable[Record], uri: str, experiment: str) -> Iterator[tuple[Record, bool]]:
    """Tell the tracker at ``uri`` of each run what the run itself told its own; (run, whether it was new there), as they go.

    Figures, steps, curves, params, tags, times and the small artefacts are the same; a run that stands there already is left.
    """
    known = tracked(uri, experiment)
    for run in runs:
        if fresh := run.about["id"] not in known:
            tell(run, MlflowTracker(uri, experiment, (run.about["started"], run.about["ended"])))
        yield run, fresh


def tell(run: Record, tracker: Tracker) -> None:
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
