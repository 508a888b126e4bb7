"""An OTLP/HTTP receiver: what it was sent, decoded by the official protocol package."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent


@dataclass(frozen=True)
class Span:
    """A span as it was sent; `service` is that of its resource."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    began_ns: int
    failed: bool
    attributes: dict[str, object]
    service: str


@dataclass
class Receiver:
    """Takes traces at `endpoint` until it is closed."""

    spans: list[Span] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    status: int = 200
    endpoint: str = ""

    async def __aenter__(self) -> Receiver:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.endpoint = f"http://{host}:{port}/v1/traces"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        self.headers.append(dict(request.headers))
        if self.status != 200:
            return web.Response(status=self.status)
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        sent = ExportTraceServiceRequest.FromString(body)
        for resource in sent.resource_spans:
            service = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [_read(span, service["service.name"]) for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def of(self, incident: str) -> list[Span]:
        """Return all spans of the traces that name an incident, as they began."""
        traces = {span.trace for span in self.spans if span.attributes.get("neumann.incident.id") == incident}
        return sorted((span for span in self.spans if span.trace in traces), key=lambda span: span.began_ns)


def _read(span: Sent, service: str) -> Span:
    return Span(
        name=span.name,
        kind=Sent.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        began_ns=span.start_time_unix_nano,
        failed=span.status.code == 2,
        attributes={each.key: _value(each.value) for each in span.attributes},
        service=service,
    )


def _value(value: object) -> object:
    kind = value.WhichOneof("value")  # type: ignore[attr-defined]
    found = getattr(value, kind)
    return [_value(each) for each in found.values] if kind == "array_value" else found
