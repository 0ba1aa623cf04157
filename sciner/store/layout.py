"""The default place of a store, and the names of its folders."""

from __future__ import annotations

from pathlib import Path

DEFAULT_FOLDER = Path(".sciner/store")  # in the working directory

STEPS = "steps"  # entries, complete
RUNS = "runs"  # records of finished runs
TMP = "tmp"  # entries that are being written, or removed
ASIDE = "aside"  # entries that were damaged
LOCKS = "locks"  # a file for each key that somebody computes
LEASES = "leases"  # a file for each living process: what it uses
