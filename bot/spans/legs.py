"""One leg of the way as a span: where it begins, what it follows, and how it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bot.spans.names import Named
from handlers.errors import Moved, SlackDown

PARENT = "traceparent"
_W3C = TraceContextTextMapPropagator()


@dataclass
class _Turn:
    has_legs: bool = False


_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)


def carried() -> dict[str, str]:
    """Return the present leg as the field that a later one follows it by; nothing where there is none."""
    fields: dict[str, str] = {}
    _W3C.inject(fields)
    return {PARENT: fields[PARENT]} if PARENT in fields else {}


def following(carrier: Mapping[str, str]) -> Context:
    """Return the context of whatever the carrier names; of a new trace where that is nothing readable."""
    return _W3C.extract({PARENT: carrier.get(PARENT, "")}, context=Context())


def named_by(carrier: Mapping[str, str]) -> SpanContext:
    """Return the leg that the carrier names; an invalid one where that is nothing readable."""
    return trace.get_current_span(following(carrier)).get_span_context()


class Legs:
    """The legs that this process goes."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def leg(
        self, named: Named, kind: SpanKind = SpanKind.INTERNAL, *, begins: bool = False
    ) -> Iterator[Span]:
        """Go a leg of the present way; off any way nothing is told, unless one `begins` here."""
        if not begins and not is_on_the_way():
            yield trace.INVALID_SPAN
            return
        with self.after(None, named, kind) as span:
            yield span

    @contextmanager
    def after(self, parent: Context | None, named: Named, kind: SpanKind) -> Iterator[Span]:
        """Go a leg that follows this context, or the present one where that is `None`."""
        span = self.open(named, kind, parent)
        try:
            with _failing(span):
                yield span
        finally:
            span.end()

    @contextmanager
    def turn(self, parent: Context, named: Named) -> Iterator[Span]:
        """Go a leg that is told only if another one is gone in it, or it fails."""
        span, turn = self.open(named, SpanKind.CONSUMER, parent), _Turn()
        token = _turn.set(turn)
        try:
            with _failing(span):
                yield span
        except SlackDown:  # it waits for its turn, or its call has told
            raise
        except Exception:
            turn.has_legs = True
            raise
        finally:
            _turn.reset(token)
            if turn.has_legs:
                span.end()

    def open(self, named: Named, kind: SpanKind, parent: Context | None = None) -> Span:
        """Begin a leg that somebody else ends."""
        _tell_turn()
        name, attributes = named
        return self._tracer.start_span(name, context=parent, kind=kind, attributes=attributes)

    def past(self, named: Named, began_ns: int, ended_ns: int) -> None:
        """Tell of a leg that is over, on a way that is not."""
        if is_on_the_way():
            _tell_turn()
            name, attributes = named
            self._tracer.start_span(name, start_time=began_ns, attributes=attributes).end(ended_ns)


def is_on_the_way() -> bool:
    """Return whether what is done here is part of anything that is told."""
    return trace.get_current_span().get_span_context().is_valid


def _tell_turn() -> None:
    if turn := _turn.get():
        turn.has_legs = True


@contextmanager
def _failing(span: Span) -> Iterator[None]:
    """Make a span the present one; of an error only its type is told, since its text may hold anything."""
    with trace.use_span(span, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except Moved:  # two workers have met, which is no failure
            raise
        except Exception as error:
            failed(span, type(error).__name__)
            raise


def failed(span: Span, error_type: str) -> None:
    """Mark a leg as one that failed."""
    span.set_attribute(ERROR_TYPE, error_type)
    span.set_status(StatusCode.ERROR)
