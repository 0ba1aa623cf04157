"""A section with the settings of its kind, for every kind that is registered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import Field, create_model

from sciner.config.base import Strict


def by_kind(shared: type[Strict], kinds: Mapping[str, type], **choices: Any) -> Any:
    """Make the union of ``shared`` with the fields of each kind, discriminated by ``kind``.

    Args:
        shared: the fields of all kinds.
        kinds: a dataclass for each kind.
        choices: the values of fields of ``shared`` that are names; their type need not list them.
    """
    closed: dict[str, Any] = {key: (one_of(names), ...) for key, names in choices.items()}
    sections = [
        create_model(
            shared.__name__, __base__=shared, kind=(one_of([kind]), ...), **closed, **settings(of)
        )
        for kind, of in kinds.items()
    ]
    return Annotated[Union[tuple(sections)], Field(discriminator="kind")]  # noqa: UP007


def one_of(names: Any) -> Any:
    """The type of a value that is one of ``names``."""
    return Literal[tuple(names)]


def settings(of: type) -> dict[str, Any]:
    """The fields of a dataclass for pydantic: {name: (type, default)}."""
    hints = get_type_hints(of, include_extras=True)
    return {f.name: (hints[f.name], default(f)) for f in dataclasses.fields(of)}


def default(field: dataclasses.Field[Any]) -> Any:
    """The default of a field, for pydantic."""
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ... if field.default is dataclasses.MISSING else field.default
