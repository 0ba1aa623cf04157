"""Overrides of the command line as points of a sweep, each checked before the first one starts."""

from __future__ import annotations

import itertools
import os
import pickle
import shlex
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sciner.config import RunConfig, known_keys, parse
from sciner.config.conf import CONF, GROUPS
from sciner.errors import InputError
from sciner.launch.capacity import with_one_thread
from sciner.launch.hydra_errors import explain_hydra_error, is_base, no_choice
from sciner.launch.hydra_internals import (
    argument_parser,
    files_and_values,
    forget_initialisation,
    set_values,
)
from sciner.search.options import TARGET

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from sciner.search.search import Search

# {words that name files: what Hydra composes of them, pickled}
Bases = dict[tuple[str, ...], bytes]


def parse_flags(arguments: Sequence[str]) -> Namespace:
    """Hydra's flags, and under ``overrides`` all other arguments. Raises InputError for a setting
    that is written as a flag (``--model crf``), and for flags that Hydra does not have."""
    refuse_settings_as_flags(arguments)
    parser = argument_parser()
    parser.error = refuse_flags  # type: ignore[method-assign]  # it would print the usage and exit
    return parser.parse_intermixed_args(list(arguments))


def refuse_settings_as_flags(arguments: Sequence[str]) -> None:
    """Raise InputError for ``--model crf`` or ``--model=crf``, which should read ``model=crf``."""
    for word, after in itertools.pairwise([*arguments, ""]):
        key, _, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and key.partition(".")[0] in {*GROUPS, *known_keys(())}:
            value = value or ("VALUE" if after.startswith("-") or "=" in after else after)
            form = shlex.join([f"{key}={value or 'VALUE'}"])
            raise InputError(
                f"--{key}: settings are written without dashes", hint=f"sciner run {form}"
            )


def refuse_flags(message: str) -> NoReturn:
    """Raise InputError for what Hydra's parser says of its flags."""
    raise InputError(message, hint="settings are KEY=VALUE; sciner run --help lists the flags")


class Checked(NamedTuple):
    """What overrides mean. points: the configuration of each; of a search, those at the corners of
    its space. search: None if it is none. folder: where the run, or the sweep, will write; None
    where only a job can tell. launcher: the word for one, where nobody has chosen any."""

    points: list[RunConfig]
    multirun: bool
    search: Search | None
    folder: Path | None
    launcher: list[str]


def check(flags: Namespace) -> Checked:
    """Raises InputError where ``flags`` hold a point that cannot be meant."""
    from hydra import compose
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    search = None
    searchpath = (
        [f"hydra.searchpath=[file://{Path(flags.config_dir).resolve()}]"]
        if flags.config_dir
        else []
    )
    try:
        with composing(flags.overrides):
            given = OverridesParser.create().parse_overrides(flags.overrides)
            fixed = [str(o.input_line) for o in given if not o.is_sweep_override()]
            # settings of a launcher mean nothing before there is one
            said = [word for word in fixed if not word.startswith("hydra.launcher.")]
            whole = compose("run", [*searchpath, *said], return_hydra_config=True)
            multirun = bool(flags.multirun) or str(OmegaConf.select(whole, "hydra.mode")).endswith(
                "MULTIRUN"
            )
            if not multirun and len(given) != len(fixed):
                swept = next(o.input_line for o in given if o.is_sweep_override())
                raise InputError(f"{swept} names several values", hint="add -m to sweep over them")
            search = read_search(flags.overrides, whole) if multirun else None
            folder = output_folder(whole, multirun)
            launcher = launcher_word(given, whole)
            if multirun:
                bases: Bases = {}
                words = search.corners() if search else sweep_points(flags.overrides, whole)
                points = [configuration([*searchpath, *launcher, *point], bases) for point in words]
                if launcher and not search and len(points) > 1 and jobs_at_once(given) != 1:
                    points = [with_one_thread(point) for point in points]
            else:  # it is composed already
                refuse_bases(given)
                points = [parse(values_of(whole))]
    except InputError as error:
        if search and "valid integer" in str(error):
            raise InputError(
                str(error), hint="an interval of whole numbers is int(interval(LOW,HIGH))"
            ) from None
        raise
    return Checked(points, multirun, search, folder, launcher)


def jobs_at_once(given: Sequence[Any]) -> int | None:
    """How many the words ``given``, or the environment, ask for; None leaves it to the machine."""
    words = [o.value() for o in given if o.key_or_group == "hydra.launcher.n_jobs"]
    asked = str(words[-1] if words else os.environ.get("SCINER_N_JOBS"))
    return int(asked) if asked.isdigit() else None


