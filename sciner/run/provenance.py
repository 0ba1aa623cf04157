"""Where a run comes from: the commit and the versions."""

from __future__ import annotations

import json
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from sciner.config.conf import PACKAGE

SNAPSHOT = "git.json"  # beside a copy of the package that was submitted: of when it was taken
PACKAGES = (
    "sciner",
    "torch",
    "transformers",
    "pytorch-lightning",
    "python-crfsuite",
    "pypdfium2",
    "seqeval",
    "hydra-core",
    "mlflow",
)


def git_state() -> dict[str, str]:
    """Commit and dirty flag of the repository of the working directory; empty without one.

    A submitted sweep runs a copy of the code, which has them in a file.
    """
    if (snapshot := PACKAGE.parent / SNAPSHOT).is_file():
        found: dict[str, str] = json.loads(snapshot.read_text(encoding="utf-8"))
        return found
    try:
        commit = _git("rev-parse", "HEAD")
        return {
            "git.commit": commit,
            "git.dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
        }
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return {}


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


@cache
def versions() -> dict[str, str]:
    """Installed versions of packages that can change a score."""
    found = {"version.python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[f"version.{name}"] = version(name)
        except PackageNotFoundError:
            continue
    return found
