"""Which point of a sweep to start next: one whose first fit no other job is computing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sciner.config import RunConfig
from sciner.hashing import digest

ROUND_0 = {"seed", "data", "annotator", "model", "trainer"}  # what its training depends on


def first_fits(points: Sequence[RunConfig]) -> list[str]:
    """For each point, a digest of what its first fit depends on; equal digests share the fit."""
    return [digest(config.model_dump(include=ROUND_0)) for config in points]


def next_point(waiting: Sequence[int], fits: Sequence[str], begun: Collection[str]) -> int:
    """The first waiting point whose fit is not being computed.

    If there is none, the first of all, which then waits for that fit.

    Args:
        waiting: indices of points.
        fits: of every point, from ``first_fits``.
        begun: fits that are being computed.
    """
    return next((i for i in waiting if fits[i] not in begun), waiting[0])


def launch_order(fits: Sequence[str]) -> list[int]:
    """All points in the best order to start: first one point for each distinct first fit."""
    first = {fit: i for i, fit in reversed(list(enumerate(fits)))}
    return sorted(range(len(fits)), key=lambda i: (first[fits[i]] != i, i))
