"""Words of the command line as points of a sweep, each checked before the first one starts."""

from __future__ import annotations

import itertools
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sciner.config import RunConfig, parse
from sciner.config.conf import CONF, GROUPS
from sciner.errors import InputError
from sciner.launch.hydra_errors import explain
from sciner.launch.hydra_internals import argument_parser, forget_initialisation, set_values
from sciner.search.options import TARGET

if TYPE_CHECKING:
    from sciner.search.search import Search


def parse_flags(words: Sequence[str]) -> Namespace:
    """Hydra's flags, and under ``overrides`` all other words."""
    return argument_parser().parse_intermixed_args(list(words))


class Checked(NamedTuple):
    """What words mean. points: the configuration of each; of a search, those at the corners of its space. search: None if it
    is none. folder: where the run, or the sweep, will write; None where only a job can tell."""

    points: list[RunConfig]
    multirun: bool
    search: Search | None
    folder: Path | None


def check(flags: Namespace) -> Checked:
    """Raises InputError where ``flags`` hold a point that cannot be meant."""
    from hydra import compose, initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    forget_initialisation()
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
            folder = output_folder(whole, multirun)
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
    return Checked(points, multirun, search, folder)


def output_folder(whole: Any, multirun: bool) -> Path | None:
    """Where the run, or the sweep, of the configuration ``whole`` will write."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return Path(OmegaConf.select(whole, "hydra.sweep.dir" if multirun else "hydra.run.dir"))
    except OmegaConfBaseException:  # its name takes something of the job, as ${hydra:job.num} does
        return None


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
    composed: so each combination of files is composed once, in ``bases``, and values are set, as Hydra sets them, on a copy."""
    from copy import deepcopy

    from hydra import compose
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
    set_values(values, composed)
    return composed


def sweep_points(overrides: Sequence[str], whole: Any) -> Iterator[list[str]]:
    """Every point's overrides: the product of the swept values, those of the experiment's file included."""
    axes: dict[str, list[str]] = {}
    for o in parse_words(overrides, whole):  # a later override of a key replaces the earlier axis
        key = o.get_key_element()
        swept = whole is not None and o.is_sweep_override()
        axes[key] = [f"{key}={value}" for value in o.sweep_string_iterator()] if swept else [str(o.input_line)]
    yield from (list(point) for point in itertools.product(*axes.values()))
