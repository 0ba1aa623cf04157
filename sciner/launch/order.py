"""Which point of a sweep to start next: one whose first fit nobody is computing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sciner.config import RunConfig
from sciner.hashing import digest

ROUND_0 = {"seed", "data", "annotator", "model", "trainer"}  # all that its training depends on


def first_fits(points: Sequence[RunConfig]) -> list[str]:
    """A digest for each point of what its first fit depends on: points with the same share it."""
    return [digest(config.model_dump(include=ROUND_0)) for config in points]


def next_point(waiting: Sequence[int], fits: Sequence[str], begun: Collection[str]) -> int:
    """Of the ``waiting`` points, the first whose fit is not among those ``begun`` and not yet
    ended; the first of all where there is none, which then waits for the fit.

    fits: of every point, as ``first_fits`` says.
    """
    return next((i for i in waiting if fits[i] not in begun), waiting[0])


def launch_order(fits: Sequence[str]) -> list[int]:
    """All points, in the order in which they are best started: the first of each group that shares
    a fit, then the others."""
    first = {fit: i for i, fit in reversed(list(enumerate(fits)))}
    return sorted(range(len(fits)), key=lambda i: (first[fits[i]] != i, i))
