"""Slurm's own commands: who is in the queue, and how to change that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence

SECONDS = 30  # that Slurm gets to answer
# not COMPLETING: a job that is queued again has this state until its node is clean
GONE = ("CANCELLED", "COMPLETED", "FAILED", "NODE_FAIL", "TIMEOUT")
TRIES = 3  # Slurm may be too busy to answer when many jobs are preempted at once
MANY = 200  # job ids in one command


def ask(*words: str) -> str | None:
    """What a command prints; None where it is absent, fails or does not answer."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def queued() -> dict[str, str] | None:
    """Return {job id: Slurm's state} of this user's jobs; None if Slurm does not answer."""
    told = ask("squeue", "--me", "--array", "--noheader", "--format=%i %T")
    if told is None:
        return None
    jobs = dict(line.split(maxsplit=1) for line in told.splitlines() if line.strip())
    return {job: state for job, state in jobs.items() if state not in GONE}


def own_job() -> str:
    """The id of the job that this process runs in, as ``queued`` has it."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")


def requeue(job: str) -> bool:
    """Queue a running job again.

    Returns:
        False if it is no longer running (it is being cancelled, or Slurm has queued it again
        itself), or if Slurm refuses.
    """
    for _ in range(TRIES):
        jobs = queued()
        if jobs is not None and jobs.get(job) != "RUNNING":
            return False
        if jobs is not None and ask("scontrol", "requeue", job) is not None:
            return True
    return False


def release(jobs: Iterable[str]) -> None:
    """Let jobs begin that wait for others."""
    for job in jobs:
        ask("scontrol", "update", f"JobId={job}", "Dependency=")


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs; those that have ended stay as they are."""
    for start in range(0, len(jobs), MANY):
        ask("scancel", *jobs[start : start + MANY])
