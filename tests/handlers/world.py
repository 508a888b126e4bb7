"""A small world that obeys the ports: timelines in memory, a cluster that is told, agents with a ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.domain.alert_sources import Fired, Held, Labels, LeaderRecord, Listing, ReconcileCheckpoint
from handlers.domain.alerts import Alert, IncidentIdentity, is_key_of
from handlers.domain.escalation.model import TargetKind
from handlers.domain.escalation.on_call import HandOver, Rota, Shift
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.fold import apply, fold
from handlers.domain.history.month import Objective
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, ends_left_by
from handlers.domain.permissions import Permission, Permissions
from handlers.domain.policy import Member
from handlers.domain.posture.watch import Mute, Notice, Standing
from handlers.errors import (
    Moved,
    NotAllowed,
    PageNotTaken,
    SilenceFailed,
    SlackDown,
    SourceDown,
    Tampered,
    UnknownCluster,
)
from handlers.ports import (
    CannotEdit,
    Fence,
    HeldBy,
    NotBegun,
    Obstacle,
    Order,
    Outcome,
    Place,
    Ports,
    Purpose,
    Readiness,
)
from handlers.ports.escalation import Page
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Role
from runbooks.plans import Action, PlannedEdit
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Posture
from runbooks.posture.samples import Sample
from tests.builders import ALICE, NOON, after, evidence, led_by, planned_edit, reaching

ON_CALL = "S0ONCALL01"
HOME = "T0NEUMANN1"


@dataclass
class Timelines:
    """Compare-and-append in memory. `before_append` lets something else happen first, once.

    `past` are incidents of before that were released, oldest first; `since` is since when such are kept.
    """

    events: dict[str, list[Event]] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    early_ends: dict[str, datetime] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    before_append: list[tuple[str, Event]] = field(default_factory=list)
    lives: str = "first"
    tampered: set[str] = field(default_factory=set)
    past: tuple[str, ...] = ()
    since: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)

    async def load(self, incident_id: str) -> Incident:
        if incident_id in self.tampered:
            raise Tampered(f"The timeline of {incident_id} is not as the bot wrote it.")
        return fold(incident_id, self.events.get(incident_id, []))

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        if incident_id in self.tampered:
            raise Tampered(f"The timeline of {incident_id} is not as the bot wrote it.")
        return tuple(self.events.get(incident_id, ()))

    async def append(self, incident: Incident, *events: Event) -> Incident:
        if self.before_append:
            other, event = self.before_append.pop(0)
            self.events.setdefault(other, []).append(event)
        timeline = self.events.setdefault(incident.id, [])
        if len(timeline) != incident.position:
            raise Moved
        timeline.extend(events)
        handles = [event.handle for event in events if isinstance(event, AlertsReceived) and event.handle]
        self.handles.update(dict.fromkeys(handles, incident.id))
        return apply(incident, *events)

    def _is_open(self, incident_id: str) -> bool:
        return incident_id in self.open.values()

    async def standing(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...] = (), *, claim: bool
    ) -> IdentityState:
        keys = {alert.key for alert in alerts}
        ended, early = ({k: ends[k] for k in keys & ends.keys()} for ends in (self.ended, self.early_ends))
        homes = {key: home for key, home in self.homes.items() if key in keys and self._is_open(home)}
        if claim and not (ended or early or homes):
            await self.claim(identity)
        incident_id = self.open.get(identity.key)
        return IdentityState(await self.load(incident_id) if incident_id else None, ended, early, homes)

    async def claim(self, identity: IncidentIdentity) -> str:
        return self.open.setdefault(identity.key, f"inc-{len(self.events) + 1}")

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        incident = fold(incident_id, self.events.get(incident_id, []))
        for each in incident.alerts.values():
            if self.homes.get(each.key) == incident_id:
                del self.homes[each.key]
        for key, ends_at in ends_left_by(incident).items():
            self.ended[key] = max(ends_at, self.ended.get(key, ends_at))
        for key in {identity.key, *(each.key for each in incident.identities)}:
            if self.open.get(key) == incident_id:
                del self.open[key]
                self.released.pop(key, None)
                self.released[key] = incident_id

    async def vacate(self, identity: IncidentIdentity, incident_id: str) -> None:
        if self.open.get(identity.key) == incident_id:
            del self.open[identity.key]

    async def pass_on(
        self,
        giver_id: str,
        taker_id: str,
        identities: tuple[IncidentIdentity, ...],
        alerts: tuple[Alert, ...],
    ) -> None:
        is_open = self._is_open(taker_id)
        for alert in alerts:
            if self.homes.get(alert.key) == giver_id:
                del self.homes[alert.key]
                if is_open:
                    self.homes[alert.key] = taker_id
        for identity in identities:
            if is_open and self.open.get(identity.key) == giver_id:
                self.open[identity.key] = taker_id

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> str | None:
        for each in alerts:
            self.early_ends[each.key] = max(each.ends_at, self.early_ends.get(each.key, each.ends_at))
        return self.open.get(identity.key)

    async def claim_alerts(self, incident_id: str, alerts: tuple[Alert, ...]) -> bool:
        homes = {self.homes.get(each.key) for each in alerts} - {incident_id, None}
        if homes & set(self.open.values()):
            return False
        self.homes |= dict.fromkeys((each.key for each in alerts), incident_id)
        return True

    async def previous(self, identity: IncidentIdentity) -> str | None:
        return self.released.get(identity.key)

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        return (*self.past, *self.released.values())

    async def released_last(self, count: int) -> tuple[str, ...]:
        return tuple(reversed([*self.past, *self.released.values()]))[:count]

    async def kept_since(self) -> datetime | None:
        return self.since

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        return self.open.setdefault(identity.key, incident_id)

    async def open_incidents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.open.values()))

    async def open_on(self, cluster: str) -> tuple[str, ...]:
        held = (each for key, each in self.open.items() if is_key_of(cluster, key))
        return tuple(dict.fromkeys(held))

    async def life(self) -> str:
        return self.lives

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        self.handles[handle] = incident_id

    async def incident_of(self, handle: str) -> str | None:
        return self.handles.get(handle)


@dataclass
class Cluster:
    """A cluster that shows what the test says, and feels what is done to it.

    `leads_after` is after how many actions a leader stands, `None` for never; `deaf` names nodes on which
    actions have no effect that shows; `breaks` names links that fail once their first node is acted on;
    `comes_meanwhile` happens during each reading.
    """

    shows: Evidence = field(default_factory=evidence)
    shows_first: tuple[Evidence, ...] = ()
    leader: str | None = None
    term: int = 8
    silent: set[str] = field(default_factory=set)
    reads: int = 0
    clusters: tuple[str, ...] = ("demo",)
    commits: int = 100
    leads_after: int | None = 2
    deaf: set[str] = field(default_factory=set)
    breaks: dict[str, str] = field(default_factory=dict)
    felt: int = 0
    comes_meanwhile: Callable[[], None] = lambda: None
    sites: Inventory = field(default_factory=Inventory)

    async def read(self, cluster: str) -> Evidence:
        if cluster not in self.clusters:
            raise UnknownCluster
        self.reads += 1
        self.comes_meanwhile()
        return self.shows

    async def read_lately(self, cluster: str) -> Evidence:
        return await self.read(cluster)

    async def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        for early in self.shows_first:
            yield early
        yield await self.read(cluster)

    def inventory(self, cluster: str) -> Inventory:
        return self.sites

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        self.commits += 1 if self.leader else 0
        return {name: None if name in self.silent else self._sample(name) for name in self.shows.names}

    def feel(self, action: Action) -> None:
        """Show the effect of an action."""
        self.felt += 1
        nodes = self.shows.nodes
        if action.node not in self.deaf:
            nodes = tuple(after(action, node) if node.node == action.node else node for node in nodes)
            if action.type == "start_service":
                nodes = tuple(reaching(node, action.node) for node in nodes)
            if action.type == "transfer_leadership":
                self.leader, self.term = action.to, self.term + 1
                nodes = tuple(led_by(node, action.to or "", self.term) for node in nodes)
        if peer := self.breaks.get(action.node):
            nodes = tuple(
                reaching(node, peer, "timeout") if node.node == action.node else node for node in nodes
            )
        if self.leads_after is not None and self.felt >= self.leads_after:
            self.leader, self.term = self.leader or self.shows.names[0], 8
            nodes = tuple(led_by(node, self.leader, self.term) for node in nodes)
        self.shows = self.shows.model_copy(update={"nodes": nodes})

    def _sample(self, name: str) -> Metrics:
        role = Role.LEADER if name == self.leader else Role.FOLLOWER
        role = role if self.leader else Role.CANDIDATE
        return Metrics(
            role=role,
            term=self.term,
            commit_index=self.commits,
            applied_index=self.commits - unapplied(self.shows.node(name)),
        )


def unapplied(member: NodeEvidence) -> int:
    """Return how many entries a node holds and has not applied."""
    page = member.newest_metrics
    return (page.commit_index or 0) - (page.applied_index or 0) if page else 0


@dataclass
class Agents:
    """Nodes that do what they are granted, once, and keep a ledger of it.

    `refuses` and `loses_answer` name the nodes that refuse, or whose answer to a commit is lost; `stalls`
    those before whose commit the worker stands still, so long that another has granted it meanwhile.
    """

    ledger: dict[str, Outcome] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    loses_answer: set[str] = field(default_factory=set)
    stalls: set[str] = field(default_factory=set)
    asks_for_second: set[str] = field(default_factory=set)
    silent: frozenset[str] = frozenset()
    edits: dict[str, PlannedEdit | CannotEdit] = field(default_factory=dict)
    boot_id: str = "boot-1"
    pod_uid: str | None = None
    config_sha256: str | None = None
    fences: list[int | None] = field(default_factory=list)
    on_effect: Callable[[Action], None] = lambda action: None
    node: Callable[[str], NodeEvidence | None] = lambda name: None

    async def seen_fences(self, cluster: str) -> dict[str, int | None]:
        return {f"node{number}": fence for number, fence in enumerate(self.fences, start=1)}

    def action_id(self, order: Order) -> str:
        return f"{order.incident}/{order.generation}/{order.action.node}/{order.action.type}"

    async def planned_edits(
        self, cluster: str, actions: Collection[Action]
    ) -> dict[Action, PlannedEdit | CannotEdit]:
        return {
            action: self.edits.get(action.node) or planned_edit(action, self.node(action.node))
            for action in actions
        }

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        if why := self.refuses.get(order.action.node):
            return NotBegun(Obstacle.NODE, why)
        if self.action_id(order) in self.ledger:
            return NotBegun(Obstacle.NODE, "The agent refuses: This action is DONE already.")
        return Readiness(
            self.action_id(order),
            nonce="n",
            state="{}",
            boot_id=self.boot_id,
            pod_uid=self.pod_uid,
            config_sha256=self._file(order.action.node),
            needs_second=order.action.node in self.asks_for_second,
        )

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        name = readiness.action_id
        if name not in self.ledger:
            self.effects.append((order.action.node, order.action.type))
            self.fences.append(order.fence)
            self.on_effect(order.action)
            self.ledger[name] = Outcome("done", "Done.", self._file(order.action.node))
        if order.action.node in self.stalls:
            return Outcome("rejected", "The agent refuses: the nonce is unknown, used or expired.")
        if order.action.node in self.loses_answer:
            return Outcome("unknown", "The agent did not answer.")
        return self.ledger[name]

    def _file(self, name: str) -> str:
        read = self.node(name)
        return self.config_sha256 or (read.config.value.sha256 if read and read.config.value else "ab" * 32)

    async def status(self, order: Order) -> Outcome | None:
        return self.ledger.get(self.action_id(order))

    async def void(self, orders: Collection[Order]) -> frozenset[str]:
        for order in orders:
            if order.action.node not in self.silent:
                await self.withdraw(order)
        return frozenset(order.action.node for order in orders) & self.silent

    async def withdraw(self, order: Order) -> Outcome:
        return self.ledger.setdefault(self.action_id(order), Outcome("rejected", "Withdrawn."))


@dataclass
class Directory:
    """Who is who; `answers` false is Slack being away."""

    members: dict[str, Member] = field(default_factory=dict)
    answers: bool = True
    gone: frozenset[str] = frozenset()

    async def name(self, user_id: str) -> str:
        return user_id

    async def member(
        self, person: Person, groups: Iterable[str] = (), purpose: Purpose = Purpose.DECISION
    ) -> Member:
        if not self.answers:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.")
        outsider = Member(person.id, team=HOME, home_team=HOME, groups=frozenset())
        known, asked = self.members.get(person.id, outsider), frozenset(groups)
        return replace(known, groups=known.groups & asked, gone=self.gone & asked)


@dataclass
class Threads:
    """Every message is the incident's own, unless the test says otherwise."""

    ours: bool = True
    by_message: dict[str, str] = field(default_factory=dict)
    stands: frozenset[str] = frozenset({"headline"})

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        return self.ours

    async def place_of(self, incident_id: str) -> Place | None:
        return None

    async def link_to(self, incident_id: str, key: str = "headline") -> str:
        return f"https://neumann.slack.com/{incident_id}/{key}" if key in self.stands else ""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        return self.by_message.get(message_ts)

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        return self.ours

    async def unshown(self) -> tuple[str, ...]:
        return ()

    async def shown(self, incident_id: str) -> frozenset[str]:
        return self.stands


