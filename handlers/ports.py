"""What the handlers need of the world: one Protocol per thing touched. `bot` implements them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from handlers.domain.alert_sources import Alertmanager, Prometheus, ReconcileCheckpoints
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.events import Event, OutcomeState, Person
from handlers.domain.incident import Incident
from handlers.domain.permissions import Permissions
from handlers.domain.policy import Member
from runbooks.evidence import Evidence, Metrics
from runbooks.model import Action


@dataclass(frozen=True)
class IdentityState:
    """Where an identity stands when an alert of it comes.

    `previous` is the id of the incident that was released last, `ends` those that came before their firings,
    by fingerprint.
    """

    incident: Incident | None
    previous: str | None = None
    ends: Mapping[str, Alert] = field(default_factory=dict)


class Timelines(Protocol):
    """Append-only timelines, one per incident."""

    async def load(self, incident_id: str) -> Incident:
        """The state now.

        Raises:
            Quarantined: If the timeline is not as the bot wrote it, or a newer version wrote it.
        """

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        """Everything that happened, from the first on."""

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Add events after the state that was read, and mark the incident due.

        The handle of an `AlertsReceived` leads to the incident from then on.

        Raises:
            Moved: If the timeline has grown since; nothing was added.
        """

    async def standing(self, identity: IncidentIdentity, *, claim: bool) -> IdentityState:
        """Where an identity stands.

        Args:
            identity: Whose incident.
            claim: Whether to claim a new incident, if none is open and nothing came before.

        Raises:
            Quarantined: If the open incident is not as the bot wrote it, or a newer version wrote it.
        """

    async def claim(self, identity: IncidentIdentity) -> str:
        """The id of the open incident of this identity, a new one where there is none."""

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Let the next alert of this identity open a new incident."""

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        """Make a closed incident the open one of its identity again; the id of the one that is open then."""

    async def open_incidents(self) -> tuple[str, ...]:
        """Ids of every incident that is open."""

    async def life(self) -> str:
        """The name of the store's life: another one once it may have been put back to an older copy."""

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Keep which incident a button's handle belongs to."""

    async def incident_of(self, handle: str) -> str | None:
        """Which incident a button's handle belongs to."""


class IncidentHistory(Protocol):
    """What outlives an incident."""

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> None:
        """Keep for a while the ends of alerts that no incident has seen fire."""

    async def previous(self, identity: IncidentIdentity) -> str | None:
        """The id of the incident of this identity that was released last."""

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        """Ids of the incidents that were released within so many seconds before now."""


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
    """What a node's ledger says of an action, and how the configuration file's hash is after it."""

    state: OutcomeState
    detail: str
    config_sha256: str | None = None


@dataclass(frozen=True)
class Readiness:
    """A node's answer that an action could be carried out now: its nonce and the state to bind.

    `boot_id` and `config_sha256` are of that state; `needs_second` is set where the agent asks for a second
    person's signature.
    """

    action_id: str
    nonce: str
    state: str
    boot_id: str = ""
    config_sha256: str | None = None
    needs_second: bool = False


@dataclass(frozen=True)
class Order:
    """One action of one confirmed plan: everything that its name and its grant are made of."""

    cluster: str
    incident: str
    generation: int
    fence: int
    action: Action
    confirmed_by: str
    approved_by: str | None = None


class Agents(Protocol):
    """The agents on the nodes, which decide last."""

    def action_id(self, order: Order) -> str:
        """The action's name: derived from what it is, so a repeat is the same action."""

    async def prepare(self, order: Order) -> Readiness | Outcome:
        """Ask whether it could be done now; an `Outcome` is the refusal, or why nobody knows."""

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """Grant it, once. A lost answer is asked about, never sent again."""

    async def status(self, order: Order) -> Outcome | None:
        """What the node's ledger knows; `None` where it has never seen the action begin."""

    async def withdraw(self, order: Order) -> Outcome:
        """Close it on its node if it was not begun, so that a late grant is void; what the ledger says."""

    async def seen_fences(self, cluster: str) -> Mapping[str, int | None]:
        """The highest fence that each node's agent has acted on; `None` where it does not answer."""


@dataclass(frozen=True)
class Fence:
    """The lock is taken; agents refuse a run with a lower number than one that they have seen."""

    number: int


@dataclass(frozen=True)
class HeldBy:
    """The lock is another incident's."""

    incident_id: str


class RunLocks(Protocol):
    """One disruptive run per cluster at a time, each with a higher fence than the one before."""

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        """Take the cluster's lock; the fence is higher than `above` and every one before."""

    async def end(self, cluster: str, incident_id: str) -> None:
        """Give the lock back, if it is still this incident's."""


class Silences(Protocol):
    """Alertmanager's silences."""

    async def silence(self, alerts: tuple[Alert, ...], ends_at: datetime, by: str, comment: str) -> str:
        """Silence exactly these alerts; the silence's id.

        Raises:
            SilenceFailed: With the reason.
        """

    async def lift(self, silence_id: str) -> None:
        """End a silence now.

        Raises:
            SilenceFailed: With the reason.
        """


class Directory(Protocol):
    """Who people are and which groups they are in, asked live."""

    async def name(self, user_id: str) -> str:
        """What a user is called; the id where Slack does not say."""

    async def member(self, person: Person) -> Member:
        """Raises `NotAllowed` where Slack does not answer: no answer is a no."""


@dataclass(frozen=True)
class Place:
    """Where a button was clicked, as the click's payload has it."""

    app: str
    team: str
    channel: str
    message_ts: str


class Threads(Protocol):
    """What has been posted."""

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        """Whether a button there is on one of the incident's own messages."""

    async def place_of(self, incident_id: str) -> Place | None:
        """Where the incident's first message stands."""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """The incident whose thread that message begins or belongs to."""

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Whether the incident's messages were posted by this app in this workspace."""


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
    past: IncidentHistory
    reader: ClusterReader
    agents: Agents
    directory: Directory
    threads: Threads
    time: Time
    slots: RunLocks
    permissions: Permissions
    silences: Silences | None = None
    alertmanager: Alertmanager | None = None
    prometheus: Prometheus | None = None
    looks: ReconcileCheckpoints | None = None
