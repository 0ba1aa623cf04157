"""Downloads over HTTP that continue where they broke off."""

from __future__ import annotations

import time
from pathlib import Path

from sciner.errors import InputError

TIMEOUT = (10, 60)  # seconds to connect, and between two packets
CHUNK = 1 << 13  # bytes; a break loses less than one
# Of one file. The catalogue's largest has a few megabytes: what goes beyond is not what was
# published.
MOST_BYTES, MOST_TRIES, MOST_SECONDS = 1 << 28, 100, 1800


def is_url(place: str) -> bool:
    """Whether ``place`` is an address rather than a folder."""
    return place.startswith(("http://", "https://"))


class Downloads:
    """Connections that are kept from file to file; a context manager."""

    def __init__(self) -> None:
        import requests

        self.session = requests.Session()
        # ranges of a compressed answer could not be joined
        self.session.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Downloads:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def bring(self, url: str, part: Path, *, by_hand: Path) -> None:
        """Download what ``part`` still lacks (RFC 9110, 14.2), or all of it if need be.

        It continues after a break for as long as every attempt brings something.

        Args:
            url: of the file.
            part: where it is written.
            by_hand: where the file could be put instead, for the error message.

        Raises:
            InputError: HTTP or the network refuses, or the file does not end within MOST_BYTES,
                MOST_TRIES and MOST_SECONDS.
        """
        import requests

        until = time.monotonic() + MOST_SECONDS
        for _ in range(MOST_TRIES):
            before = _size(part)
            try:
                return self._request(url, part, before, until)
            except Endless as error:
                reason = str(error)
            except requests.HTTPError as error:
                reason = str(error).partition(" for url")[0]
            except requests.RequestException as error:
                reason = type(error).__name__
                if _size(part) > before and time.monotonic() < until:
                    continue
            break
        else:
            reason = f"it broke off {MOST_TRIES} times"
        hint = f"try again later, set SCINER_MIRROR to a copy, or put the file at {by_hand}"
        raise InputError(f"cannot be downloaded ({reason})", file=url, hint=hint)

    def _request(self, url: str, part: Path, have: int, until: float) -> None:
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            # nothing is lacking; whether the part is right its checksum tells
            if have and answer.status_code == 416:
                return
            answer.raise_for_status()
            continues = have and answer.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            )
            size = have if continues else 0
            with part.open("ab" if continues else "wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    size += len(chunk)
                    if size > MOST_BYTES:
                        part.unlink()  # there is nothing to go on from
                        raise Endless(f"more than {MOST_BYTES >> 20} MB")
                    if time.monotonic() > until:
                        raise Endless(f"not done in {MOST_SECONDS // 60} minutes")
                    file.write(chunk)


class Endless(Exception):
    """A download that is longer, or takes longer, than any file of the catalogue."""


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
