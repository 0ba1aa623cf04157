"""The server process: its socket, and how it stops."""

from __future__ import annotations

import os
import socket

import uvicorn

from sciner.localhost import binding
from sciner.serve.guard import Guard
from sciner.serve.predictor import Predictor


class Server(uvicorn.Server):
    """Stops in about a second, whatever it is doing: nothing that it does is kept."""

    def __init__(self, app: Guard, predictor: Predictor) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # the guard writes the log
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self.predictor = predictor

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the waiting of all requests, and the process."""
        self.predictor.close()
        await super().shutdown(sockets)
        os._exit(0)  # Python would wait for threads that compute, and a second for torch


def listen(host: str, port: int) -> socket.socket:
    """Open a socket; port 0 is any free one.

    Raises:
        InputError: the address cannot be used.
    """
    with binding(port, host):
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()  # whoever comes before the server is ready waits
    return bound


def serve(app: Guard, predictor: Predictor, bound: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM, which end the process with exit code 0."""
    Server(app, predictor).run([bound])
