"""One replica: the real store and slots, all else made up, each touch a place to halt or die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from datetime import datetime

from nacl.signing import SigningKey
from redis.asyncio import Redis

from bot.store.incident_history import IncidentHistoryStore
from bot.store.mac_chain import Chain
from bot.store.run_lock import RunLocks
from bot.store.timelines import TimelineStore
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.domain.permissions import Permissions
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, StoreDown
from handlers.ports import (
    CannotEdit,
    Fence,
    HeldBy,
    NotBegun,
    Order,
    Outcome,
    Place,
    Ports,
    Purpose,
    Readiness,
)
from measure.invariants.actors import current
from measure.invariants.clock import Clock
from measure.invariants.effects import Grant, Read
from measure.invariants.fleet import Fleet
from measure.invariants.witness import Witness
from runbooks.evidence import Evidence, Metrics
from runbooks.plans import Action, PlannedEdit
from runbooks.posture.inventory import Inventory
from tests.handlers.world import HOME

CHAIN = Chain(SigningKey(b"the key that all replicas share."))


class People:
    """Slack's directory: who is in which group now; `answers` false is Slack being away."""

    def __init__(self, groups: dict[str, frozenset[str]]) -> None:
        self.groups = groups
        self.answers = True


class Timelines(TimelineStore):
    """The real store; the witness writes down what was accepted. `loses_answer` is of the next append."""

    def __init__(self, redis: Redis, prefix: str, witness: Witness) -> None:
        super().__init__(redis, prefix, CHAIN)
        self._witness = witness
        self.loses_answer = False

    async def life(self) -> str:
        """Return the store's life; a Redis that is put back is another process from then on."""
        return f"{await super().life()} since {self._witness.restored_s}"

    async def load(self, incident_id: str) -> Incident:
        actor = current.get()
        await actor.touch()
        actor.loaded_s = self._witness.clock.tick()
        return await super().load(incident_id)

    async def append(self, incident: Incident, *events: Event) -> Incident:
        await current.get().touch()
        after = await super().append(incident, *events)
        self._witness.appended(incident, events)
        await current.get().touch()
        if self.loses_answer:
            self.loses_answer = False
            raise StoreDown
        return after


class Slots(RunLocks):
    """The real slots."""

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        await current.get().touch()
        return await super().begin(cluster, incident_id, above=above)

    async def end(self, cluster: str, incident_id: str) -> None:
        await current.get().touch()
        await super().end(cluster, incident_id)


class World:
    """What one replica sees of the made-up world."""

    clusters = ("demo",)

    def __init__(self, fleet: Fleet, witness: Witness, people: People) -> None:
        self._fleet, self._witness, self._people = fleet, witness, people
        self._clock: Clock = fleet.clock

    async def read(self, cluster: str) -> Evidence:
        actor = current.get()
        await actor.touch()
        truth = self._fleet.cluster
        spared = frozenset(name for name in truth.names if truth.majority_without(name))
        actor.read = Read(self._clock.s, spared)
        shown = truth.read()
        self._witness.was_read(shown)
        return shown

    async def read_lately(self, cluster: str) -> Evidence:
        return await self.read(cluster)

    async def read_progressively(self, cluster: str) -> AsyncIterator[Evidence]:
        yield await self.read(cluster)

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        await current.get().touch()
        return self._fleet.cluster.sample_metrics()

    def action_id(self, order: Order) -> str:
        return self._fleet.action_id(order)

    async def seen_fences(self, cluster: str) -> dict[str, int | None]:
        await current.get().touch()
        return self._fleet.seen_fences()

    async def planned_edits(
        self, cluster: str, actions: Collection[Action]
    ) -> Mapping[Action, PlannedEdit | CannotEdit]:
        await current.get().touch()
        return {action: self._fleet.planned_edit(action) for action in actions}

    async def status(self, order: Order) -> Outcome | None:
        await current.get().touch()
        return self._fleet.status(order)

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        await current.get().touch()
        return self._fleet.prepare(order)

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """As the real client: sent once; an answer that does not come is asked about, never sent again."""
        actor, fleet, node = current.get(), self._fleet, order.action.node
        await actor.touch()
        agreed, sent_s = fleet.agreed(readiness), self._clock.s
        grant = Grant(order, readiness.action_id, readiness.nonce, agreed, sent_s, actor.read)
        self._witness.was_sent(grant, actor)
        fleet.sent.append(grant)
        fate, fleet.fate = fleet.fate, None
        answer = None if fate == "request_delayed" else fleet.deliver(grant, fate)
        await actor.touch()
        if answer and fate is None:
            self._clock.pass_s(max(0.0, fleet.cluster.nodes[node].away_until_s - self._clock.s))
            return answer
        self._clock.pass_s(30.0)
        await actor.touch()
        return fleet.withdraw(order)

    async def withdraw(self, order: Order) -> Outcome:
        await current.get().touch()
        return self._fleet.withdraw(order)

    async def void(self, orders: Collection[Order]) -> frozenset[str]:
        await current.get().touch()
        return self._fleet.void(orders)

    async def member(
        self, person: Person, groups: Iterable[str] = (), purpose: Purpose = Purpose.DECISION
    ) -> Member:
        actor = current.get()
        await actor.touch()
        if not self._people.answers:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.")
        member_of = self._people.groups.get(person.id, frozenset())
        actor.asked[person.id] = (self._clock.s, member_of)
        return Member(person.id, team=HOME, home_team=HOME, groups=member_of & frozenset(groups))

    def inventory(self, cluster: str) -> Inventory:
        return Inventory()

    async def name(self, user_id: str) -> str:
        return user_id

    async def place_of(self, incident_id: str) -> Place | None:
        return None

    async def link_to(self, incident_id: str, key: str = "headline") -> str:
        return ""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        return None

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        return True

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        return True

    async def unshown(self) -> tuple[str, ...]:
        return ()

    async def shown(self, incident_id: str) -> frozenset[str]:
        return frozenset()

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await current.get().touch()
        self._clock.pass_s(seconds)


def replica(
    redis: Redis, prefix: str, fleet: Fleet, witness: Witness, people: People, permissions: Permissions
) -> Ports:
    """Return a process that has just begun."""
    world = World(fleet, witness, people)
    return Ports(
        timelines=Timelines(redis, prefix, witness),
        reader=world,
        agents=world,
        directory=world,
        threads=world,
        time=world,
        run_locks=Slots(redis, prefix),
        permissions=permissions,
        past=IncidentHistoryStore(redis, prefix),
    )
