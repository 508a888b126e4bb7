"""The ports of the handlers, which know nothing of it: what is read, judged, appended and done is told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeVar, cast

from opentelemetry.trace import SpanKind

from bot.spans import names
from bot.spans.legs import PARENT, Legs, carried, failed, is_on_the_way, named_by
from bot.store.trace_contexts import TraceContexts
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import FindingsRanked
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.events.remediation import PlanApproved, PlanConfirmed
from handlers.domain.incident import Incident
from handlers.ports import Agents, ClusterReader, NotBegun, Order, Outcome, Ports, Readiness, Timelines
from runbooks.evidence import Evidence

T = TypeVar("T")

_evidence_came_ns: ContextVar[int] = ContextVar("evidence_came_ns", default=0)


def observed(ports: Ports, legs: Legs, contexts: TraceContexts) -> Ports:
    """Return the ports, each call told that is a leg of the way."""
    timelines, reader, agents = ports.timelines, ports.reader, ports.agents
    told = _Told(legs, contexts, timelines, reader, agents)
    return replace(
        ports,
        timelines=_with(timelines, append=told.append),
        reader=_with(reader, read_progressively=told.read_progressively, read_lately=told.read_lately),
        agents=_with(agents, prepare=told.prepare, commit=told.commit, withdraw=told.withdraw),
    )


class _With:
    def __init__(self, port: object, methods: dict[str, Callable[..., object]]) -> None:
        self._port = port
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        return getattr(self._port, name)


def _with(port: T, **methods: Callable[..., object]) -> T:
    """Return the port with some of its methods in another's place."""
    return cast(T, _With(port, methods))


class _Told:
    def __init__(
        self,
        legs: Legs,
        contexts: TraceContexts,
        timelines: Timelines,
        reader: ClusterReader,
        agents: Agents,
    ) -> None:
        self._legs, self._contexts = legs, contexts
        self._timelines, self._reader, self._agents = timelines, reader, agents

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Append; what opens the incident or begins a run is what all later steps follow from."""
        if came_ns := _evidence_came_ns.get():
            _evidence_came_ns.set(0)
            if any(isinstance(event, FindingsRanked) for event in events):
                of = {names.INCIDENT: incident.id, names.CLUSTER: incident.cluster}
                self._legs.past(("judge", {**of}), came_ns, time.time_ns())
        receives = any(isinstance(event, AlertsReceived) for event in events)
        opens = receives and incident.opened_at is None
        with self._legs.leg(names.append(incident, events), begins=opens) as span:
            if (opens or _begins_run(events)) and (here := carried()):
                # First, since whoever does the next step is woken by the append.
                await self._contexts.remember(incident.id, here[PARENT], keep_first=opens)
            elif receives and is_on_the_way():  # a later notification came in by a trace of its own
                span.add_link(named_by({PARENT: await self._contexts.of(incident.id)}))
            return await self._timelines.append(incident, *events)

    async def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        """Read; each intermediate result is a leg, and what follows it until it is appended is judging."""
        began_ns = time.time_ns()
        async for evidence in self._reader.read_progressively(cluster):
            _evidence_came_ns.set(came_ns := time.time_ns())
            self._legs.past(("read cluster", {names.CLUSTER: cluster}), began_ns, came_ns)
            yield evidence
            began_ns = time.time_ns()

    async def read_lately(self, cluster: str) -> Evidence:
        """Read, or share what was read lately."""
        with self._legs.leg(("read cluster", {names.CLUSTER: cluster})):
            evidence = await self._reader.read_lately(cluster)
        _evidence_came_ns.set(time.time_ns())
        return evidence

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        """Ask whether the action can be carried out now."""
        with self._legs.leg(names.order("prepare", order), SpanKind.CLIENT) as span:
            ready = await self._agents.prepare(order)
            if isinstance(ready, NotBegun):
                failed(span, f"not_begun_{ready.by}")
            return ready

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """Grant the action."""
        return await self._acted("commit", order, self._agents.commit(order, readiness))

    async def withdraw(self, order: Order) -> Outcome:
        """Close the action unless it has begun."""
        return await self._acted("withdraw", order, self._agents.withdraw(order))

    async def _acted(self, verb: str, order: Order, acting: Awaitable[Outcome]) -> Outcome:
        with self._legs.leg(names.order(verb, order), SpanKind.CLIENT) as span:
            outcome = await acting
            span.set_attribute(names.ACTION_STATE, outcome.state)
            if outcome.state != "done":
                failed(span, outcome.state)
            return outcome


def _begins_run(events: tuple[Event, ...]) -> bool:
    return any(
        isinstance(event, PlanApproved) or (isinstance(event, PlanConfirmed) and not event.second_needed)
        for event in events
    )