def launcher_word(given: Sequence[Any], whole: Any) -> list[str]:
    """Hydra's default runs one point after the other; ours is another, unless the words ``given``
    or the experiment of ``whole`` choose."""
    said = any(o.key_or_group == "hydra/launcher" for o in given)
    default = whole.hydra.runtime.choices["hydra/launcher"] == "basic"
    return ["hydra/launcher=auto"] if default and not said else []


def configurations(points: Iterable[Sequence[str]], bases: Bases) -> list[RunConfig]:
    """The configuration of each of ``points``, whose overrides have one value each. bases: see
    ``compose_point``.

    Raises InputError for overrides that cannot be meant.
    """
    with composing():
        return [configuration(overrides, bases) for overrides in points]


@contextmanager
def composing(words: Sequence[str] = ()) -> Iterator[None]:
    """Hydra at conf/; what it refuses within is an InputError. words: what was given to it, for the
    hint."""
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    forget_initialisation()
    register()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            yield
    except InputError:
        raise
    except (HydraException, OmegaConfBaseException, ValueError) as error:  # ValueError: GROUP=null
        raise explain_hydra_error(str(error), words) from None


def output_folder(whole: Any, multirun: bool) -> Path | None:
    """Where the run, or the sweep, of the configuration ``whole`` will write."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return Path(OmegaConf.select(whole, "hydra.sweep.dir" if multirun else "hydra.run.dir"))
    except OmegaConfBaseException:  # its name takes something of the job, as ${hydra:job.num} does
        return None


def register() -> None:
    """What files of conf/ name ``/open@KEY``: an empty mapping whose keys are the user's, such as
    classes of a corpus. Hydra takes no key that a file does not have, except with a + that nobody
    expects to need."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    ConfigStore.instance().store(
        name="open", node=OmegaConf.create({}, flags={"struct": False}), provider="sciner"
    )


def read_search(overrides: Sequence[str], whole: Any) -> Search | None:
    """The search that ``whole`` asks for, if it does."""
    from omegaconf import OmegaConf

    from sciner.search.search import Search

    sweeper: Any = OmegaConf.to_container(whole.hydra.sweeper, resolve=True)
    if sweeper["_target_"] != TARGET:
        return None
    return Search.read(sweeper, parse_overrides(overrides, whole), values_of(whole))


def values_of(composed: Any) -> dict[str, Any]:
    """All that is sciner's of what Hydra composed, resolved."""
    from omegaconf import OmegaConf

    ours = OmegaConf.masked_copy(composed, [key for key in composed if key != "hydra"])
    values: Any = OmegaConf.to_container(ours, resolve=True)
    return dict(values)


def parse_overrides(overrides: Sequence[str], whole: Any) -> list[Any]:
    """The parsed overrides of a sweep, those of the experiment's file before the given ones."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    committed = whole.hydra.sweeper.get("params") or {}
    parsed: list[Any] = OverridesParser.create().parse_overrides(
        [f"{k}={v}" for k, v in committed.items()] + list(overrides)
    )
    return parsed


def configuration(overrides: Sequence[str], bases: Bases) -> RunConfig:
    """What ``overrides`` mean, typed and resolved. bases: see ``compose_point``."""
    return parse(values_of(compose_point(overrides, bases)))


def compose_point(overrides: Sequence[str], bases: Bases) -> Any:
    """What Hydra's compose makes of ``overrides``. Points of a sweep differ mostly in values, which
    Hydra sets when all files are composed: so each combination of files is composed once, in
    ``bases``, and values are set on a copy, as Hydra does."""
    from hydra import compose
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_overrides(list(overrides))
    refuse_bases(parsed)
    files, values = files_and_values(parsed)
    words = tuple(str(override.input_line) for override in files)
    if words not in bases:
        bases[words] = pickle.dumps(compose("run", list(words)))
    composed = pickle.loads(bases[words])
    set_values(values, composed)
    return composed


def refuse_bases(parsed: Iterable[Override]) -> None:
    """Raise InputError for a file that others are made of, and that is no choice by itself."""
    for override in parsed:
        key = override.key_or_group
        if key in GROUPS and is_base(str(override.value())):
            raise no_choice(key, str(override.value()))


def sweep_points(overrides: Sequence[str], whole: Any) -> Iterator[list[str]]:
    """Every point's overrides: the product of the swept values, those of the experiment's file
    included."""
    axes: dict[str, list[str]] = {}
    # a later override of a key replaces the earlier axis
    for o in parse_overrides(overrides, whole):
        key = o.get_key_element()
        axes[key] = (
            [f"{key}={value}" for value in o.sweep_string_iterator()]
            if o.is_sweep_override()
            else [str(o.input_line)]
        )
    yield from (list(point) for point in itertools.product(*axes.values()))
