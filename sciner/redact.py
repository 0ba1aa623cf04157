"""Text without passwords."""

from __future__ import annotations

import re


def redacted(text: str) -> str:
    """``text`` without the password of any address in it."""
    return re.sub(r"(://[^:/@\s]*):[^@/\s]+@", r"\1:***@", text)
