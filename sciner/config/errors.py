"""pydantic's errors as one line that names the key and how to correct it."""

from __future__ import annotations

import re
from typing import get_args

from pydantic import BaseModel, ValidationError

from sciner.config.conf import PACKAGE_LINE
from sciner.errors import InputError, nearest

TYPES = ("int", "str", "list[str]")  # branches of a union of values, as pydantic names them


def explain_validation_error(error: ValidationError, root: type[BaseModel]) -> InputError:
    """The first finding against ``root``."""
    first = error.errors()[0]
    kind, given, loc = first["type"], first.get("input"), spoken(first["loc"], root)
    text = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind.startswith("union_tag"):  # pydantic names the section, where its key ``kind`` is meant
        text = text.partition("expected tags: ")[2]
        loc, known = (*loc, "kind"), isinstance(given, dict) and "kind" in given
        given, kind = (given["kind"], "literal_error") if known else (None, "missing")
        text = f"one of {text}"
    key = ".".join(loc)
    if kind == "extra_forbidden" and (holders := kinds_with(root, first["loc"])):
        *above, branch, _ = first["loc"]
        place = ".".join(map(str, above))
        return InputError(
            f"{key} is not a setting of {place}.kind={branch}",
            hint=f"{place}.kind={' or '.join(holders)} has it",
        )
    if kind == "extra_forbidden":
        near = PACKAGE_LINE if key == "experiment" else nearest(loc[-1], known_keys(root, loc[:-1]))
        return InputError(f"unknown key {key}", hint=near)
    if kind == "missing":
        return InputError(f"{key} is not set", hint=f"give {key}=VALUE")
    if kind == "value_error":
        return InputError(f"{key}: {text}" if key else text)
    if kind == "literal_error" and isinstance(given, str):
        # of a list of choices, the list
        key = ".".join(part for part in loc if not part.isdecimal())
        return InputError(
            f"{key}={given}: there is no such choice",
            hint=nearest(given, re.findall("'([^']*)'", text)),
        )
    return InputError(f"{key}={given!r}: it should be {text[0].lower()}{text[1:]}")


def spoken(loc: tuple[int | str, ...], root: type[BaseModel]) -> tuple[str, ...]:
    """The place of an error as the user names it: without the branches of unions."""
    parts: list[str] = []
    for at, part in enumerate(loc):
        if part not in TYPES and not is_branch(part, under(root, loc[:at])):
            parts.append(str(part))
    return tuple(parts)


def known_keys(root: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys under ``loc``, of any kind that its section may have.

    Raises:
        KeyError: that is a value.
    """
    if not (sections := under(root, loc)):
        raise KeyError(loc)
    return list(dict.fromkeys(key for section in sections for key in section.model_fields))


def kinds_with(root: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The other kinds of a section that have the key at ``loc``; none if it has no kinds."""
    above, branch, key = loc[:-2], loc[-2:-1], loc[-1]
    sections = under(root, above)
    return (
        [kind_of(s) for s in sections if key in s.model_fields]
        if branch and is_branch(branch[0], sections)
        else []
    )


def under(root: type[BaseModel], loc: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The sections that may be at ``loc``.

    There are several in an open union, and none at a value or a wrong key.
    """
    sections = [root]
    for part in loc:
        if is_branch(part, sections):
            sections = [section for section in sections if kind_of(section) == part]
            continue
        fields = [
            section.model_fields[str(part)] for section in sections if part in section.model_fields
        ]
        types = [
            option
            for field in fields
            for option in (get_args(field.annotation) or [field.annotation])
        ]
        sections = [
            option for option in types if isinstance(option, type) and issubclass(option, BaseModel)
        ]
    return sections


def is_branch(part: int | str, sections: list[type[BaseModel]]) -> bool:
    """Whether a part of a place is the branch of a union."""
    return len(sections) > 1 and any(kind_of(section) == part for section in sections)


def kind_of(section: type[BaseModel]) -> str:
    """The one value that a section of a union has for its key ``kind``."""
    (kind,) = get_args(section.model_fields["kind"].annotation)
    return str(kind)
