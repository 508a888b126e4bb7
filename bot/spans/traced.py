"""`bot.tracing.Tracing` by OpenTelemetry: where a way comes into the process, waits, and goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TypeVar

import aiohttp
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.trace import SpanKind
from starlette.responses import Response

from bot.spans import names
from bot.spans.export import Exporting
from bot.spans.legs import PARENT, Legs, carried, failed, following, is_on_the_way
from bot.spans.ports import observed
from bot.store.queues.stream import GROUP
from bot.store.trace_contexts import TraceContexts
from bot.tracing import NO_CARRIER, Due, E
from handlers.ports import Ports
from shared.version import version

T = TypeVar("T")
REFUSED, FAILED = 400, 500


class Traced:
    """What the bot does, as spans; of one incident they are one trace, whichever process did it."""

    def __init__(self, exporting: Exporting, contexts: TraceContexts) -> None:
        self._exporting, self._contexts = exporting, contexts
        self._legs = Legs(exporting.provider.get_tracer("neumann-bot", version()))

    async def received(
        self,
        answer: Callable[[], Awaitable[T]],
        *,
        route: str | None,
        carrier: Mapping[str, str] = NO_CARRIER,
        handle: str = "",
    ) -> T:
        """Answer a request; a click goes on with the trace of its incident."""
        name, attributes = names.request(route)
        if handle:
            incident, parent = await self._contexts.behind(handle)
            attributes |= {names.INCIDENT: incident} if incident else {}
            carrier = {PARENT: parent}
        with self._legs.after(following(carrier), (name, attributes), SpanKind.SERVER) as span:
            answered = await answer()
            if isinstance(answered, Response):
                span.set_attribute(HTTP_RESPONSE_STATUS_CODE, answered.status_code)
                if answered.status_code >= FAILED:
                    failed(span, str(answered.status_code))
            return answered

    @contextmanager
    def sent(self, stream: str) -> Iterator[Mapping[str, str]]:
        """Put an entry into a stream, with the context that whoever takes it goes on with."""
        with self._legs.leg(names.message("send", "send", stream), SpanKind.PRODUCER):
            yield carried()

    def taken(
        self, stream: str, do: Callable[[E], Awaitable[float | None]]
    ) -> Callable[[E], Awaitable[float | None]]:
        """Do what was put into a stream, in the trace that the entry carries."""
        name, attributes = names.message("process", "process", stream)

        async def told(entry: E) -> float | None:
            parent = following({PARENT: entry.fields.get(PARENT.encode(), b"").decode("ascii", "replace")})
            of_entry = {"messaging.message.id": entry.id, "messaging.consumer.group.name": GROUP}
            with self._legs.after(parent, (name, {**attributes, **of_entry}), SpanKind.CONSUMER):
                return await do(entry)

        return told

    def due(self, queue: str, do: Due) -> Due:
        """Do what is due for an incident, in its trace."""
        name, attributes = names.message("process", "process", queue)

        async def told(incident: str) -> float | None:
            parent = following({PARENT: await self._contexts.of(incident)})
            with self._legs.turn(parent, (name, {**attributes, names.INCIDENT: incident})):
                return await do(incident)

        return told

    def observed(self, ports: Ports) -> Ports:
        """Return the ports, each call told that is a leg of the way."""
        return observed(ports, self._legs, self._contexts)

    def calls(self) -> list[aiohttp.TraceConfig]:
        """Return aiohttp's own hooks, which tell of each call that is made on the way."""
        calls = aiohttp.TraceConfig()
        calls.on_request_start.append(self._call_begins)
        calls.on_request_end.append(_call_ends)
        calls.on_request_exception.append(_call_fails)
        return [calls]

    async def aclose(self) -> None:
        """Send what is left, within some seconds."""
        await self._exporting.aclose()

    async def _call_begins(
        self, _: aiohttp.ClientSession, call: SimpleNamespace, begun: aiohttp.TraceRequestStartParams
    ) -> None:
        if is_on_the_way():
            call.span = self._legs.open(names.call(begun.method, begun.url), SpanKind.CLIENT)


async def _call_ends(
    _: aiohttp.ClientSession, call: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
) -> None:
    if span := getattr(call, "span", None):
        span.set_attribute(HTTP_RESPONSE_STATUS_CODE, ended.response.status)
        if ended.response.status >= REFUSED:
            failed(span, str(ended.response.status))
        span.end()


async def _call_fails(
    _: aiohttp.ClientSession, call: SimpleNamespace, broken: aiohttp.TraceRequestExceptionParams
) -> None:
    if span := getattr(call, "span", None):
        failed(span, type(broken.exception).__name__)
        span.end()
