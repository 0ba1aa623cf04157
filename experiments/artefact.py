"""An artefact that is made of runs: its sweep, what of it is not in runs.csv yet, and RESULTS.md.

``conf/experiment/NAME/`` holds the points, a file for each variant of the sweep. The words of a
run say all that these files do, so that they repeat it without them. ``runs.csv`` and
``counts.csv`` grow by one run at a time.
"""

from __future__ import annotations

import importlib
import io
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sciner.config.conf import CONF, NO_RESULT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sciner.launch.points import Bases
    from sciner.report.frames import Counts
    from sciner.results.records import Record

HERE = Path(__file__).parent
ASIDE = {*NO_RESULT, "hydra"}  # groups of words that change no result
ENSEMBLES = "ensemble_counts.csv"  # of rounds with several teachers, as counts.csv
BASES: Bases = {}  # all that Hydra has composed so far
# words whose column has another name, or stands in every frame
COLUMNS = {"data": "corpus", "seed": "seed"}

Settings = tuple[str, int]  # of a run: a digest of what its words resolve to, and its seed


def names() -> list[str]:
    """The artefacts that are made of runs."""
    return sorted(p.parent.name for p in HERE.glob("*/runs.csv"))


def grids_of(name: str) -> dict[str, dict[str, str]]:
    """What an artefact sweeps: {experiment, as ``sciner run experiment=…`` takes it: {word: its
    value, or those of an axis, as Hydra reads them}}, the seed last."""
    from sciner.launch.experiment import read_experiment

    files = sorted((CONF / "experiment" / name).glob("*.yaml"))
    variants = [f"{name}/{f.stem}" for f in files if not f.stem.startswith("_")]
    grids = {variant: read_experiment(variant).words for variant in variants}
    return {
        variant: {key: grid[key] for key in sorted(grid, key=lambda key: key == "seed")}
        for variant, grid in grids.items()
    }


def points(name: str, overrides: Sequence[str] = ()) -> dict[Settings, list[str]]:
    """{settings: words} of every point, each once. overrides: words that replace axes; another
    model does so in the grids that say nothing of theirs but its name (not in those with
    ``model.steps``)."""
    other = any(word.startswith("model=") for word in overrides)
    asked = [
        grid
        for grid in grids_of(name).values()
        if not (other and any(key.startswith("model.") for key in grid))
    ]
    return points_of(asked, overrides)


def points_of(
    grids: Iterable[dict[str, str]], overrides: Sequence[str] = ()
) -> dict[Settings, list[str]]:
    """{settings: words} of every point of ``grids``, each once."""
    from omegaconf import OmegaConf

    from sciner.launch.overrides import sweep_points

    sweeps = [OmegaConf.create({"hydra": {"sweeper": {"params": grid}}}) for grid in grids]
    found = [point for sweep in sweeps for point in sweep_points(overrides, sweep)]
    return dict(zip(settings_of(found), found, strict=True))


def settings_of(runs: Sequence[Sequence[str]]) -> list[Settings]:
    """What each of ``runs`` is, whatever words say so. Raises InputError for words that mean
    nothing (any more)."""
    told = [dict(word.split("=", 1) for word in words if tells(word)) for words in runs]
    seeds = [int(words.pop("seed", 0)) for words in told]
    return [
        (resolved(frozenset(words.items())), seed) for words, seed in zip(told, seeds, strict=True)
    ]


@cache
def resolved(words: frozenset[tuple[str, str]]) -> str:
    """A digest of the settings that come of ``words``, those left out that change no result."""
    from sciner.hashing import digest
    from sciner.launch.overrides import configurations

    (config,) = configurations([[f"{key}={value}" for key, value in sorted(words)]], BASES)
    return digest(config.model_dump(exclude=ASIDE))


def tells(word: str) -> bool:
    """Is it about a result, and not about where that goes?"""
    return re.split(r"[.=]", word)[0] not in ASIDE


def known(frame: pd.DataFrame) -> set[Settings]:
    """The points that ``frame`` has a run of."""
    runs = frame.drop_duplicates("run")
    return set(
        settings_of(
            [
                [*shlex.split(w), f"seed={seed}"]
                for w, seed in zip(runs["words"], runs["seed"], strict=True)
            ]
        )
    )


def read(name: str) -> tuple[pd.DataFrame, Counts]:
    """What runs.csv and counts.csv hold."""
    from sciner.report.frames import read_counts_csv, read_csv

    return read_csv(HERE / name / "runs.csv"), read_counts_csv(HERE / name / "counts.csv")


