"""Quoting of overrides that Hydra's grammar does not accept."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

import yaml

OPEN = ("threshold.classes", "annotator.rates")  # mappings whose keys are classes of a corpus


def hint_for_words(words: Sequence[str]) -> str | None:
    """How to write the first override that Hydra does not accept, quoted for the shell.

    None if all are accepted, or if no accepted form is known.
    """
    word = next((word for word in words if not can_parse(word)), None)
    form = next(filter(can_parse, forms(word)), None) if word is not None else None
    return None if form is None else f"write {shlex.quote(form)}"


def can_parse(word: str) -> bool:
    """Whether Hydra's grammar accepts an override."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def forms(word: str) -> Iterator[str]:
    """Yield other ways to write ``word``.

    A class with accents or parentheses cannot be a key, so its mapping is given as text.
    """
    key, equals, value = word.partition("=")
    if not equals:
        return
    for mapping in OPEN:
        if word.startswith(f"{mapping}."):
            label, _, number = word.removeprefix(f"{mapping}.").rpartition("=")
            yield f"{mapping}={quoted(f'{{{in_yaml(label)}: {number}}}')}"
        elif key == mapping and (classes := read_mapping(value)):
            pairs = ", ".join(
                f"{in_yaml(str(label))}: {number}" for label, number in classes.items()
            )
            yield f"{mapping}={quoted(f'{{{pairs}}}')}"
    if value.startswith("[") and value.endswith("]"):
        items = [item.strip() for item in value[1:-1].split(",")]
        forms = (item if can_parse(f"{key}={item}") else quoted(item) for item in items)
        yield f"{key}=[{','.join(forms)}]"
    yield f"{key}={quoted(value)}"


def quoted(value: str) -> str:
    """The value in the quotes of Hydra's grammar."""
    mark = "'" if '"' in value and "'" not in value else '"'
    return mark + value.replace(mark, f"\\{mark}") + mark


def in_yaml(label: str) -> str:
    """A key of a YAML mapping in braces, quoted if necessary."""
    return (
        label
        if read_mapping(f"{{{label}: 1}}") == {label: 1}
        else json.dumps(label, ensure_ascii=False)
    )


def read_mapping(text: str) -> dict[object, object]:
    """Read a mapping; empty if it is none. As in Hydra, a colon needs no space after it."""
    for form in (text, text.replace(":", ": ")):
        try:
            found = yaml.safe_load(form)
        except yaml.YAMLError:
            continue
        if isinstance(found, dict) and None not in found.values():
            return found
    return {}
