"""A light HTTP client that sends prepared requests over kept connections, and takes the time of each."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from measure.bench.figures import quantile

Address = tuple[str, int]
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def http_request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Load:
    """What came back: how long each answer took, which statuses there were, and the whole time."""

    latencies_s: tuple[float, ...]
    statuses: Mapping[int, int]
    wall_s: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.wall_s

    def ms(self, share: float) -> float:
        """Return the latency's quantile in ms."""
        return quantile(self.latencies_s, share) * 1000


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        found = LENGTH.search(self._buffer, 0, head)
        if len(self._buffer) < head + 4 + (int(found[1]) if found else 0):
            return
        status, self._buffer = int(self._buffer[9:12]), b""
        if self._answer and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> int:
        """Send, and wait for the whole answer; its status.

        Raises:
            ConnectionError: If the connection is, or becomes, closed.
        """
        if self._transport is None:
            raise ConnectionResetError("the server has closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it."""
        if self._transport:
            self._transport.close()


async def _connected(address: Address) -> Connection:
    return (await asyncio.get_running_loop().create_connection(Connection, *address))[1]


@contextlib.asynccontextmanager
async def connections(address: Address, count: int) -> AsyncIterator[list[Connection]]:
    """Open so many connections."""
    opened = [await _connected(address) for _ in range(count)]
    try:
        yield opened
    finally:
        for each in opened:
            each.close()
        await asyncio.sleep(0)


async def closed_loop(address: Address, requests: Iterable[bytes], at_once: int) -> Load:
    """Send the next request on each connection as soon as its last was answered."""
    waiting: Iterator[bytes] = iter(requests)
    latencies: list[float] = []
    statuses: dict[int, int] = {}

    async def drive(connection: Connection) -> None:
        for request in waiting:
            began = time.perf_counter()
            status = await connection.ask(request)
            latencies.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1

    async with connections(address, at_once) as opened:
        began = time.perf_counter()
        await asyncio.gather(*map(drive, opened))
        return Load(tuple(latencies), statuses, time.perf_counter() - began)


async def open_loop(
    address: Address, requests: Sequence[bytes], due_s: Sequence[float], at_once: int = 64
) -> Load:
    """Send each request when it is due, answered or not; its time counts from then, waiting included.

    Args:
        address: Where to.
        requests: In their order.
        due_s: When each is due, in seconds from the beginning.
        at_once: How many connections there are.
    """
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    free: asyncio.Queue[Connection] = asyncio.Queue()

    async def send(request: bytes, due: float) -> None:
        connection = await free.get()
        try:
            status = await connection.ask(request)
        except ConnectionError:  # it idled for too long: again on a new one, as Alertmanager does
            connection = await _connected(address)
            status = await connection.ask(request)
        finally:
            free.put_nowait(connection)
        latencies.append(time.perf_counter() - due)
        statuses[status] = statuses.get(status, 0) + 1

    async with connections(address, at_once) as opened, asyncio.TaskGroup() as sending:
        for each in opened:
            free.put_nowait(each)
        began = time.perf_counter()
        for request, due in zip(requests, due_s, strict=True):
            ahead_s = began + due - time.perf_counter()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            sending.create_task(send(request, began + due))
    return Load(tuple(latencies), statuses, time.perf_counter() - began)
