"""A bot's tracing, and a receiver for what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.config import TracingSettings
from bot.spans.export import exporting
from bot.spans.traced import Traced
from bot.store.trace_contexts import TraceContexts
from tests.bot.spans.receiver import Receiver, Span

Sent = Callable[[], Awaitable[list[Span]]]


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Takes whatever is sent."""
    async with Receiver() as running:
        yield running


@pytest_asyncio.fixture
async def tracing(receiver: Receiver, redis: Redis, prefix: str) -> AsyncIterator[Traced]:
    """One process' tracing."""
    made = Traced(exporting(TracingSettings(endpoint=receiver.endpoint)), TraceContexts(redis, prefix))
    yield made
    await made.aclose()


@pytest.fixture
def sent(receiver: Receiver, tracing: Traced) -> Sent:
    """End the process' tracing, and return what was sent, as it began."""

    async def spans() -> list[Span]:
        await tracing.aclose()
        return sorted(receiver.spans, key=lambda span: span.began_ns)

    return spans
