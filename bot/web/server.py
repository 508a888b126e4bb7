"""Serve the HTTP side on its port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.web.callers import Callers, protocol_for
from handlers.errors import ConfigurationError

log = structlog.get_logger()

MAX_CONNECTIONS = 512
"""Callers beyond it are told to come again (503). With `BACKLOG` it leaves a process of 1,024 descriptors,
systemd's default, enough of them for Redis, Slack and the agents."""

MAX_WAITING_BYTES, MIN_BODIES = 32 * 1024 * 1024, 4
"""What all unfinished bodies may take together, and how many of the largest must find room in it."""

BACKLOG = 128
"""Callers that the kernel keeps, which is also how many are accepted in one go."""


class EmbeddedServer(uvicorn.Server):
    """uvicorn without its signal handlers: it would end the process before the worker could let go."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program around it."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open a port.

    Raises:
        ConfigurationError: If it cannot be opened.
    """
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} of {host} cannot be opened: {error.strerror}; choose another in [web]."
        ) from error
    log.info("listening", host=host, port=port)
    return listening


async def serve(app: ASGIApp, listening: socket.socket, max_body_bytes: int) -> None:
    """Serve at an open port until cancelled, and then finish what has begun."""
    server = EmbeddedServer(
        uvicorn.Config(
            app,
            http=protocol_for(Callers(max_waiting_bytes=max(MAX_WAITING_BYTES, MIN_BODIES * max_body_bytes))),
            ws="none",
            log_level="warning",
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=BACKLOG,
        )
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
