"""Hydra's errors in overrides, as one line with the nearest correct spelling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sciner.config import known_keys
from sciner.config.conf import CONF, GROUPS, PACKAGE_LINE
from sciner.errors import InputError, nearest
from sciner.launch.quoting import can_parse, hint_for_words
from sciner.search.options import SearchOptions

PLUGINS = {  # choices that need a package: how to get it
    "hydra/sweeper=sciner_optuna": (
        "install sciner as a package, pip install -e '.[optuna]', or put its checkout on PYTHONPATH"
    ),
    "hydra/launcher=submitit_slurm": "install the extra: pip install 'sciner[slurm]'",
    "hydra/launcher=joblib": "leave it out: a sweep already runs its points in parallel",
}


RENAMED = {  # old names, and what they are called now
    "threshold=none": "threshold=accept_all",
    "threshold=reject": "threshold=accept_none",
    "iteration=self_training": "iteration=paper",
    "model.weights": "model.weights_format",
    "store.weights": "store.keep_weights",
    "tracking.save_weights": "save_model",
}


def explain_hydra_error(message: str, words: Sequence[str] = ()) -> InputError:
    """Turn Hydra's message into one line with the nearest correct spelling.

    Args:
        message: of Hydra.
        words: the overrides that it got.
    """
    if found := re.search(r"Could not override '([^']+)'", message):
        group, _, folder = found[1].partition("/")
        if folder and group in GROUPS:
            return InputError(f"unknown group {found[1]}", hint=f"give {group}={folder}/CHOICE")
        if found[1] in RENAMED:
            hint = f"it is {RENAMED[found[1]]} now"
        elif "@experiment." in found[1]:
            hint = PACKAGE_LINE
        else:
            hint = hint_for_key(found[1].split("."))
        return InputError(f"unknown key {found[1]}", hint=hint)
    if found := re.search(r"Could not (?:find|load) '((?:hydra/)?[^'/]+)/([^']+)'", message):
        group, choice = found[1], found[2]
        if plugin := PLUGINS.get(f"{group}={choice}"):
            return InputError(f"{group}={choice}: Hydra finds no plugin of that name", hint=plugin)
        if group == "search" and "test" in choice:
            return InputError(
                f"search={choice}: the test set must not choose settings",
                hint="give search=dev or search=cross_fit",
            )
        return no_choice(group, choice)
    if form := hint_for_words(words):
        word = next(word for word in words if not can_parse(word))
        return InputError(f"Hydra cannot parse {word}", hint=form)
    return InputError(" ".join(message.split("\n\n")[0].split()), hint="see sciner run --help")


def no_choice(group: str, choice: str) -> InputError:
    """The error for a choice that a group does not have, or that is only a base of others."""
    word, known = f"{group}={choice}", choices_of(group)
    if word in RENAMED:
        return InputError(f"{word}: there is no such choice", hint=f"it is {RENAMED[word]} now")
    if group.startswith("hydra/"):
        known = {word.partition("=")[2] for word in PLUGINS if word.startswith(f"{group}=")} | {
            "basic"
        }
    return InputError(f"{word}: there is no such choice", hint=nearest(choice, known or {group}))


def choices_of(group: str) -> set[str]:
    """The choices of a group of conf/: its files, also those in subfolders, without bases."""
    folder = CONF / group
    return {
        p.relative_to(folder).with_suffix("").as_posix()
        for p in folder.rglob("*.yaml")
        if not is_base(p.stem)
    }


def is_base(choice: str) -> bool:
    """Whether a file only holds what other files have in common, so that it cannot be chosen."""
    return choice.rpartition("/")[2].startswith("_")


def hint_for_key(parts: Sequence[str]) -> str:
    """The nearest spelling of the first unknown part, or the choices whose files have the key."""
    if parts[:2] == ["hydra", "sweeper"] and len(parts) > 2:
        options = SearchOptions.model_fields
        return (
            "add hydra/sweeper=sciner_optuna"
            if parts[2] in options and len(parts) == 3
            else nearest(parts[2], options)
        )
    for depth, part in enumerate(parts):
        try:
            known = {*known_keys(tuple(parts[:depth])), *(GROUPS if depth == 0 else ())}
        except (KeyError, AttributeError):  # a key below a plain value
            break
        if part not in known:
            return nearest(part, known)
    holders = []
    if len(parts) in (2, 3):  # the key of a choice, or a key of its open mapping
        line = (
            f"{re.escape(parts[1])}:" if len(parts) == 2 else rf"  - /open@{re.escape(parts[1])}\b"
        )
        files = sorted(p for p in (CONF / parts[0]).glob("*.yaml") if not is_base(p.stem))
        holders = [f"{parts[0]}={p.stem}" for p in files if holds(p, line)]
    shown = " or ".join(holders[:3]) + (" or another" if len(holders) > 3 else "")
    return f"{shown} has it" if holders else "sciner run --cfg job shows all keys"


def holds(file: Path, line: str) -> bool:
    """Whether a choice's file, or one of its bases, has a line that starts with a pattern."""
    text = file.read_text(encoding="utf-8")
    above = [
        file.with_name(f"{name}.yaml")
        for name in re.findall(r"^  - (\w+)$", text, re.M)
        if name != "_self_"
    ]
    return bool(re.search(rf"^{line}", text, re.M)) or any(holds(path, line) for path in above)
