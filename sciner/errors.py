"""Errors of the input, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(ValueError):
    """What the user gave cannot be used (exit code 2, no traceback).

    One line names the place, the problem and, as the ``hint``, how to correct it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        hint: str = "",
    ) -> None:
        where = "" if file is None else f"{file}: " if line is None else f"{file}:{line}: "
        text = f"{where}{problem}" + (f"; {hint}" if hint else "")
        super().__init__(" ".join(text.split()))
        self.file, self.line = file, line
        self.last: int | None = None  # the last line that is at fault, where there are several

    def __reduce__(self) -> tuple[type[InputError], tuple[str]]:
        return type(self), (str(self),)


class CostLimitReached(Exception):
    """The next question to a language model might exceed the limit of its cost (exit code 4).

    Nothing is wrong, and what is finished stays.
    """

    def __init__(self, limit: float, spent: float) -> None:
        super().__init__(
            f"llm.max_cost={limit:g} is reached: the answers have cost {spent:.6g}, and the next "
            "one might exceed it; finished rounds are on disk, answers in the store; to continue, "
            "repeat the command with a higher llm.max_cost"
        )
        self.limit, self.spent = limit, spent

    def __reduce__(self) -> tuple[type[CostLimitReached], tuple[float, float]]:
        return type(self), (self.limit, self.spent)


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint for a misspelt ``word``: the closest of ``known``, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
