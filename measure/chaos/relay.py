"""A TCP relay in front of a port: it can be slow, and it can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from lab.layout import Address

CHUNK_BYTES = 65_536


class Relay:
    """Passes on what comes; `async with` opens and closes it.

    Args:
        host: Where it listens, on a free port.
        target: Where it dials, asked anew for each connection.
    """

    def __init__(self, host: str, target: Callable[[], Address]) -> None:
        self._host = host
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.hold_s = 0.0
        self.is_cut = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self.address = Address(*self._server.sockets[0].getsockname()[:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection, and each new one until it is mended."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self.is_cut, self.hold_s = False, 0.0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        connection = object()
        try:
            if self.is_cut:
                return
            far_reader, far_writer = await asyncio.open_connection(*self._target())
            self._open.add(far_writer)
            try:
                await asyncio.gather(
                    self._pass(reader, far_writer, connection, asks=True),
                    self._pass(far_reader, writer, connection, asks=False),
                )
            finally:
                self._open.discard(far_writer)
                far_writer.transport.abort()
        except OSError:
            pass  # whoever it was is gone
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def goes_on(self, chunk: bytes, connection: object, *, asks: bool) -> bool:
        """Return whether what was sent (to the target where it `asks`) is passed on."""
        return True

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: object, *, asks: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if asks and self.hold_s:
                    await asyncio.sleep(self.hold_s)
                if not await self.goes_on(chunk, connection, asks=asks):
                    break
                writer.write(chunk)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.close()
