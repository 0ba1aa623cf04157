"""This machine as the address of a server: its names and its ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sciner.errors import InputError

ADDRESS = "127.0.0.1"
HOSTS = (ADDRESS, "localhost", "::1")


def host_of(header: str) -> str:
    """The name in a Host header, without port and brackets."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    return name.removeprefix("[").removesuffix("]").lower()


@contextmanager
def binding(port: int, host: str = ADDRESS) -> Iterator[None]:
    """Raise InputError if the port cannot be bound inside."""
    try:
        yield
    except OSError as error:
        other = "--port" if host == ADDRESS else "--host or --port"
        raise InputError(
            f"{host} port {port} cannot be used ({error.strerror})", hint=f"give another {other}"
        ) from None


def check_free(port: int) -> None:
    """Raise InputError for a port on which another server listens."""
    with socket.socket() as trial, binding(port):
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((ADDRESS, port))
