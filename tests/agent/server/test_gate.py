"""Who connects and says nothing costs the agent next to nothing, and keeps nobody out."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from agent.server.gate import Gate, GateLimits
from agent.server.routes import tls_context
from agent.settings import Settings
from tests.agent.bed import Pki, agent_process, client_of

pytestmark = pytest.mark.process

CALLERS = 2_000
# Row 19 of the threat model: the unit allows 512 MiB, of which the agent itself takes some 40.
MAX_GROWTH_MIB = 48


@contextmanager
def many_descriptors() -> Iterator[None]:
    """Let this process, and those that it starts, open as many files as the agent's unit may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 8192:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 8192), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_mib(pid: int, what: str = "VmHWM") -> float:
    """The most memory that a process has had at once, or has now (`VmRSS`)."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def call(url: str, number: int, says: bytes) -> socket.socket:
    """Connect from one of many addresses."""
    caller = socket.socket()
    caller.bind((f"127.0.{1 + number // 200}.{1 + number % 200}", 0))
    caller.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    if says:
        caller.send(says)
    return caller


@pytest.mark.parametrize(
    "says", [b"", b"\x16", b"\x16\x03\x01\x01\x00\x01"], ids=["nothing", "a byte", "six"]
)
async def test_row_19_two_thousand_silent_callers_are_no_memory(
    settings_document: dict[str, Any], tmp_path: Path, pki: Pki, says: bytes
) -> None:
    callers: list[socket.socket] = []
    with many_descriptors():
        async with agent_process(settings_document, tmp_path) as (process, url):
            before_mib = resident_mib(process.pid)
            try:
                for number in range(CALLERS):
                    callers.append(await asyncio.to_thread(call, url, number, says))
                async with client_of(pki, url, pki.issue("bot")) as http, asyncio.timeout(30):
                    assert (await http.get("/v1/health")).status_code == 200
                assert resident_mib(process.pid) - before_mib < MAX_GROWTH_MIB
            finally:
                for caller in callers:
                    caller.close()


async def test_row_09_a_taken_over_bot_takes_little_of_the_agents_memory(
    settings_document: dict[str, Any], tmp_path: Path, pki: Pki
) -> None:
    """Heads without end, requests ahead of their answers, a thousand connections, all with the bot's key."""
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    context.load_cert_chain(pki.issue("bot"))
    beginning = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"
    with many_descriptors():
        async with agent_process(settings_document, tmp_path) as (process, url):
            port, before_mib = int(url.rpartition(":")[2]), resident_mib(process.pid)

            async def connected() -> asyncio.StreamWriter:
                return (await asyncio.open_connection("127.0.0.1", port, ssl=context))[1]

            for sent in (b"x: " + b"a" * 65_000 + b"\r\n", b"\r\n" + beginning):
                writer = await connected()
                writer.write(beginning)
                with suppress(OSError):
                    for _ in range(2_000):
                        if writer.is_closing():
                            break
                        writer.write(sent * (1 if len(sent) > 1_000 else 500))
                        await writer.drain()
                writer.transport.abort()
            crowd = [await connected() for _ in range(1_000)]
            async with client_of(pki, url, pki.issue("bot")) as http, asyncio.timeout(30):
                assert (await http.get("/v1/health")).status_code == 200
            assert resident_mib(process.pid) - before_mib < MAX_GROWTH_MIB
            for writer in crowd:
                writer.transport.abort()


class Served(asyncio.Protocol):
    """Says that a handshake is done."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"through")


@asynccontextmanager
async def gate(settings: Settings, limits: GateLimits) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        opened = Gate(listener, tls_context(settings.tls), Served, limits)
        try:
            yield port
        finally:
            opened.close()
            await opened.wait_closed()


@asynccontextmanager
async def callers(port: int, *addresses: str) -> AsyncIterator[list[asyncio.StreamReader]]:
    """One silent connection after the other, from these addresses."""
    opened = []
    try:
        for address in addresses:
            opened.append(await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)))
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def test_one_address_takes_the_places_of_its_own(settings: Settings) -> None:
    limits = GateLimits(max_unfinished=4, max_unfinished_per_address=2, handshake_s=60)
    greedy = ["127.0.0.8"] * 3
    async with gate(settings, limits) as port, callers(port, "127.0.0.9", *greedy) as readers:
        async with asyncio.timeout(60):
            assert await readers[1].read() == b"", "the oldest of the greedy one is dropped"
        assert [reader.at_eof() for reader in readers] == [False, True, False, False]


async def test_where_all_places_are_taken_the_oldest_is_dropped(settings: Settings) -> None:
    limits = GateLimits(max_unfinished=3, max_unfinished_per_address=8, handshake_s=60)
    addresses = [f"127.0.0.{number}" for number in range(2, 6)]
    async with gate(settings, limits) as port, callers(port, *addresses) as readers:
        async with asyncio.timeout(60):
            assert await readers[0].read() == b""
        assert [reader.at_eof() for reader in readers] == [True, False, False, False]


async def test_who_is_through_counts_no_more(settings: Settings, pki: Pki) -> None:
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    context.load_cert_chain(pki.issue("bot"))
    limits = GateLimits(max_unfinished=1, max_unfinished_per_address=1, handshake_s=60)
    async with gate(settings, limits) as port, asyncio.timeout(60):
        connections = [await asyncio.open_connection("127.0.0.1", port, ssl=context) for _ in range(5)]
        for reader, writer in connections:
            assert await reader.readexactly(7) == b"through"
            writer.transport.abort()


@pytest.mark.parametrize("says", [b"", b"\x16\x03\x01"], ids=["nothing", "three bytes"])
async def test_who_is_slow_is_hung_up_on(settings: Settings, says: bytes) -> None:
    async with gate(settings, GateLimits(handshake_s=0.2)) as port, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(says)
        assert await reader.read() == b""
        writer.close()


async def test_the_descriptor_of_a_closed_gate_is_anybodys_at_once(settings: Settings) -> None:
    """What opens a socket while the keys are exchanged, or while the agent ends, may get its number."""
    listener = socket.create_server(("127.0.0.1", 0))
    closed = Gate(listener, tls_context(settings.tls), Served, GateLimits())
    await asyncio.sleep(0)  # it listens
    number, heard = listener.fileno(), asyncio.Event()
    near, far = socket.socketpair()
    with near, far:
        closed.close()
        with socket.socket(fileno=os.dup2(near.fileno(), number)) as next_one:
            asyncio.get_running_loop().add_reader(next_one, heard.set)
            await closed.wait_closed()
            far.send(b"hello")
            async with asyncio.timeout(10):
                await heard.wait()
            assert asyncio.get_running_loop().remove_reader(next_one)
