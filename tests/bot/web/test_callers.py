"""Row 19, the bot's own port: who sends slowly, without end or by the hundred holds up nobody else.

The bot is a process of its own with systemd's default of 1,024 descriptors, and callers are real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import resource
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from measure.bench.bodies import body
from measure.bench.load import Address
from measure.bench.rig import AUTHORIZED, Running, rig
from measure.bench.slack_stub import SIGNING_SECRET

pytestmark = pytest.mark.process

DESCRIPTORS = 1_024
MAX_RESIDENT_MIB = 300
MAX_ANSWER_S = 1.0


@contextlib.contextmanager
def few_descriptors() -> Iterator[None]:
    """What is started meanwhile has systemd's soft limit; the callers here have all that there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Running]:
    async with rig(tmp_path) as on:
        with few_descriptors():
            serving = on.bot("serve", on.configure())
            started = await serving.__aenter__()
        try:
            yield started
        finally:
            await serving.__aexit__(None, None, None)


def head(path: str, length: int, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: bot", f"Content-Length: {length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def signed_by_nobody(length: int) -> bytes:
    """The head of a request that says that Slack signed it."""
    now, nobodys = str(int(time.time())), "v0=" + "0" * 64
    return head("/slack/events", length, X_Slack_Request_Timestamp=now, X_Slack_Signature=nobodys)


class Crowd:
    """Connections that are held open, each after it sent the same."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.readers: list[asyncio.StreamReader] = []

    async def come(self, address: Address, count: int, sent: bytes) -> None:
        for _ in range(count):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    reader, writer = await asyncio.open_connection(*address)
                    self.writers.append(writer)
                    self.readers.append(reader)
                    writer.write(sent)

    async def say(self, more: bytes) -> None:
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.write(more)
        await asyncio.sleep(0)

    def leave(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    many = Crowd()
    yield many
    many.leave()


async def answered(address: Address, request: bytes) -> tuple[int, float]:
    """The status of an answer, and how long it took on a connection of its own."""
    began = time.perf_counter()
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(request)
        status = int((await reader.readuntil(b"\r\n")).split()[1])
    writer.close()
    return status, time.perf_counter() - began


def webhook() -> bytes:
    told = body("c0", "SomethingElse")
    return head("/alertmanager", len(told), **AUTHORIZED) + told


def from_slack() -> bytes:
    """A request that Slack signed."""
    told = b'{"type":"url_verification","challenge":"x%d"}' % time.monotonic_ns()
    now = str(int(time.time()))
    signature = hmac.new(SIGNING_SECRET.encode(), b"v0:" + now.encode() + b":" + told, hashlib.sha256)
    return (
        head(
            "/slack/events",
            len(told),
            Content_Type="application/json",
            X_Slack_Request_Timestamp=now,
            X_Slack_Signature=f"v0={signature.hexdigest()}",
        )
        + told
    )


async def both_are_answered(bot: Running) -> None:
    for _ in range(5):
        for request in (webhook(), from_slack()):
            status, took_s = await answered(bot.address, request)
            assert (status, took_s < MAX_ANSWER_S) == (200, True), (status, took_s)
    assert bot.peak_mib <= MAX_RESIDENT_MIB


async def test_row_19_unfinished_bodies_by_the_hundred_take_little_memory(bot: Running, crowd: Crowd) -> None:
    unfinished = signed_by_nobody(1_048_576) + b"x" * 1_048_000
    for _ in range(11):
        await crowd.come(bot.address, 100, unfinished)
        await asyncio.sleep(0.1)
    await both_are_answered(bot)
    print(f"resident {bot.peak_mib:.0f} MiB")


async def test_row_19_slow_heads_by_the_hundred_take_no_descriptor(bot: Running, crowd: Crowd) -> None:
    await crowd.come(bot.address, 1_100, b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nX-A: ")
    await both_are_answered(bot)
    await crowd.say(b"y")
    await both_are_answered(bot)


async def test_row_19_who_is_slow_is_hung_up_on_in_time(bot: Running, crowd: Crowd) -> None:
    await crowd.come(bot.address, 5, b"POST /slack/events HTTP/1.1\r\n")
    await crowd.come(bot.address, 5, signed_by_nobody(1_000) + b"x")
    await crowd.come(bot.address, 5, b"")
    began = time.monotonic()
    async with asyncio.timeout(10):
        for reader in crowd.readers:
            with contextlib.suppress(ConnectionError):
                while time.monotonic() - began < 6 and await reader.read(1_000):
                    pass
    assert time.monotonic() - began < 8


async def test_row_19_idle_connections_and_unread_answers_hold_up_nobody(bot: Running, crowd: Crowd) -> None:
    await crowd.come(bot.address, 1_100, b"GET /livez HTTP/1.1\r\nHost: bot\r\n\r\n")
    await both_are_answered(bot)
    await crowd.come(bot.address, 50, b"GET /metrics HTTP/1.1\r\nHost: bot\r\n\r\n" * 5_000)
    await both_are_answered(bot)


async def test_row_19_heads_without_end_are_cut_off(bot: Running, crowd: Crowd) -> None:
    await crowd.come(bot.address, 20, b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 300_000)
    await crowd.come(bot.address, 20, b"\r\n" * 1_000_000)
    await crowd.come(bot.address, 20, b"GET /" + b"x" * 2_000_000)
    await both_are_answered(bot)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Slack_Signature": "v0=00"},
        {"X_Slack_Request_Timestamp": "1795418204"},
        {"X_Slack_Request_Timestamp": "soon", "X_Slack_Signature": "v0=00"},
    ],
    ids=["neither", "no timestamp", "no signature", "a timestamp that is none"],
)
async def test_row_01_who_claims_no_signature_is_answered_before_his_body(
    bot: Running, headers: dict[str, str]
) -> None:
    status, took_s = await answered(bot.address, head("/slack/events", 1_000, **headers))
    assert (status, took_s < MAX_ANSWER_S) == (401, True)


async def test_row_13_who_has_no_token_is_answered_before_his_body(bot: Running) -> None:
    status, took_s = await answered(bot.address, head("/alertmanager", 1_000, Authorization="Bearer x"))
    assert (status, took_s < MAX_ANSWER_S) == (401, True)
