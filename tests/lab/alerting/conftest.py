"""The stubs as fixtures, and a way to wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.lab.alerting.stubs import Exporter, Receiver, Until, serving


@pytest.fixture
def until() -> Until:
    """Wait until a condition holds; fail after half a minute."""

    async def wait(true: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 30.0
        while not true():
            assert time.monotonic() < deadline_s, "did not happen in time"
            await asyncio.sleep(0.02)

    return wait


@pytest_asyncio.fixture
async def exporter() -> AsyncIterator[Exporter]:
    served = Exporter()
    async with serving("GET", "/metrics", served.handle) as served.url:
        yield served


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    served = Receiver()
    async with serving("POST", "/alertmanager/demo", served.handle) as served.url:
        yield served
