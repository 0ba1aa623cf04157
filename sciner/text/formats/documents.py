"""Documents separated by -DOCSTART- within a file."""

from __future__ import annotations

DOCSTART = "-DOCSTART-"  # separates documents in CoNLL, so it cannot be a token
BEGUN = f"{DOCSTART} rows read as the beginning of a document"


class Parts:
    """Numbers the documents of a file.

    Attributes:
        suffix: added to the file's name: nothing before the first separator, then .0000, .0001 and
            so on. Documents without a sentence are not counted.
    """

    def __init__(self) -> None:
        self.suffix = ""
        self._used, self._count = False, 0

    def begin(self) -> None:
        """Count a separator."""
        if self._used or not self.suffix:
            self.suffix, self._used = f".{self._count:04d}", False
            self._count += 1

    def hold(self) -> None:
        """Count a sentence."""
        self._used = True
