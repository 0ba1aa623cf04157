"""What the page of a large sweep costs: seconds, memory, bytes.

    SCINER_MIRROR=… python -m experiments.report_size.measure [RUNS]

RUNS: the folder of the sweep, run into it where it does not exist; default: a folder that goes
when this ends. Nothing else should run on the machine while pages are rendered.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from experiments.speed.measure import machine

HERE = Path(__file__).parent
AXES = {
    # the largest test set last: its sentences are on the page
    "data": ("scierc", "cmu_sciner", "matsci", "bc5cdr"),
    "data.seed_size": ("5%", "10%", "20%", "40%"),
    "threshold": ("accept_all", "fixed", "accept_none"),
    "seed": (0, 1),
}
SAME = ["model=gazetteer", "iteration.rounds=2"]
FEW = 50  # of the runs, for the limit on the page's size
TURNS = 3


def main() -> None:
    with TemporaryDirectory() as scratch:
        runs = Path(sys.argv[1] if len(sys.argv) > 1 else f"{scratch}/runs")
        if not runs.exists():
            sweep(runs)
        every = sorted(
            (file.parent for file in runs.rglob("run.json")), key=lambda place: int(place.name)
        )
        figures = {
            "machine": machine() | {"matplotlib": version("matplotlib")},
            "words": words(),
            "sweeps": [measured(places, Path(scratch)) for places in (every, every[-FEW:])],
        }
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def words() -> list[str]:
    return [*(f"{key}={','.join(map(str, values))}" for key, values in AXES.items()), *SAME]


def sweep(runs: Path) -> None:
    command = [
        "-m",
        "sciner",
        "run",
        "-m",
        *words(),
        "tracking=none",
        f"hydra.sweep.dir={runs.resolve()}",
    ]
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)


def measured(places: list[Path], scratch: Path) -> dict[str, Any]:
    """The command as a user gives it, in a process of its own, ``TURNS`` times."""
    seconds, peaks = [], list[int]()
    out = scratch / f"report{len(places)}"
    for _ in range(TURNS):
        began = time.perf_counter()
        command = [sys.executable, "-m", "sciner", "report", *map(str, places), "-o", str(out)]
        rendering, peak = subprocess.Popen(command, stdout=subprocess.DEVNULL), 0
        while rendering.poll() is None:
            peak = max(peak, memory(rendering.pid))
            time.sleep(0.2)
        if rendering.returncode:
            sys.exit(f"{' '.join(command[2:4])} failed")
        seconds.append(round(time.perf_counter() - began, 1))
        peaks.append(peak)
        print(f"{len(places)} runs: {seconds[-1]} s, {peaks[-1]} MB", flush=True)
    sizes = {file.relative_to(out).parts[0]: 0 for file in out.rglob("*")}
    for file in (file for file in out.rglob("*") if file.is_file()):
        sizes[file.relative_to(out).parts[0]] += file.stat().st_size
    return {
        "runs": len(places),
        "seconds": seconds,
        "peak_mb": peaks,
        "bytes": dict(sorted(sizes.items())),
    }


def memory(pid: int) -> int:
    """MB that the process and its children hold on Linux, what they share counted once; 0 when it
    is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return 0
    held = next(
        (int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0
    )
    return held // 1024 + sum(memory(int(child)) for child in children)


if __name__ == "__main__":
    main()
