"""Hydra's side of `sciner run`: every point of a sweep is checked before the first one starts."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sciner.build import build_store
from sciner.config import RunConfig, parse
from sciner.config.places import StoreConfig
from sciner.errors import InputError
from sciner.report.terminal import console
from sciner.run import Job, attempt, read_outcomes
from sciner.search.options import TARGET, SearchOptions
from sciner.spelling import CONF, GROUPS, explain
from sciner.track import redacted

if TYPE_CHECKING:
    from sciner.plan import Plan
    from sciner.search.search import Search
    from sciner.search.study import Study

PLACE_OF_TRIAL = ("search.study=", "search.storage=", "search.trial=")  # the sweeper's words, and no parameters
ASIDE = ("help", "hydra_help", "version", "shell_completion", "cfg", "info")  # flags of Hydra's that start no job


def main(words: Sequence[str]) -> int:
    """Run, or sweep, what ``words`` say. Returns the exit code: 0 done, 1 a job failed, 2 bad input, 3 tracker lost.

    Raises InputError for words that cannot be meant.
    """
    flags = parse_flags(words)
    points, multirun, search = check(flags)
    if any(getattr(flags, name, None) for name in ASIDE):
        hydra_main(words, flags)
        return 0
    prepare_tracking({(p.tracking.kind, p.tracking.uri, p.tracking.experiment) for p in points})
    study = search.begin(Path.cwd()) if search else None
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = Path(scratch) / "outcomes.jsonl"
        outcomes.touch()
        os.environ["SCINER_OUTCOMES"] = str(outcomes)
        os.environ["SCINER_PROJECT"] = str(Path.cwd())
        os.environ["SCINER_POINTS"] = str(search.options.n_trials if search else len(points))
        if multirun:
            os.environ["SCINER_SWEEP"] = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
        else:
            os.environ.pop("SCINER_SWEEP", None)
        hydra_main(words, flags)
        found = read_outcomes(outcomes)
    drop_spare({point.store for point in points}, found)
    if not multirun and found and found[0]["problem"]:
        raise InputError(found[0]["problem"])
    if study:
        say_study(study)
    say_where(points, found, multirun)
    codes = {row["code"] for row in found} or {0 if study else 1}  # a study may have all its trials already
    return next((code for code in (1, 2, 3) if code in codes), 0)


def foresee(words: Sequence[str]) -> Plan:
    """What ``main(words)`` would have to compute. Raises InputError for words that cannot be meant."""
    from sciner.plan import plan

    points, _, search = check(parse_flags(words))
    if search:
        raise InputError("a search chooses its points as it goes: they are not known beforehand", mend=search.bound(points))
    return plan(points, Path.cwd())


def parse_flags(words: Sequence[str]) -> Any:
    from hydra._internal.utils import get_args_parser

    return get_args_parser().parse_intermixed_args(list(words))


class Checked(NamedTuple):
    """What words mean. points: the configuration of each; of a search, those at the corners of its space. search: None if it
    is none."""

    points: list[RunConfig]
    multirun: bool
    search: Search | None


def check(flags: Any) -> Checked:
    """Raises InputError where ``flags`` hold a point that cannot be meant."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    GlobalHydra.instance().clear()
    register()
    search = None
    aside = [f"hydra.searchpath=[file://{Path(flags.config_dir).resolve()}]"] if flags.config_dir else []
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            given = OverridesParser.create().parse_overrides(flags.overrides)
            fixed = [str(o.input_line) for o in given if not o.is_sweep_override()]
            whole = compose("run", [*aside, *fixed], return_hydra_config=True)
            multirun = bool(flags.multirun) or str(OmegaConf.select(whole, "hydra.mode")).endswith("MULTIRUN")
            if not multirun and len(given) != len(fixed):
                swept = next(o.input_line for o in given if o.is_sweep_override())
                raise InputError(f"{swept} names several values", mend="add -m to sweep over them")
            search = read_search(flags.overrides, whole) if multirun else None
            words = search.corners() if search else sweep_points(flags.overrides, whole if multirun else None)
            bases: dict[tuple[str, ...], Any] = {}
            points = []
            for overrides in words:
                composed = compose_point([*aside, *overrides], bases)
                points.append(parse(OmegaConf.to_container(composed, resolve=True)))  # type: ignore[arg-type]
    except InputError as error:
        if search and "valid integer" in str(error):
            raise InputError(str(error), mend="an interval of whole numbers is int(interval(LOW,HIGH))") from None
        raise
    except (HydraException, OmegaConfBaseException, ValueError) as error:  # ValueError: GROUP=null
        raise explain(str(error)) from None
    return Checked(points, multirun, search)


