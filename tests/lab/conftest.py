"""One lab for the whole folder, given back healthy after every test that uses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from lab.cluster.cluster import Lab
from lab.cluster.node_view import LabNode
from lab.live import heal

DEADLINE_S = 30.0

Wait = Callable[[Lab], Awaitable[None]]
RunCommand = Callable[..., Awaitable[tuple[int, str]]]


async def _hold(lab: Lab, wanted: Callable[[str | None], bool], hold_s: float) -> None:
    """Wait until the same answer to "who leads?" is wanted and stays for `hold_s`."""
    deadline = time.monotonic() + DEADLINE_S
    last, since = await lab.leader(), time.monotonic()
    while not (wanted(last) and time.monotonic() - since >= hold_s):
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s, the leader is {last}"
        await asyncio.sleep(0.05)
        if (now := await lab.leader()) != last:
            last, since = now, time.monotonic()


@pytest_asyncio.fixture(scope="session")
async def running_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest_asyncio.fixture
async def lab(running_lab: Lab, has_leader: Wait) -> AsyncIterator[Lab]:
    yield running_lab
    await heal(running_lab)
    await has_leader(running_lab)


@pytest_asyncio.fixture(scope="session")
async def has_leader() -> Wait:
    async def wait(lab: Lab) -> None:
        await _hold(lab, lambda leader: leader is not None, 0.4)

    return wait


@pytest_asyncio.fixture(scope="session")
async def has_no_leader() -> Wait:
    async def wait(lab: Lab) -> None:
        await _hold(lab, lambda leader: leader is None, 1.5)

    return wait


@pytest_asyncio.fixture(scope="session")
async def run_command() -> RunCommand:
    """Run a node's own `chronyc`, `systemctl`…: exit code and everything it printed."""

    async def run(node: LabNode, name: str, *arguments: str) -> tuple[int, str]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            str(node.command(name)), *arguments, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        printed, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode()

    return run


@pytest_asyncio.fixture(scope="session")
async def connect() -> Callable[[tuple[str, int]], Awaitable[str]]:
    """How a plain TCP connect ends: open, refused or timeout."""

    async def attempt(address: tuple[str, int]) -> str:
        try:
            async with asyncio.timeout(0.5):
                _, writer = await asyncio.open_connection(*address)
        except TimeoutError:
            return "timeout"
        except ConnectionRefusedError:
            return "refused"
        writer.close()
        await writer.wait_closed()
        return "open"

    return attempt


@pytest_asyncio.fixture(scope="session")
async def becomes() -> Callable[..., Awaitable[None]]:
    """Wait until a question has the wanted answer."""

    async def wait(question: Callable[[], Awaitable[object]], wanted: object) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while (answer := await question()) != wanted:
            assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for {wanted!r}, it is {answer!r}"
            await asyncio.sleep(0.02)

    return wait