@dataclass
class Slots:
    """One run a cluster, each with a higher fence."""

    held: dict[str, str] = field(default_factory=dict)
    fence: int = 0

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        holder = self.held.setdefault(cluster, incident_id)
        if holder != incident_id:
            return HeldBy(holder)
        self.fence = max(self.fence, above) + 1
        return Fence(self.fence)

    async def newest(self, cluster: str) -> int:
        return self.fence

    async def end(self, cluster: str, incident_id: str) -> None:
        if self.held.get(cluster) == incident_id:
            del self.held[cluster]


@dataclass
class Silences:
    """Alertmanager's silences; `refuses` is the sentence it fails with."""

    active: dict[str, datetime] = field(default_factory=dict)
    refuses: str | None = None

    async def silence(self, alerts: tuple[Alert, ...], ends_at: datetime, by: str, comment: str) -> str:
        if self.refuses:
            raise SilenceFailed(self.refuses)
        name = f"silence-{len(self.active) + 1}"
        self.active[name] = ends_at
        return name

    async def lift(self, silence_id: str) -> None:
        del self.active[silence_id]


@dataclass
class Alerting:
    """Alertmanager, Prometheus and the last look at them; `silent` names who is down."""

    held: list[Held] = field(default_factory=list)
    unreadable: int = 0
    burning: list[Labels] = field(default_factory=list)
    recorded: list[Fired] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    kept: ReconcileCheckpoint | None = None
    lookbacks_s: list[float] = field(default_factory=list)
    leaders: LeaderRecord = field(default_factory=lambda: LeaderRecord(timedelta(), timedelta()))

    async def leader_record(self, cluster: str, start: datetime, end: datetime) -> LeaderRecord:
        if "Prometheus" in self.silent:
            raise SourceDown("Prometheus does not answer.")
        return self.leaders

    async def firing(self, names: Iterable[str] = ()) -> Any:
        who = "Prometheus" if names else "Alertmanager"
        if who in self.silent:
            raise SourceDown(f"{who} does not answer.")
        return tuple(self.burning) if names else Listing(tuple(self.held), self.unreadable)

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        self.lookbacks_s.append(lookback_s)
        return tuple(fired for fired in self.recorded if fired.labels["alertname"] in names)

    async def last(self) -> ReconcileCheckpoint | None:
        return self.kept

    async def remember(self, checkpoint: ReconcileCheckpoint) -> None:
        self.kept = checkpoint


