"""The whole configuration of a run as MLflow's params, so that defaults can be compared too."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from sciner.config.flatten import flatten
from sciner.redact import redacted

KEY = 250  # characters of a param's name, MLflow's limit


def params_of(config: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, str]:
    """Every dotted key of the configuration, and the chosen file of each group.

    The ``search`` section is left out: a trial's number is recorded as a tag.

    Args:
        config: of the run.
        tags: with the choices (``choice.<group>``).
    """
    settings = {group: value for group, value in config.items() if group != "search"}
    found = {legal(key): redacted(word(value)) for key, value in flatten(settings).items()}
    return found | {
        tag.removeprefix("choice."): choice
        for tag, choice in tags.items()
        if tag.startswith("choice.")
    }


def word(value: Any) -> str:
    """A value as text: null, true, 0.8, a list as JSON, a string as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def legal(key: str) -> str:
    """``key`` with only the characters that MLflow allows; names of classes may have others."""
    bad = r"[^\w\-. :/]"
    if posixpath.normpath(key) != key or key.startswith(("/", "..")):
        bad = r"[^\w\-. :]"
    return re.sub(bad, lambda found: f"_x{ord(found[0]):x}_", key)[:KEY]
