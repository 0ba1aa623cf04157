"""A copy of the code in the folder of a submitted sweep: what is submitted is what runs."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import hydra_plugins
from sciner.config.conf import CONF, PACKAGE
from sciner.run.provenance import SNAPSHOT, git_state

LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def take_snapshot(place: Path) -> list[str]:
    """Copy the package, its configuration and its Hydra plugins.

    Args:
        place: the new folder.

    Returns:
        Lines of shell that make a job import from there, wherever it starts: the working directory
        may be a checkout that has changed since.
    """
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(PACKAGE, place / PACKAGE.name, ignore=LEFT_OUT)
    if CONF.parent != PACKAGE:  # a checkout; a wheel has it inside
        shutil.copytree(CONF, place / CONF.name, ignore=LEFT_OUT)
    for folder in map(Path, hydra_plugins.__path__):
        for plugin in folder.glob("sciner_*"):
            target = place / "hydra_plugins" / plugin.name
            shutil.copytree(plugin, target, ignore=LEFT_OUT, dirs_exist_ok=True)
    (place / SNAPSHOT).write_text(json.dumps(git_state()), encoding="utf-8")
    path = shlex.quote(str(place))
    return [
        f'export PYTHONPATH={path}"${{PYTHONPATH:+:$PYTHONPATH}}"',
        "export PYTHONSAFEPATH=1",
    ]
