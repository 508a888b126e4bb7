"""A small world that obeys the ports: timelines in memory, a cluster that is told, agents with a ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.alerts import Identity
from handlers.errors import Moved, NotAllowed, UnknownCluster
from handlers.events import Event, Person
from handlers.incident import Incident, apply, fold
from handlers.policy import Member
from handlers.ports import Order, Outcome, Ports, Readiness
from runbooks.evidence import Evidence, Metrics, Role
from tests.builders import ALICE, NOON, evidence

ON_CALL = "S0ONCALL01"
HOME = "T0NEUMANN1"


@dataclass
class Timelines:
    """Compare-and-append in memory. `before_append` lets something else happen first, once."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    before_append: list[tuple[str, Event]] = field(default_factory=list)

    async def load(self, incident_id: str) -> Incident:
        return fold(incident_id, self.events.get(incident_id, []))

    async def append(self, incident: Incident, *events: Event) -> Incident:
        if self.before_append:
            other, event = self.before_append.pop(0)
            self.events.setdefault(other, []).append(event)
        timeline = self.events.setdefault(incident.id, [])
        if len(timeline) != incident.position:
            raise Moved
        timeline.extend(events)
        return apply(incident, *events)

    async def find(self, identity: Identity) -> str | None:
        return self.open.get(identity.key)

    async def claim(self, identity: Identity) -> str:
        return self.open.setdefault(identity.key, f"inc-{len(self.events) + 1}")

    async def release(self, identity: Identity, incident_id: str) -> None:
        if self.open.get(identity.key) == incident_id:
            del self.open[identity.key]

    async def open_incidents(self) -> tuple[str, ...]:
        return tuple(self.open.values())

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        self.handles[handle] = incident_id

    async def incident_of(self, handle: str) -> str | None:
        return self.handles.get(handle)


@dataclass
class Cluster:
    """A cluster that shows what the test says."""

    shows: Evidence = field(default_factory=evidence)
    shows_first: tuple[Evidence, ...] = ()
    leader: str | None = None
    term: int = 8
    silent: set[str] = field(default_factory=set)
    reads: int = 0
    clusters: tuple[str, ...] = ("demo",)

    async def read(self, cluster: str) -> Evidence:
        if cluster not in self.clusters:
            raise UnknownCluster
        self.reads += 1
        return self.shows

    async def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        for early in self.shows_first:
            yield early
        yield await self.read(cluster)

    async def look(self, cluster: str) -> Mapping[str, Metrics | None]:
        return {name: None if name in self.silent else self._sample(name) for name in self.shows.names}

    def _sample(self, name: str) -> Metrics:
        role = Role.LEADER if name == self.leader else Role.FOLLOWER
        return Metrics(role=role if self.leader else Role.CANDIDATE, term=self.term, commit_index=100)


@dataclass
class Agents:
    """Nodes that do what they are granted, once, and keep a ledger of it.

    `refuses` and `loses_answer` name the nodes that refuse, or whose answer to a commit is lost.
    """

    ledger: dict[str, Outcome] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    loses_answer: set[str] = field(default_factory=set)

    def action_id(self, order: Order) -> str:
        return f"{order.incident}/{order.generation}/{order.action.node}/{order.action.type}"

    async def prepare(self, order: Order) -> Readiness | Outcome:
        if why := self.refuses.get(order.action.node):
            return Outcome("rejected", why)
        return Readiness(self.action_id(order), nonce="n", state="{}")

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        name = readiness.action_id
        if name not in self.ledger:
            self.effects.append((order.action.node, order.action.type))
            self.ledger[name] = Outcome("done", "Done.")
        if order.action.node in self.loses_answer:
            return Outcome("unknown", "The agent did not answer.")
        return self.ledger[name]

    async def status(self, order: Order) -> Outcome | None:
        return self.ledger.get(self.action_id(order))


@dataclass
class Directory:
    """Who is who; `answers` false is Slack being away."""

    members: dict[str, Member] = field(default_factory=dict)
    answers: bool = True

    async def member(self, person: Person) -> Member:
        if not self.answers:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.")
        outsider = Member(person.id, team=HOME, home_team=HOME, groups=frozenset())
        return self.members.get(person.id, outsider)


@dataclass
class Threads:
    """Every message is the incident's own, unless the test says otherwise."""

    ours: bool = True

    async def is_ours(self, incident_id: str, channel: str, message_ts: str) -> bool:
        return self.ours


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.pass_s(seconds)

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    """All of it, and the `Ports` that the handlers get."""

    timelines: Timelines = field(default_factory=Timelines)
    cluster: Cluster = field(default_factory=Cluster)
    agents: Agents = field(default_factory=Agents)
    directory: Directory = field(
        default_factory=lambda: Directory(
            {ALICE.id: Member(ALICE.id, team=HOME, home_team=HOME, groups=frozenset({ON_CALL}))}
        )
    )
    threads: Threads = field(default_factory=Threads)
    time: Clock = field(default_factory=Clock)

    @property
    def ports(self) -> Ports:
        return Ports(
            timelines=self.timelines,
            reader=self.cluster,
            agents=self.agents,
            directory=self.directory,
            threads=self.threads,
            time=self.time,
            confirm_groups={"demo": (ON_CALL,)},
        )

    def kinds(self, incident_id: str = "inc-1") -> list[str]:
        """The timeline as a list of words."""
        return [event.kind for event in self.timelines.events[incident_id]]
