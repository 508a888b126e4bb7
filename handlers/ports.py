"""What the handlers need of the world: one Protocol per thing touched. `bot` implements them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.alerts import Alert, Identity
from handlers.events import Event, OutcomeState, Person
from handlers.incident import Incident
from handlers.policy import Member
from runbooks.evidence import Evidence, Metrics
from runbooks.model import Action


class Timelines(Protocol):
    """Append-only timelines, one per incident."""

    async def load(self, incident_id: str) -> Incident:
        """The state now."""

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Add events after the state that was read, and mark the incident due.

        Raises:
            Moved: If the timeline has grown since; nothing was added.
        """

    async def find(self, identity: Identity) -> str | None:
        """The id of the open incident of this identity."""

    async def claim(self, identity: Identity) -> str:
        """The id of the open incident of this identity, a new one where there is none."""

    async def release(self, identity: Identity, incident_id: str) -> None:
        """Let the next alert of this identity open a new incident."""

    async def open_incidents(self) -> tuple[str, ...]:
        """Ids of every incident that is open."""

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Keep which incident a button's handle belongs to."""

    async def incident_of(self, handle: str) -> str | None:
        """Which incident a button's handle belongs to."""


class ClusterReader(Protocol):
    """Reads clusters; what cannot be read is part of the answer, never an exception."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """The configured clusters."""

    async def read(self, cluster: str) -> Evidence:
        """Everything a runbook asks for, from every node at the same time."""

    def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        """The same, given out as it comes: what is still being read is missing, the last is complete."""

    async def look(self, cluster: str) -> Mapping[str, Metrics | None]:
        """One metrics sample per node: enough to see who leads."""


@dataclass(frozen=True)
class Outcome:
    """What a node's ledger says of an action."""

    state: OutcomeState
    detail: str


@dataclass(frozen=True)
class Readiness:
    """A node's answer that an action could be carried out now: its nonce and the state to bind."""

    action_id: str
    nonce: str
    state: str


@dataclass(frozen=True)
class Order:
    """One action of one confirmed plan: everything that its name and its grant are made of."""

    cluster: str
    incident: str
    generation: int
    action: Action
    confirmed_by: str


class Agents(Protocol):
    """The agents on the nodes, which decide last."""

    def action_id(self, order: Order) -> str:
        """The action's name: derived from what it is, so a repeat is the same action."""

    async def prepare(self, order: Order) -> Readiness | Outcome:
        """Ask whether it could be done now; an `Outcome` is the refusal, or why nobody knows."""

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """Grant it. A lost answer is `unknown`, and is asked about with `status`."""

    async def status(self, order: Order) -> Outcome | None:
        """What the node's ledger knows; `None` where it has never seen the action begin."""


class Directory(Protocol):
    """Who people are and which groups they are in, asked live."""

    async def member(self, person: Person) -> Member:
        """Raises `NotAllowed` where Slack does not answer: no answer is a no."""


class Threads(Protocol):
    """What has been posted."""

    async def is_ours(self, incident_id: str, channel: str, message_ts: str) -> bool:
        """Whether this message is one of the incident's."""


@dataclass(frozen=True)
class Held:
    """An alert that Alertmanager holds firing; `suppressed` by a silence or an inhibition it tells nobody."""

    alert: Alert
    suppressed: bool


@dataclass(frozen=True)
class Silence:
    """A silence in Alertmanager; `active` until it is expired."""

    id: str
    active: bool
    ends_at: datetime
    created_by: str
    comment: str


class Alertmanager(Protocol):
    """Alertmanager's API; every method raises `SourceDown` where no peer answers."""

    async def firing(self, labels: Mapping[str, str] | None = None) -> tuple[Held, ...]:
        """What fires now, of the bot's receiver, and carries these labels."""

    async def create_silence(
        self, matchers: Mapping[str, str], ends_at: datetime, created_by: str, comment: str
    ) -> str:
        """Silence what carries exactly these labels, once however often it is asked; its id."""

    async def expire_silence(self, silence_id: str) -> None:
        """End a silence; safe to repeat."""

    async def silence(self, silence_id: str) -> Silence | None:
        """A silence as it stands."""


Labels = Mapping[str, str]


@dataclass(frozen=True)
class Fired:
    """One firing of an alert as Prometheus recorded it: its labels, its first and last moment."""

    labels: Labels
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Sample:
    """One value at one moment."""

    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """The samples of one label set, oldest first."""

    labels: Labels
    samples: tuple[Sample, ...]


class Prometheus(Protocol):
    """Prometheus' API; both methods raise `SourceDown` where it does not answer."""

    async def firing(self, names: Iterable[str]) -> tuple[Labels, ...]:
        """The labels of every alert of these rules that fires now."""

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        """Every firing of these rules within so many seconds before now."""


class Time(Protocol):
    """The bot's own clock."""

    def now(self) -> datetime:
        """The present, with its zone."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True)
class Ports:
    """Everything a handler may touch."""

    timelines: Timelines
    reader: ClusterReader
    agents: Agents
    directory: Directory
    threads: Threads
    time: Time
    confirm_groups: Mapping[str, tuple[str, ...]]
    alertmanager: Alertmanager | None = None
    prometheus: Prometheus | None = None
