"""The files of conf/, its groups, and the keys that change no result."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
HYDRA = "hydra"  # a folder of conf/ with choices of Hydra's own groups
# inside a wheel, beside a checkout
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
GROUPS = sorted(p.name for p in CONF.iterdir() if p.is_dir() and p.name != HYDRA)

# The groups and keys that change no result: runs that differ in nothing else have the same scores.
NO_RESULT = frozenset(
    {
        "store",  # where results of steps are kept
        "tracking",  # where runs are shown
        "search",  # what a trial reports to its study; its rounds are those of a run by itself
        "save_model",  # whether the trained model stays
        "suspects",  # whether label errors are looked for
        "experiment",  # no section of its own: what its files set stands in the other groups
    }
)

# what to do about an experiment whose settings end up under a key of its own
PACKAGE_LINE = "begin the experiment's file with the line '# @package _global_'"