@dataclass
class Postures:
    """What is kept of postures; `said` is what the channel was told, `refuses` that Slack is away."""

    kept: dict[str, list[Sample]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    muted: dict[str, dict[Check, Mute]] = field(default_factory=dict)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: bool = False

    async def samples(self, cluster: str) -> tuple[Sample, ...]:
        return tuple(self.kept.get(cluster, []))

    async def add_sample(self, cluster: str, sample: Sample) -> None:
        self.kept.setdefault(cluster, []).append(sample)

    async def standing(self, cluster: str) -> Standing:
        return self.standings.get(cluster, Standing())

    async def remember(self, cluster: str, standing: Standing) -> None:
        self.standings[cluster] = Standing.model_validate_json(standing.model_dump_json())

    async def mutes(self, cluster: str) -> Mapping[Check, Mute]:
        return self.muted.get(cluster, {})

    async def mute(self, cluster: str, check: Check, mute: Mute | None) -> None:
        mutes = self.muted.setdefault(cluster, {})
        mutes.pop(check, None)
        if mute:
            mutes[check] = mute

    async def crossed(self, cluster: str, notice: Notice) -> None:
        self._say(cluster, notice.key, " ".join(line.check for line in notice.lines))

    async def digest(self, cluster: str, key: str, posture: Posture) -> None:
        self._say(cluster, key, f"{len(posture.lines)} lines")

    def _say(self, *message: str) -> None:
        if self.refuses:
            raise SlackDown
        if message not in self.said:
            self.said.append(message)  # type: ignore[arg-type]


@dataclass
class Pager:
    """A route past Slack and what it was told; `refuses` is its sentence while it takes nothing."""

    told: list[str] = field(default_factory=list)
    refuses: str | None = None
    asks_to_wait: timedelta | None = None
    after_taking: Callable[[], None] = lambda: None

    async def send(self, page: Page) -> None:
        if self.refuses:
            raise PageNotTaken(self.refuses, self.asks_to_wait)
        self.told.append(page.delivery)
        self.after_taking()


@dataclass
class OnCallBox:
    """A schedule, what is kept of it, and the channel in which changes are told."""

    scheduled: Shift | None = None
    unreadable: str | None = None
    kept: Rota = field(default_factory=Rota)
    said: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    refuses: bool = False

    async def shift(self, now: datetime) -> Shift | None:
        if self.unreadable:
            raise SourceDown(self.unreadable)
        return self.scheduled

    async def read(self) -> Rota:
        return self.kept

    async def remember(self, before: Rota, after: Rota) -> bool:
        if before != self.kept:
            return False
        self.kept = after
        return True

    async def handed_over(self, change: HandOver, open_now: tuple[Incident, ...]) -> None:
        if self.refuses:
            raise SlackDown
        names = tuple(each.name if each else "nobody" for each in (change.before, change.after))
        self.said.append((" to ".join(names), tuple(each.id for each in open_now)))


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
    run_locks: Slots = field(default_factory=Slots)
    permissions: Permissions = field(
        default_factory=lambda: Permissions((Permission(confirm_groups=(ON_CALL,)),))
    )
    silences: Silences = field(default_factory=Silences)
    alerting: Alerting | None = None
    postures: Postures = field(default_factory=Postures)
    pagers: dict[TargetKind, Pager] = field(default_factory=dict)
    on_call: OnCallBox | None = None
    objective: Objective = field(default_factory=Objective)

    def __post_init__(self) -> None:
        self.agents.on_effect = self.cluster.feel
        self.agents.node = self._node

    def _node(self, name: str) -> NodeEvidence:
        return self.cluster.shows.node(name)

    @property
    def ports(self) -> Ports:
        return Ports(
            timelines=self.timelines,
            past=self.timelines,
            reader=self.cluster,
            agents=self.agents,
            directory=self.directory,
            threads=self.threads,
            time=self.time,
            run_locks=self.run_locks,
            permissions=self.permissions,
            silences=self.silences,
            alertmanager=self.alerting,
            prometheus=self.alerting,
            checkpoints=self.alerting,
            postures=self.postures,
            notices=self.postures,
            pagers=self.pagers,
            schedule=self.on_call,
            rotas=self.on_call,
            hand_overs=self.on_call,
            objective=self.objective,
        )

    def kinds(self, incident_id: str = "inc-1") -> list[str]:
        """The timeline as a list of words."""
        return [event.kind for event in self.timelines.events[incident_id]]
