"""The settings of a committed experiment, read from its files without Hydra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sciner.config import RunConfig
from sciner.config.conf import CONF
from sciner.config.flatten import flatten, word
from sciner.errors import InputError

GROUPS = [name for name in RunConfig.model_fields if name != "seed"]  # in the order of run.yaml


@dataclass(frozen=True, slots=True)
class Experiment:
    """The settings of an experiment.

    Attributes:
        words: {key: value} of everything that the files set, as on a command line; the values of an
            axis are separated by commas.
        axes: the keys in which the points differ.
    """

    words: dict[str, str]
    axes: frozenset[str]

    @property
    def constants(self) -> dict[str, str]:
        """What all points have in common."""
        return {key: value for key, value in self.words.items() if key not in self.axes}


def read_experiment(name: str, folders: Sequence[Path] = (CONF,)) -> Experiment:
    """Read the files of an experiment, its bases first; later files replace earlier settings.

    Args:
        name: such as ``rounds/crf``.
        folders: of configurations; the first that has the experiment is used.

    Raises:
        InputError: there is no such experiment.
    """
    words: dict[str, str] = {}
    axes: set[str] = set()
    for content in files_of(f"/experiment/{name}", folders):
        chosen = {
            key: word(value) for key, value in choices_of(content) if not key.startswith("hydra/")
        }
        swept = ((content.pop("hydra", None) or {}).get("sweeper") or {}).get("params") or {}
        values = {key: word(value) for key, value in flatten(content).items() if key != "defaults"}
        # a sweep sets its axes last
        constants = {key: value for key, value in (chosen | values).items() if key not in axes}
        own = constants | {key: word(value) for key, value in swept.items()}
        words |= {key: own[key] for key in sorted(own, key=place)}
        axes |= swept.keys()
    return Experiment(words, frozenset(axes))


def files_of(name: str, folders: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """The content of a file of conf/, after that of the files that its defaults list takes in."""
    import yaml

    file = next((f for folder in folders if (f := folder / f"{name[1:]}.yaml").is_file()), None)
    if file is None:
        raise InputError(
            f"{name[1:]}.yaml is in no folder of conf/", hint="name an experiment by FOLDER/FILE"
        )
    content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    for base in content.get("defaults") or ():
        if isinstance(base, str) and base != "_self_":
            yield from files_of(base, folders)
    yield content


def choices_of(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (group, choice) of each ``override`` in a defaults list."""
    for line in content.get("defaults") or ():
        if isinstance(line, dict):
            yield from (
                (key.removeprefix("override ").removeprefix("/"), choice)
                for key, choice in line.items()
            )


def place(key: str) -> tuple[int, bool]:
    """A sort key of overrides: by group, a choice before its keys, the seed last."""
    group = key.partition(".")[0]
    return GROUPS.index(group) if group in GROUPS else len(GROUPS), "." in key
