"""The stubs as fixtures."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.lab.alerting.stubs import Exporter, Receiver, serving


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
