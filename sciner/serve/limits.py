"""What a server accepts before it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server, each > 0.

    Attributes:
        bytes: of one request's body.
        sentences: of one request.
        requests: that are answered at a time, waiting ones included.
        seconds: for reading one request, and again for its predictions.
    """

    bytes: int = 8 * 2**20
    sentences: int = 2000
    requests: int = 128
    seconds: float = 60.0
