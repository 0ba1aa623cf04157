"""A run's whole configuration as MLflow's params: a default is compared like what was set."""

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
    """Every key of the configuration, dotted, and the file that was taken of each group (tags
    ``choice.<group>``). A trial's place in its study (``search``) is no setting: tags have it."""
    settings = {group: value for group, value in config.items() if group != "search"}
    found = {legal(key): redacted(word(value)) for key, value in flatten(settings).items()}
    return found | {
        tag.removeprefix("choice."): choice
        for tag, choice in tags.items()
        if tag.startswith("choice.")
    }


def word(value: Any) -> str:
    """null, true, 0.8, a list as JSON; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def legal(key: str) -> str:
    """``key`` as MLflow takes it: a class of the user's in it may have any characters."""
    bad = r"[^\w\-. :/]"
    if posixpath.normpath(key) != key or key.startswith(("/", "..")):
        bad = r"[^\w\-. :]"
    return re.sub(bad, lambda found: f"_x{ord(found[0]):x}_", key)[:KEY]
