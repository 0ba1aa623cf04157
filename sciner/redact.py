"""Removal of passwords from text.

Addresses are parsed by SQLAlchemy, as they are when it connects.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from itertools import pairwise

SECRET = "SCINER_SECRET_"  # variables of the environment: what ``veiled`` took out of words
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# names of an address's options; odbc_connect is a whole address of its own
HIDING = re.compile(
    r"pass|pwd|secret|token|key|odbc_connect|auth(?!or)|credential|\bsig\b|signature|\bcode\b",
    re.IGNORECASE,
)
OPTION = re.compile(r"(?<=[?&#])([^=&]+)=([^&\s'\"]*?)(?=[)\]},]*(?:[&\s'\"]|$))")
WITH_PORT = re.compile(r"https?://[^/:@]*:\d*/")  # and no user: an @ behind it is part of the path
TOKEN_ALONE = re.compile(r"https?://([^/:@?#\s]+)@", re.IGNORECASE)  # a user without a password
# characters of a password, or a part of one, that are looked for outside of addresses too
SHORTEST = 4
VEIL = re.compile(rf"\$\{{oc\.env:{SECRET}\d+\}}")


def redacted(text: str, *, veils: bool = True) -> str:
    """Remove the password of any address in ``text``, and any password that ``veiled`` has met.

    Args:
        text: for people or for a file.
        veils: also replace the variables that stand for passwords. Hydra's files can keep them.
    """
    text = VEIL.sub("***", text) if veils else text
    for part in sorted(
        {part for secret in known().values() for part in parts_of(secret)}, key=len, reverse=True
    ):
        text = text.replace(part, "***") if len(part) >= SHORTEST else text
    for start, end in reversed(list(secrets(text, r"\S*"))):
        if not VEIL.fullmatch(text[start:end]):
            text = f"{text[:start]}***{text[end:]}"
    return text


def veiled(word: str) -> str:
    """Replace each password in a word of a command line by a variable of the environment.

    Whatever Hydra writes and prints of its words is then safe to read. Processes that are started
    inherit the variables (``${oc.env:…}``).
    """
    for start, end in reversed(list(secrets(word, r"[^\n]*"))):
        name = keep_secret(re.sub(r"\\(.)", r"\1", word[start:end]))  # Hydra's escapes
        word = f"{word[:start]}${{oc.env:{name}}}{word[end:]}"
    return word


def keep_secret(secret: str) -> str:
    """Let ``redacted`` know of ``secret``, also in processes that are started.

    Returns:
        The variable of the environment that holds it.
    """
    there = known()
    name = next((name for name, value in there.items() if value == secret), f"{SECRET}{len(there)}")
    os.environ[name] = secret
    return name


def known() -> dict[str, str]:
    """The passwords that ``veiled`` has met, by variable."""
    return {name: value for name, value in os.environ.items() if name.startswith(SECRET)}


def parts_of(secret: str) -> Iterator[str]:
    """Yield a password, and what of it a library may print that misreads its ``@`` or ``/``."""
    ends = [found.end() for found in re.finditer(r"[@:/?#]", secret)]
    yield from (secret[start:] for start in (0, *ends))
    yield from re.split(r"[@:/?#]", secret)


class Redaction(logging.Filter):
    """Removes passwords from messages and tracebacks of a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redacted(logging.Formatter().formatException(record.exc_info))
        return True


def secrets(text: str, rest: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every password in an address of ``text``.

    Args:
        text: to be searched.
        rest: a regular expression of what may follow an address's scheme; an address ends before
            the next one.
    """
    begins = [found.start() for found in SCHEME.finditer(text)]
    for start, behind in pairwise([*begins, len(text)]):
        whole = re.compile(SCHEME.pattern + rest).match(text, start, behind)
        if whole and any(mark in whole[0] for mark in "@?#"):
            yield from ((start + a, start + b) for a, b in secrets_of(whole[0]))


def secrets_of(address: str) -> list[tuple[int, int]]:
    """Return (start, end) of the password of ``address``, and of its secret options.

    Options are secret by their names. A password is often written as it is, though its ``@`` and
    ``:`` should be escaped. It extends to the last ``@`` of what would otherwise be the host, the
    port or the database.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    begin = address.index("://") + 3
    try:
        url = make_url(address)
        has, behind = url.password is not None, f"{url.host or ''}/{url.database or ''}"
    except (ArgumentError, ValueError):
        has, behind = ":" in address[begin:].partition("@")[0], "@"
    found = []
    if has and "@" in address and not WITH_PORT.match(address):
        start, end = address.index(":", begin) + 1, address.index("@", begin)
        if "@" in behind:
            query = address.find("?", end)
            end = address.rindex("@", begin, query if query > 0 else len(address))
        found.append((start, end))
    elif token := TOKEN_ALONE.match(address):
        found.append(token.span(1))
    for option in OPTION.finditer(address):
        if HIDING.search(option[1]):
            found.append(option.span(2))
    return joined(found)


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """``spans`` in their order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