def complete(name: str, overrides: Sequence[str] = ()) -> int:
    """Run what runs.csv lacks, one point after the other; what a point leaves is written before the
    next one starts. Returns the number of points that failed."""
    wanted = points(name, overrides)
    done = known(read(name)[0]) if (HERE / name / "runs.csv").exists() else set()
    todo = [words for key, words in wanted.items() if key not in done]
    print(f"{name}: {len(wanted)} points, {len(todo)} to run", flush=True)
    failed = 0
    for number, words in enumerate(todo, start=1):
        print(f"{name}: {number} of {len(todo)}: sciner run {shlex.join(words)}", flush=True)
        failed += not run_point(name, words)
    return failed


def run_point(name: str, words: Sequence[str]) -> bool:
    """Did it finish? Then its figures stand in runs.csv and counts.csv."""
    from sciner.launch.main import main
    from sciner.results.records import records

    with TemporaryDirectory() as scratch:
        if main([*words, "tracking=none", f"hydra.run.dir={scratch}/run"]):
            return False
        found = records([Path(scratch)])
        collect(name, found)
    return True


def collect(name: str, found: Sequence[Record]) -> None:
    """Add finished runs to an artefact's files."""
    from sciner.report.frames import counts_of, tidy

    append(name, tidy(found, keys_of_points(name)), counts_of(found))
    if ensembles := counts_of(found, "ensemble/test"):
        append_counts(ensembles, HERE / name / ENSEMBLES)


def keys_of_points(name: str) -> list[str]:
    """The columns that tell the points of an artefact apart."""
    return sorted(
        {key for grid in grids_of(name).values() for key in grid} - COLUMNS.keys() - {"model"}
    )


def append(name: str, frame: pd.DataFrame, counts: Counts) -> None:
    """Add the lines of ``frame``, times left out: they are another machine's, and were another
    load's. A column that older lines lack is empty there."""
    import pandas as pd

    from sciner.report.frames import write_csv

    fresh = frame[~frame["metric"].str.startswith("time/")]
    fresh = fresh.assign(
        words=fresh["words"].map(lambda text: shlex.join(filter(tells, shlex.split(text))))
    )
    if (HERE / name / "runs.csv").exists():
        older, _ = read(name)
        columns = list(dict.fromkeys([*fresh.columns, *older.columns]))
        at = columns.index("seed")
        columns = [
            *(c for c in columns if c not in ("seed", "round", "metric", "value")),
            *columns[at : at + 4],
        ]
        fresh = pd.concat(
            [
                older.reindex(columns=columns, fill_value=""),
                fresh.reindex(columns=columns, fill_value=""),
            ]
        )
    write_csv(fresh, HERE / name / "runs.csv")
    append_counts(counts, HERE / name / "counts.csv")


def append_counts(counts: Counts, file: Path) -> None:
    """Add the lines of ``counts``."""
    from sciner.report.frames import read_counts_csv, write_counts

    write_counts((read_counts_csv(file) if file.exists() else {}) | counts, file)


def rendered(name: str) -> Iterator[tuple[str, str]]:
    """(file name, text) of RESULTS.md and of the figures that it shows."""
    table = importlib.import_module(f"experiments.{name}.table")
    frame, counts = read(name)
    yield "RESULTS.md", table.render(frame, counts) + still_to_run(name, frame)
    if hasattr(table, "figures"):
        for title, figure in table.figures(frame, counts).items():
            yield f"{title}.svg", svg(figure)


def still_to_run(name: str, frame: pd.DataFrame) -> str:
    """A closing section while runs.csv does not hold the whole sweep."""
    there = known(frame)
    wanted = {variant: {*points_of([grid])} for variant, grid in grids_of(name).items()}
    every = set[Settings]().union(*wanted.values())
    if every <= there:
        return ""
    sweeps = [
        f"- `sciner run experiment={variant}`: {len(own - there)} of {len(own)}"
        for variant, own in wanted.items()
        if own - there
    ]
    said = (
        f"{len(every - there)} of {len(every)} points have not been run: "
        f"`make table-{name}` runs them and renders again. They belong to these sweeps:"
    )
    return "\n".join(["", "## Not run yet", "", said, "", *sweeps, ""])


def svg(figure: Figure) -> str:
    """The figure as text; the same figure is the same text."""
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "sciner", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