def register() -> None:
    """What files of conf/ name ``/open@KEY``: an empty mapping whose keys are the user's, such as classes of a corpus. Hydra
    takes no key that a file does not have, except with a + that nobody expects to need."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    ConfigStore.instance().store(name="open", node=OmegaConf.create({}, flags={"struct": False}), provider="sciner")


def read_search(overrides: Sequence[str], whole: Any) -> Search | None:
    """The search that ``whole`` asks for, if it does."""
    from omegaconf import OmegaConf

    from sciner.search.search import Search

    sweeper: Any = OmegaConf.to_container(whole.hydra.sweeper, resolve=True)
    if sweeper["_target_"] != TARGET:
        return None
    values: Any = OmegaConf.to_container(OmegaConf.masked_copy(whole, [k for k in whole if k != "hydra"]), resolve=True)
    return Search.read(sweeper, parse_words(overrides, whole), values)


def parse_words(overrides: Sequence[str], whole: Any) -> list[Any]:
    """The parsed words of a sweep, those of the experiment's file before the given ones."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    committed = {} if whole is None else (whole.hydra.sweeper.get("params") or {})
    parsed: list[Any] = OverridesParser.create().parse_overrides([f"{k}={v}" for k, v in committed.items()] + list(overrides))
    return parsed


def compose_point(words: Sequence[str], bases: dict[tuple[str, ...], Any]) -> Any:
    """What Hydra's compose makes of ``words``. Points of a sweep differ mostly in values, which Hydra sets when all files are
    composed: so each combination of files is composed once, in ``bases``, and values are set, by Hydra's own hand, on a copy.
    """
    from copy import deepcopy

    from hydra import compose
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import OverrideType

    values: list[Any] = []
    files: list[Any] = []
    for override in OverridesParser.create().parse_overrides(list(words)):
        key = override.key_or_group
        is_value = "/" not in key and key not in GROUPS and not key.startswith("hydra.") and override.package is None
        (values if is_value and override.type == OverrideType.CHANGE else files).append(override)
    name = tuple(str(override.input_line) for override in files)
    if name not in bases:
        bases[name] = compose("run", list(name))
    composed = deepcopy(bases[name])
    ConfigLoaderImpl._apply_overrides_to_config(values, composed)
    return composed


def sweep_points(overrides: Sequence[str], whole: Any) -> Iterator[list[str]]:
    """Every point's overrides: the product of the swept values, those of the experiment's file included."""
    axes: dict[str, list[str]] = {}
    for o in parse_words(overrides, whole):  # a later override of a key replaces the earlier axis
        key = o.get_key_element()
        swept = whole is not None and o.is_sweep_override()
        axes[key] = [f"{key}={value}" for value in o.sweep_string_iterator()] if swept else [str(o.input_line)]
    yield from (list(point) for point in itertools.product(*axes.values()))


def prepare_tracking(trackers: set[tuple[str, str | None, str]]) -> None:
    """The parent makes databases and experiments before any job; a tracker that is down is each job's own warning."""
    import logging

    from sciner.track import place_of, prepare

    for kind, uri, experiment in trackers:
        if kind == "mlflow":
            try:
                prepare(place_of(uri, Path.cwd()), experiment)
            except Exception as error:
                logging.getLogger(__name__).debug("tracker not prepared: %s", error)


