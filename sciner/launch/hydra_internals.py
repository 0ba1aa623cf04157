"""What sciner takes of Hydra that Hydra does not document, in one place: a new version may move
it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from sciner.launch.hydra_errors import is_base

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


def argument_parser() -> ArgumentParser:
    """The parser of Hydra's command line: overrides are checked before Hydra sees them, and its
    flags are its own affair."""
    from hydra._internal.utils import get_args_parser

    return get_args_parser()


def forget_initialisation() -> None:
    """Hydra's state is one a process, and refuses to begin twice; in ours, a check comes before the
    run, and tests follow each other."""
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()


def set_values(overrides: Sequence[Override], config: DictConfig) -> None:
    """Set the values of ``overrides`` in ``config``, which is composed already: to compose reads
    files, and the points of a sweep differ mostly in values."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    ConfigLoaderImpl._apply_overrides_to_config(list(overrides), config)


def skip_batch_validation() -> None:
    """Every point was composed and checked before: Hydra would compose all of them once more before
    the first starts."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    BasicSweeper.validate_batch_is_legal = lambda self, batch: None  # type: ignore[method-assign]


def list_no_bases() -> None:
    """``--help``, shells and ``glob`` would name files that others are made of beside the choices
    of a group."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    original = unwrap(ConfigLoaderImpl.get_group_options)

    @wraps(original)
    def choices(self: ConfigLoaderImpl, *asked: Any, **more: Any) -> list[str]:
        return [name for name in original(self, *asked, **more) if not is_base(name)]

    ConfigLoaderImpl.get_group_options = choices  # type: ignore[method-assign]
