"""Documents that -DOCSTART- separates within a file."""

from __future__ import annotations

DOCSTART = "-DOCSTART-"  # what begins a document in CoNLL, so no token
BEGUN = f"{DOCSTART} rows read as the begin of a document"


class Parts:
    """``suffix``: what is added to the file's name; nothing before the first separator, then .0000,
    .0001 and so on. A document without a sentence is not counted."""

    def __init__(self) -> None:
        self.suffix = ""
        self._used, self._count = False, 0

    def begin(self) -> None:
        """A separator."""
        if self._used or not self.suffix:
            self.suffix, self._used = f".{self._count:04d}", False
            self._count += 1

    def hold(self) -> None:
        """A sentence."""
        self._used = True
