"""The configuration of a point of a sweep: as Hydra composes it, without composing it each time.

Points of a sweep differ mostly in values, which Hydra sets after all files are composed. So each
combination of files is composed once, and plain values are set on a copy.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sciner.config import RunConfig, parse
from sciner.config.conf import GROUPS
from sciner.launch.hydra_errors import is_base, no_choice
from sciner.launch.hydra_internals import files_and_values, set_values

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

REFERENCE = "${"  # begins what only OmegaConf can resolve


@dataclass(frozen=True)
class Base:
    """What Hydra composes of overrides that choose files.

    Attributes:
        pickled: the configuration; loading it is faster than a copy.
        values: the same without Hydra's own; None if one of them refers to another.
    """

    pickled: bytes
    values: dict[str, Any] | None


Bases = dict[tuple[str, ...], Base]  # by these overrides


def configuration(overrides: Sequence[str], bases: Bases) -> RunConfig:
    """The typed configuration of overrides.

    Args:
        overrides: with one value each.
        bases: keeps what was composed.
    """
    return parse(composed_values(overrides, bases))


def composed_values(overrides: Sequence[str], bases: Bases) -> dict[str, Any]:
    """The values that Hydra composes of overrides; for ``bases`` see ``configuration``."""
    parsed = [parse_word(word) for word in overrides]
    refuse_bases(parsed)
    files, values = files_and_values(parsed)
    words = tuple(str(override.input_line) for override in files)
    if words not in bases:
        bases[words] = compose_base(words)
    base = bases[words]
    plain = None if base.values is None else with_plain_values(base.values, values)
    if plain is None:
        composed: DictConfig = pickle.loads(base.pickled)
        set_values(values, composed)
        plain = values_of(composed)
    return plain


@cache
def parse_word(word: str) -> Override:
    """Parse an override; those of a sweep repeat, and Hydra's parser takes its time."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (parsed,) = OverridesParser.create().parse_overrides([word])
    return parsed


def compose_base(words: Sequence[str]) -> Base:
    """Let Hydra compose overrides that choose files."""
    from hydra import compose
    from omegaconf import OmegaConf

    composed = compose("run", list(words))
    refers = REFERENCE in OmegaConf.to_yaml(without_hydra(composed))
    return Base(pickle.dumps(composed), None if refers else values_of(composed))


def with_plain_values(
    values: dict[str, Any], overrides: Iterable[Override]
) -> dict[str, Any] | None:
    """Return a copy of ``values`` with those of ``overrides``.

    None if one is not plain: it merges, refers to another value, or has an unknown key.
    """
    for override in overrides:
        value = override.value()
        if not (value is None or isinstance(value, str | int | float)) or REFERENCE in str(value):
            return None
        try:
            values = with_value(values, str(override.key_or_group).split("."), value)
        except KeyError:
            return None
    return values


def with_value(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a copy of nested ``values`` that has ``value`` at ``path``.

    Raises:
        KeyError: there is no value at this path, or it is a list or a dictionary.
    """
    key, *below = path
    there = values[key]
    if isinstance(there, list) or isinstance(there, dict) is not bool(below):
        raise KeyError(key)
    return {**values, key: with_value(there, below, value) if below else value}


def values_of(composed: DictConfig) -> dict[str, Any]:
    """The resolved values of a composed configuration, without Hydra's own."""
    from omegaconf import OmegaConf

    values: Any = OmegaConf.to_container(without_hydra(composed), resolve=True)
    return dict(values)


def without_hydra(composed: DictConfig) -> DictConfig:
    """The composed configuration without Hydra's own section, unresolved."""
    from omegaconf import OmegaConf

    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])


def refuse_bases(parsed: Iterable[Override]) -> None:
    """Raise InputError for a file that is only a base of others."""
    for override in parsed:
        key = override.key_or_group
        if key in GROUPS and is_base(str(override.value())):
            raise no_choice(key, str(override.value()))