def hydra_main(words: Sequence[str], flags: Any) -> None:
    """Hand over to Hydra, which composes once more, opens the job's folder and log, and calls ``one_job``."""
    import hydra
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    # every point was composed and checked by ``check``: Hydra would compose all of them once more before the first starts
    BasicSweeper.validate_batch_is_legal = lambda self, batch: None  # type: ignore[method-assign]
    entry = hydra.main(version_base="1.3", config_path=str(CONF), config_name="run")(one_job)
    kept, sys.argv = sys.argv, ["sciner run", *(w for w in words if w not in flags.overrides), *flags.overrides]
    try:
        entry()
    finally:
        sys.argv = kept


def one_job(cfg: Any) -> int:
    """One job in whatever process a launcher chose. Never raises: Hydra would print one traceback for a whole sweep."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    info = HydraConfig.get()
    sweep = os.environ.get("SCINER_SWEEP")
    job = Job(
        directory=Path(info.runtime.output_dir),
        overrides=tuple(word for word in info.overrides.task if not word.startswith(PLACE_OF_TRIAL)),
        project=Path(os.environ.get("SCINER_PROJECT", ".")),
        sweep=sweep,
        choices={group: choice for group, choice in info.runtime.choices.items() if group in GROUPS and choice},
    )
    if sweep:
        say_progress(info.job.num, redacted(job.name))
    return attempt(OmegaConf.to_container(cfg, resolve=True), job)  # type: ignore[arg-type]


def drop_spare(stores: set[StoreConfig], found: Sequence[dict[str, Any]]) -> None:
    """The sweep has ended: nobody begins with the weights of its rounds 0 any more."""
    for store in stores:
        for key in {key for row in found for key in row["spare"]}:
            build_store(store, Path.cwd()).discard(key)


def say_progress(number: int, name: str) -> None:
    """Which job of how many, and how long the rest may take at the pace so far."""
    points = int(os.environ["SCINER_POINTS"])
    done = [row["seconds"] for row in read_outcomes(Path(os.environ["SCINER_OUTCOMES"]))]
    left = sum(done) / len(done) * (points - number) if done else 0
    pace = f", about {left / 60:.0f} min left" if done else ""
    # no markup: in data.train=[a.conll,b.conll] the brackets are the user's
    console().print(f"job {number + 1} of {points}{pace}: {name}", style="bold", markup=False, soft_wrap=True)


def say_study(study: Study) -> None:
    """How many trials a study has, how they ended, and how to look at it."""
    say = partial(console().print, markup=False, soft_wrap=True)
    counted = Counter(trial.state.name.lower() for trial in study.begun())
    say(f"study {study.options.study}: " + ", ".join(f"{n} {state}" for state, n in sorted(counted.items())))
    place = "" if study.options.storage == SearchOptions().storage else f" --storage {redacted(study.options.storage)}"
    say(f"to look: sciner search show {study.options.study}{place}")


def say_where(points: Sequence[RunConfig], found: Sequence[dict[str, Any]], multirun: bool) -> None:
    """Where the results are, and the command that opens them."""
    from sciner.track import local_uri, place_of

    say = partial(console().print, markup=False, soft_wrap=True)
    failed = [row for row in found if row["code"] in (1, 2)]
    if multirun:
        say(f"{len(found) - len(failed)} of {len(found)} jobs done, {len(failed)} failed; sweep {os.environ['SCINER_SWEEP']}")
    for row in failed:
        say(f"failed: {redacted(row['job'])} (log: {row['directory']}/sciner.log)", style="red")
    for row in found[-1:]:
        say(f"results: {Path(row['directory']).parent if multirun else row['directory']}")
    here = local_uri(Path.cwd())
    for uri in sorted({place_of(p.tracking.uri, Path.cwd()) for p in points if p.tracking.kind == "mlflow"}):
        say(f"tracked: {redacted(uri)}")
        say("to look: sciner ui" if uri == here else f"to look: sciner ui --uri {redacted(uri)}")
