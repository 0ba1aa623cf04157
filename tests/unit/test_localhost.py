"""Servers on this machine answer to its own names, and say which port they cannot have."""

from __future__ import annotations

import socket

import pytest

from sciner.errors import InputError
from sciner.localhost import ADDRESS, HOSTS, binding, check_free, host_of


@pytest.mark.parametrize(
    ("header", "own"),
    [
        *((host, True) for host in ("localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:9")),
        *((host, False) for host in ("", "evil.org", "localhost.evil.org:80", "localhost:evil")),
    ],
)
def test_only_the_names_of_this_machine_are_its_own(header: str, own: bool) -> None:
    assert (host_of(header) in HOSTS) == own


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.create_server((ADDRESS, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} cannot be used .*give another --port"):
            check_free(port)
    check_free(port)


def test_a_host_that_cannot_be_bound_may_be_changed_too() -> None:
    told = r"h port 1 .*give another --host or --port"
    with pytest.raises(InputError, match=told), binding(1, "h"):
        raise OSError(99, "Cannot assign requested address")
