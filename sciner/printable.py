"""Text from outside that is shown: in a terminal, and in Markdown."""

from __future__ import annotations

import re

CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd")


def printable(text: str) -> str:
    """Replace control characters, with which a corpus could control the terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def without_controls(text: str) -> str:
    r"""Replace control codes alone: in Markdown, marks and spaces of any script may stay.

    >>> without_controls("a\u00a0b") == "a\u00a0b", without_controls("\x1b[31m")
    (True, '\ufffd[31m')
    """
    return text.translate(CONTROLS)


def code_span(text: str) -> str:
    """Quote text as code in Markdown, whatever it contains.

    The fence is longer than any run of backticks in the text (CommonMark, section 6.1).

    >>> print(code_span("Task"), code_span("a`b"))
    `Task` `` a`b ``
    """
    runs = re.findall("`+", text)
    if not runs:
        return f"`{without_controls(text)}`"
    fence = "`" * (1 + max(map(len, runs)))
    return f"{fence} {without_controls(text)} {fence}"
