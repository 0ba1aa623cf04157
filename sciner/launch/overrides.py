"""Overrides of the command line as points of a sweep, each checked before the first one starts."""

from __future__ import annotations

import itertools
import os
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
from sciner.launch.hydra_errors import explain_hydra_error
from sciner.launch.hydra_internals import argument_parser, forget_initialisation
from sciner.launch.points import Bases, configuration, refuse_bases, values_of
from sciner.search.options import TARGET

if TYPE_CHECKING:
    from sciner.search.search import Search

CLUSTER = ("slurm", "submitit_slurm", "submitit_local")  # launchers


def parse_flags(arguments: Sequence[str]) -> Namespace:
    """Return Hydra's flags, and all other arguments as ``overrides``.

    Raises:
        InputError: a setting is written as a flag (``--model crf``), or Hydra does not have the
            flag.
    """
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
    """The meaning of overrides.

    Attributes:
        points: the configuration of each; for a search, those at the corners of its space.
        multirun: whether it is a sweep.
        search: None if it is none.
        folder: where the run or sweep will write; None if only a job can know.
        launcher: the override that chooses one, if the user chose none.
        cluster: the launcher of a sweep whose jobs may run on other machines, else None.
        composed: what Hydra composed of all overrides that have one value.
    """

    points: list[RunConfig]
    multirun: bool
    search: Search | None
    folder: Path | None
    launcher: list[str]
    cluster: str | None
    composed: Any


def check(flags: Namespace) -> Checked:
    """Check every point of the given overrides.

    Raises:
        InputError: a point is invalid.
    """
    from hydra import compose
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    search, cluster = None, None
    if flags.config_dir and not Path(flags.config_dir).is_dir():
        raise InputError(
            "--config-dir: there is no such folder", file=flags.config_dir, hint="check the path"
        )
    searchpath = (
        [f"hydra.searchpath=[file://{Path(flags.config_dir).resolve()}]"]
        if flags.config_dir
        else []
    )
    try:
        with composing(flags.overrides):
            given = OverridesParser.create().parse_overrides(flags.overrides)
            fixed = [str(o.input_line) for o in given if not o.is_sweep_override()]
            # settings of a launcher are invalid before a launcher is chosen
            said = [word for word in fixed if not word.startswith("hydra.launcher.")]
            whole = compose("run", [*searchpath, *said], return_hydra_config=True)
            multirun = bool(flags.multirun) or str(OmegaConf.select(whole, "hydra.mode")).endswith(
                "MULTIRUN"
            )
            if not multirun and len(given) != len(fixed):
                swept = next(o.input_line for o in given if o.is_sweep_override())
                raise InputError(f"{swept} has several values", hint="add -m to sweep over them")
            search = read_search(flags.overrides, whole) if multirun else None
            folder = output_folder(whole, multirun)
            launcher = launcher_word(given, whole)
            choice = str(whole.hydra.runtime.choices["hydra/launcher"])
            cluster = choice if multirun and choice in CLUSTER else None
            if multirun:
                bases: Bases = {}
                words = search.corners() if search else sweep_points(flags.overrides, whole)
                points = [configuration([*searchpath, *launcher, *point], bases) for point in words]
                beside = choice == "auto" or bool(launcher)
                if beside and not search and len(points) > 1 and jobs_at_once(given) != 1:
                    points = [with_one_thread(point) for point in points]
            else:  # already composed
                refuse_bases(given)
                points = [parse(values_of(whole))]
    except InputError as error:
        if search and "valid integer" in str(error):
            raise InputError(
                str(error), hint="write an interval of integers as int(interval(LOW,HIGH))"
            ) from None
        raise
    if cluster and search:
        raise InputError(
            "a search submits no jobs to Slurm",
            hint="leave out hydra/launcher, and submit the command itself, as docs/search.md shows",
        )
    return Checked(points, multirun, search, folder, launcher, cluster, whole)


def jobs_at_once(given: Sequence[Any]) -> int | None:
    """How many jobs the overrides or the environment request; None lets the machine decide."""
    words = [o.value() for o in given if o.key_or_group == "hydra.launcher.n_jobs"]
    asked = str(words[-1] if words else os.environ.get("SCINER_N_JOBS"))
    return int(asked) if asked.isdigit() else None


def launcher_word(given: Sequence[Any], whole: Any) -> list[str]:
    """The override that chooses our launcher, unless the user or the experiment has chosen one.

    Hydra's default runs one point after the other.
    """
    said = any(o.key_or_group == "hydra/launcher" for o in given)
    default = whole.hydra.runtime.choices["hydra/launcher"] == "basic"
    return ["hydra/launcher=auto"] if default and not said else []


def configurations(points: Iterable[Sequence[str]], bases: Bases) -> list[RunConfig]:
    """The configurations of points.

    Args:
        points: overrides with one value each.
        bases: see ``points.configuration``.

    Raises:
        InputError: an override is invalid.
    """
    with composing():
        return [configuration(overrides, bases) for overrides in points]


@contextmanager
def composing(words: Sequence[str] = ()) -> Iterator[None]:
    """Initialise Hydra at conf/, and turn its errors into InputError.

    Args:
        words: the overrides, for the hint.
    """
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import MarkedYAMLError

    forget_initialisation()
    register()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            yield
    except InputError:
        raise
    except MarkedYAMLError as error:
        at = error.problem_mark
        place = f"{at.name}:{at.line + 1}" if at else "a file of the configuration"
        raise InputError(f"no YAML: {error.problem}", file=place, hint="correct it") from None
    except (HydraException, OmegaConfBaseException, ValueError) as error:  # ValueError: GROUP=null
        raise explain_hydra_error(str(error), words) from None


def output_folder(whole: Any, multirun: bool) -> Path | None:
    """Where the run, or the sweep, of the configuration ``whole`` will write."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return Path(OmegaConf.select(whole, "hydra.sweep.dir" if multirun else "hydra.run.dir"))
    except OmegaConfBaseException:  # its name depends on the job, for example on ${hydra:job.num}
        return None


def register() -> None:
    """Register what files of conf/ call ``/open@KEY``: a mapping whose keys the user chooses.

    Such keys are the classes of a corpus, for example. Hydra accepts only keys that a file has, or
    keys after a +, which nobody expects to need.
    """
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    ConfigStore.instance().store(
        name="open", node=OmegaConf.create({}, flags={"struct": False}), provider="sciner"
    )


def read_search(overrides: Sequence[str], whole: Any) -> Search | None:
    """The search that ``whole`` requests; None if it requests none."""
    from omegaconf import OmegaConf

    from sciner.search.search import Search

    sweeper: Any = OmegaConf.to_container(whole.hydra.sweeper, resolve=True)
    if sweeper["_target_"] != TARGET:
        return None
    return Search.read(sweeper, parse_overrides(overrides, whole), values_of(whole))


def parse_overrides(overrides: Sequence[str], whole: Any) -> list[Any]:
    """The parsed overrides of a sweep, those of the experiment's file before the given ones."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    committed = whole.hydra.sweeper.get("params") or {}
    parsed: list[Any] = OverridesParser.create().parse_overrides(
        [f"{k}={v}" for k, v in committed.items()] + list(overrides)
    )
    return parsed


def sweep_points(overrides: Sequence[str], whole: Any) -> Iterator[list[str]]:
    """Yield the overrides of every point: the product of all swept values.

    Those of the experiment's file are included.
    """
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
