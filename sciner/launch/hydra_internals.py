"""The undocumented parts of Hydra that sciner uses; a new version may change them."""

from __future__ import annotations

import pickle
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

import cloudpickle

from sciner.config.conf import GROUPS
from sciner.launch.hydra_errors import is_base

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


def argument_parser() -> ArgumentParser:
    """The parser of Hydra's command line: overrides are checked before Hydra sees them."""
    from hydra._internal.utils import get_args_parser

    return get_args_parser()


def forget_initialisation() -> None:
    """Clear Hydra's global state.

    It can be initialised only once, but a check precedes each run, and tests follow each other.
    """
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()


def files_and_values(overrides: Iterable[Override]) -> tuple[list[Override], list[Override]]:
    """Split overrides into those that choose files (or more) and those that only set a value.

    A value that a later override adds to, replaces or deletes is not set by itself, because Hydra
    takes these in their order.
    """
    from hydra.core.override_parser.types import OverrideType

    apart: tuple[list[Override], list[Override]] = [], []
    later: list[str] = []  # keys that are set, but not by a value
    for override in reversed(list(overrides)):
        key = override.key_or_group
        is_set = "/" not in key and key not in GROUPS and override.package is None
        is_value = (
            is_set
            and not key.startswith("hydra.")
            and override.type == OverrideType.CHANGE
            and not any(f"{key}.".startswith(f"{k}.") or k.startswith(f"{key}.") for k in later)
        )
        apart[is_value].insert(0, override)
        later += [key] if is_set and not is_value else []
    return apart


def set_values(overrides: Sequence[Override], config: DictConfig) -> None:
    """Set the values of ``overrides`` in ``config``, which is already composed.

    Composing reads files, and the points of a sweep differ mostly in values.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    ConfigLoaderImpl._apply_overrides_to_config(list(overrides), config)


def compose_files_once() -> None:
    """Let Hydra compose each combination of files once, and set values on a copy.

    Hydra would compose every point again, which takes longer than a point that is in the store.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    original = unwrap(ConfigLoaderImpl.load_sweep_config)
    composed: dict[tuple[str, ...], bytes] = {}  # pickled: loading is five times faster than copy

    @wraps(original)
    def load(
        self: ConfigLoaderImpl, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        parsed = OverridesParser.create().parse_overrides(list(sweep_overrides))
        files, values = files_and_values(parsed)
        words = [str(override.input_line) for override in files]
        if tuple(words) not in composed:
            composed[tuple(words)] = cloudpickle.dumps(original(self, master_config, words))
        config: DictConfig = pickle.loads(composed[tuple(words)])
        set_values(values, config)
        task = [override for override in parsed if not override.is_hydra_override()]
        config.hydra.overrides.task = [override.input_line for override in task]
        style = config.hydra.job.config.override_dirname
        config.hydra.job.override_dirname = get_overrides_dirname(
            overrides=task,
            kv_sep=style.kv_sep,
            item_sep=style.item_sep,
            exclude_keys=style.exclude_keys,
        )
        # what was resolved once, such as the time in a folder's name, is the same for all points
        OmegaConf.copy_cache(from_config=master_config, to_config=config)
        return config

    ConfigLoaderImpl.load_sweep_config = load  # type: ignore[method-assign]


def skip_batch_validation() -> None:
    """Turn off Hydra's check of a sweep: every point has been composed and checked before."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    BasicSweeper.validate_batch_is_legal = lambda self, batch: None  # type: ignore[method-assign]


def list_no_bases() -> None:
    """Hide files that are only bases of others from ``--help``, shells and ``glob``."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    original = unwrap(ConfigLoaderImpl.get_group_options)

    @wraps(original)
    def choices(self: ConfigLoaderImpl, *asked: Any, **more: Any) -> list[str]:
        return [name for name in original(self, *asked, **more) if not is_base(name)]

    ConfigLoaderImpl.get_group_options = choices  # type: ignore[method-assign]
