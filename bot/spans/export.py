"""Send spans from a thread of their own; what the receiver does not take is dropped, and said once."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Sequence

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.semconv.attributes.service_attributes import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
)

from bot.config import TracingSettings
from bot.http.client import trusting
from shared.version import version

log = structlog.get_logger()

MAX_SPANS_HELD = 2048
"""Two minutes of a storm; the oldest are dropped while the receiver is away."""

MAX_SPANS_SENT = 512
SEND_EVERY_S = 2.0
SEND_WITHIN_S = 3.0
LAST_WITHIN_S = 2.0
"""How long the bot's end waits for what is left, beside a batch that is on its way."""

MAX_REASON_CHARS = 200


class Exporting:
    """A tracer provider of the bot's own: nothing that others in this process trace is sent by it."""

    def __init__(self, provider: TracerProvider, exporter: ToldOnce) -> None:
        self.provider, self._exporter = provider, exporter

    async def aclose(self) -> None:
        """Send what is left, and give up what the receiver does not take within some seconds."""
        self._exporter.ends_at_s = time.monotonic() + LAST_WITHIN_S
        await asyncio.to_thread(self.provider.shutdown)


def exporting(settings: TracingSettings) -> Exporting:
    """Begin to send what the provider's tracers record.

    Raises:
        ConfigurationError: If the file of the headers or the authority cannot be used.
    """
    trusting(settings.authority)
    session = requests.Session()
    session.trust_env = False  # as all clients of the bot: no proxy, and no password out of ~/.netrc
    exporter = ToldOnce(
        OTLPSpanExporter(
            endpoint=settings.endpoint,
            headers=settings.read_headers(),
            certificate_file=str(settings.authority) if settings.authority else None,
            timeout=SEND_WITHIN_S,
            session=session,
        ),
        settings.endpoint,
    )
    instance = f"{socket.gethostname()}:{os.getpid()}"
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
        resource=Resource.create(
            {SERVICE_NAME: "neumann-bot", SERVICE_VERSION: version(), SERVICE_INSTANCE_ID: instance}
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=MAX_SPANS_HELD,
            schedule_delay_millis=SEND_EVERY_S * 1000,
            max_export_batch_size=MAX_SPANS_SENT,
        )
    )
    return Exporting(provider, exporter)


class ToldOnce(SpanExporter):
    """The official exporter; that it fails is one line of the log, and that it works again another."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter, self._endpoint = exporter, endpoint
        self._last_word, self._fails, self.ends_at_s = _LastWord(), False, float("inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; see the official exporter."""
        if time.monotonic() > self.ends_at_s:
            return SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # whatever it is, it costs a batch and no more
            self._last_word.said = type(error).__name__
            result = SpanExportResult.FAILURE
        fails = result is not SpanExportResult.SUCCESS
        if fails and not self._fails:
            log.warning("traces_not_taken", endpoint=self._endpoint, error=self._last_word.said)
        if self._fails and not fails:
            log.info("traces_taken_again", endpoint=self._endpoint)
        self._fails = fails
        return result

    def shutdown(self) -> None:
        """Close its connections."""
        self._exporter.shutdown()


class _LastWord(logging.Handler):
    """Keeps why a batch was not taken, which the official packages log again and again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = ""
        for name in ("opentelemetry.exporter", "opentelemetry.sdk"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self], False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line in place of the one before."""
        self.said = record.getMessage()[:MAX_REASON_CHARS]
