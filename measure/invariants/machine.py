"""The state machine: whatever people, nodes, networks, processes and Redis may do, in any order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from itertools import count
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis.asyncio import Redis

from bot.store.compression import unpack
from handlers import advance, intake
from handlers.authorization import Click, Submission
from handlers.domain.alerts import Alert
from handlers.domain.events.base import Person
from handlers.domain.notification import Delivery
from handlers.domain.permissions import Permission, Permissions
from handlers.ports import Place
from handlers.remediation import propose, second_approval
from measure.invariants.actors import Actor
from measure.invariants.clock import Clock
from measure.invariants.cluster import SLOW_ROUND_TRIP_MS, Cluster
from measure.invariants.fleet import Fate, Fleet
from measure.invariants.replica import People, Timelines, replica
from measure.invariants.witness import ON_CALL, SECOND, History, Witness
from tests.builders import ALICE, BOB, alert
from tests.handlers.world import HOME

CAROL = Person(id="U0CAROL001", name="carol", team=HOME)
GROUPS = {ALICE.id: frozenset({ON_CALL}), CAROL.id: frozenset({ON_CALL, SECOND})}
PLACE = Place(app="A1", team="T1", channel="C1", message_ts="1.0")
TO_THE_END = 1000

replicas = st.sampled_from(("A", "B"))
people = st.sampled_from((ALICE, CAROL, BOB))
newest_first = st.integers(0, 5)
touches = st.sampled_from((TO_THE_END, 1, 2, 3, 4, 6, 9, 14, 30))
places = st.integers(0, 2)
runs_ever = count()

TEAM = ("alice leaves", "carol leaves", "all are back", "slack is away", "slack is back")
NODE = ("dies", "boots", "starts", "edited", "skews", "vanishes", "returns")
WEATHER = ("cut", "mended", "slow", "fast", "leader appears", "leader goes")
FATES: tuple[Fate, ...] = ("request_delayed", "answer_lost", "agent_dies_before", "agent_dies_after")
STORAGE = ("copied", "copied", "copied", "restored", "restored", "lost", "silent A", "silent B")


class Machine(RuleBasedStateMachine):
    """Two replicas of the bot over one real Redis and one made-up cluster; `loop` and `redis` come first."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    redis: ClassVar[Redis]
    tally: ClassVar[Counter[str]]

    @initialize(
        ailment=st.sampled_from(("too_slow", "too_slow", "stopped", "skewed")),
        nodes=st.sampled_from((3, 3, 3, 5)),
        second=st.sampled_from((False, False, True)),
        confirmed=st.booleans(),
    )
    def begin(self, ailment: str, nodes: int, second: bool, confirmed: bool) -> None:
        """Begin with an ailing cluster, an alert and a diagnosis, and often with a confirmed plan."""
        self.prefix = f"{{machine-{id(type(self))}-{next(runs_ever)}}}"
        self.clock = Clock()
        self.cluster = Cluster(self.clock, tuple(f"node{n}" for n in range(1, nodes + 1)))
        self.fleet = Fleet(self.clock, self.cluster)
        self.witness = Witness(self.clock, self.cluster, second_required=second)
        self.people = People(dict(GROUPS))
        second_groups = (SECOND,) if second else ()
        permission = Permission(confirm_groups=(ON_CALL,), second_groups=second_groups)
        self.permissions = Permissions((permission,))
        self.ports = {name: self._new_process() for name in ("A", "B")}
        self.workers: dict[str, Actor] = {}
        self.others: list[Actor] = []
        self.copies: list[tuple[dict[bytes, bytes], History]] = []
        self._ail(ailment)
        self.alert_arrives("A", firing=True, touches=TO_THE_END)
        self.work("A", TO_THE_END, 0)
        if confirmed:
            self._people_agree("A", 0)

    def _ail(self, ailment: str) -> None:
        members = list(self.cluster.nodes.values())
        if ailment == "too_slow":
            self.cluster.round_trip_ms = SLOW_ROUND_TRIP_MS
        for n, member in enumerate(members[len(members) // 2 :]):
            if ailment == "stopped":
                member.active = False
            if ailment == "skewed":
                member.offset_ms = (4000.0, -1900.0, 2500.0)[n]

    def _new_process(self) -> Any:
        return replica(self.redis, self.prefix, self.fleet, self.witness, self.people, self.permissions)

    def _run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(call)

    def _let(self, actor: Actor, touches: int) -> bool:
        """Let it go on; whether it has ended."""
        return bool(self._run(actor.go_on(touches)))

    def _act(self, name: str, call: Coroutine[Any, Any, Any], touches: int) -> None:
        actor = Actor(name, call, self.clock.s)
        if not self._let(actor, touches):
            self.others.append(actor)

    # The bot at work

    @rule(name=replicas, touches=touches, which=st.sampled_from((0, 0, 0, 1)))
    def work(self, name: str, touches: int, which: int) -> None:
        """Let a worker take an incident and go on; where it halts, it rests until it is let go on."""
        actor = self.workers.get(name)
        if actor is None:
            known = list(self.witness.history.timelines)
            if which >= len(known):
                return
            call = advance.advance(self.ports[name], known[-1 - which])
            actor = self.workers[name] = Actor(name, call, self.clock.s)
        if self._let(actor, touches):
            del self.workers[name]

    @rule(which=newest_first, touches=touches)
    def another_goes_on(self, which: int, touches: int) -> None:
        """Let a click or a notification that was halfway go on."""
        if self.others:
            actor = self.others[-1 - which % len(self.others)]
            if self._let(actor, touches):
                self.others.remove(actor)

    @rule(name=replicas)
    def process_dies(self, name: str) -> None:
        """Kill the process with everything it had begun and remembered; a new one takes its place."""
        doomed = [actor for actor in (*self.others, *self.workers.values()) if actor.replica == name]
        for actor in doomed:
            self._run(actor.die())
        self.others = [actor for actor in self.others if actor not in doomed]
        self.workers.pop(name, None)
        self.ports[name] = self._new_process()

    # People

    @rule(name=replicas, by=people, which=newest_first, touches=touches)
    def click(self, name: str, by: Person, which: int, touches: int) -> None:
        """Click a button, of today or of long ago."""
        if self.witness.buttons:
            handle = self.witness.buttons[-1 - which % len(self.witness.buttons)]
            self._act(name, propose.propose(self.ports[name], Click(handle, by, PLACE)), touches)

    @rule(
        name=replicas,
        which=newest_first,
        touches=touches,
        wrong=st.sampled_from((None, None, None, BOB, CAROL)),
    )
    def confirm(self, name: str, which: int, touches: int, wrong: Person | None) -> None:
        """Submit a plan, by whoever was shown it or by somebody else; once, or again."""
        if self.witness.shown:
            shown = self.witness.shown[-1 - which % len(self.witness.shown)]
            self._submit(propose.confirm, name, shown.handle, wrong or shown.by, touches)

    @rule(name=replicas, by=people, which=newest_first, touches=touches, stop=st.booleans())
    def approve_or_stop(self, name: str, by: Person, which: int, touches: int, stop: bool) -> None:
        """Play the second person's part, or stop a run."""
        handles = self.witness.began if stop else [shown.handle for shown in self.witness.shown]
        if not handles:
            return
        handle = handles[-1 - which % len(handles)]
        if stop:
            self._act(name, propose.stop(self.ports[name], Click(handle, by, PLACE)), touches)
        else:
            self._submit(second_approval.approve, name, handle, by, touches)

    def _submit(self, part: Any, name: str, handle: str, by: Person, touches: int) -> None:
        submission = Submission(handle=handle, by=by, app="A1", team="T1", shown=handle)
        self._act(name, part(self.ports[name], submission), touches)

    @rule(one=touches, other=touches, which=newest_first, same=st.booleans())
    def confirm_on_both(self, one: int, other: int, which: int, same: bool) -> None:
        """Confirm on two replicas at one place in the timeline: the same plan, or two of them."""
        if not self.witness.shown:
            return
        mine = self.witness.shown[-1 - which % len(self.witness.shown)]
        theirs = mine if same else self.witness.shown[-1]
        self._submit(propose.confirm, "A", mine.handle, mine.by, one)
        self._submit(propose.confirm, "B", theirs.handle, theirs.by, other)
        for _ in range(2):
            self.another_goes_on(1, TO_THE_END)

    @rule(
        name=replicas,
        which=st.sampled_from((0, 0, 1, 2)),
        touches=touches,
        place=places,
        meanwhile=st.sampled_from((None, *NODE)),
        fate=st.sampled_from((None, *FATES)),
    )
    def mend(
        self, name: str, which: int, touches: int, place: int, meanwhile: str | None, fate: Fate | None
    ) -> None:
        """Play a whole story: click, read, confirm, approve; something happens to a node; a worker begins."""
        self.work(name, TO_THE_END, 0)
        self._people_agree(name, which)
        if meanwhile:
            self.node_changes(place, meanwhile)
        self.fleet.fate = fate or self.fleet.fate
        self.work(name, touches, 0)

    def _people_agree(self, name: str, which: int) -> None:
        self.click(name, ALICE, which, TO_THE_END)
        if self.witness.shown:
            handle = self.witness.shown[-1].handle
            self._submit(propose.confirm, name, handle, ALICE, TO_THE_END)
            self._submit(second_approval.approve, name, handle, CAROL, TO_THE_END)

    @rule(what=st.sampled_from(TEAM))
    def the_team_changes(self, what: str) -> None:
        """Change groups; let Slack come and go."""
        match what:
            case "alice leaves":
                self.people.groups.pop(ALICE.id, None)
            case "carol leaves":
                self.people.groups.pop(CAROL.id, None)
            case "all are back":
                self.people.groups = dict(GROUPS)
            case _:
                self.people.answers = what == "slack is back"

    # The world

    @rule(seconds=st.sampled_from((1.0, 5.0, 20.0, 40.0, 61.0, 300.0, 700.0)))
    def time_passes(self, seconds: float) -> None:
        """Let seconds to minutes pass."""
        self.clock.pass_s(seconds)

    @rule(name=replicas, firing=st.booleans(), touches=touches)
    def alert_arrives(self, name: str, firing: bool, touches: int) -> None:
        """Let Alertmanager say that an alert fires, or that it is over."""
        minute = int(self.clock.s // 60) + 1
        self._act(name, intake.receive(self.ports[name], _delivery(firing, minute), "demo"), touches)

    @rule(place=places, what=st.sampled_from(NODE))
    def node_changes(self, place: int, what: str) -> None:
        """Let something become of a node, unasked by the bot."""
        node = self.cluster.nodes[self.cluster.names[place]]
        match what:
            case "dies":
                node.active = False
            case "boots":
                node.boot_again()
                self.fleet.come_back(node.name, booted=True)
            case "starts" if not node.active:
                node.start()
            case "edited":
                low, high, _ = node.file
                node.file = (low, high, f"edited at {self.clock.s}")
            case "skews":
                node.offset_ms = 0.0 if node.offset_ms else 3000.0
            case "vanishes":
                node.agent_answers = False
            case "returns":
                self.fleet.come_back(node.name)
            case _:
                pass

    @rule(one=places, other=places, what=st.sampled_from(WEATHER))
    def weather_changes(self, one: int, other: int, what: str) -> None:
        """Change links, and the luck of elections."""
        names, cluster = self.cluster.names, self.cluster
        match what:
            case "cut" if one != other:
                cluster.cuts.add((names[one], names[other]))
            case "mended":
                cluster.cuts.clear()
            case "slow" | "fast":
                cluster.round_trip_ms = SLOW_ROUND_TRIP_MS if what == "slow" else 1.0
            case "leader appears":
                cluster.unlucky_until_s = 0.0
                cluster.settle()
            case "leader goes":
                cluster.leader, cluster.unlucky_until_s = None, self.clock.s + 30.0
            case _:
                pass

    @rule(fate=st.sampled_from(FATES))
    def next_commit_goes_wrong(self, fate: Fate) -> None:
        """Decide what becomes of the next grant, or of its answer."""
        self.fleet.fate = fate

    @rule(which=newest_first)
    def grant_arrives_again(self, which: int) -> None:
        """Deliver a grant late, or once more."""
        if self.fleet.sent:
            self.fleet.deliver(self.fleet.sent[-1 - which % len(self.fleet.sent)])

    # Redis

    @rule(what=st.sampled_from(STORAGE), which=newest_first)
    def redis_changes(self, what: str, which: int) -> None:
        """Copy Redis, put a copy back, lose everything, or lose the next append's answer."""
        if what == "copied":
            self.copies.append((self._run(self._dump()), self.witness.history.copy()))
        elif what == "restored" and self.copies:
            dump, history = self.copies[-1 - which % len(self.copies)]
            self._run(self._restore(dump))
            self.witness.restored(history)
        elif what == "lost":
            self._run(self._restore({}))
            self.witness.restored(History())
        elif what.startswith("silent"):
            timelines = self.ports[what[-1]].timelines
            assert isinstance(timelines, Timelines)
            timelines.loses_answer = True

    async def _keys(self) -> list[bytes]:
        return [key async for key in self.redis.scan_iter(match=f"{self.prefix}:*", count=1000)]

    async def _dump(self) -> dict[bytes, bytes]:
        keys = await self._keys()
        async with self.redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.dump(key)
            return {key: dump for key, dump in zip(keys, await pipe.execute(), strict=True) if dump}

    async def _restore(self, dump: dict[bytes, bytes]) -> None:
        keys = await self._keys()
        async with self.redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.delete(key)
            for key, value in dump.items():
                pipe.restore(key, 0, value)
            await pipe.execute()

    # The promises

    @invariant()
    def promises_hold(self) -> None:
        """Compare effects with confirmations and the truth, timelines with what was accepted."""
        if hasattr(self, "witness"):
            self.tally["steps"] += 1
            self.witness.judge(self.fleet)
            if self.witness.touched:
                self.witness.stands(self._run(self._timelines()))

    async def _timelines(self) -> dict[str, list[tuple[bytes, bytes]]]:
        names = sorted(self.witness.touched)
        async with self.redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.xrange(f"{self.prefix}:timeline:{name}")
            found = await pipe.execute()
        entries = [[(place, unpack(fields[b"event"])) for place, fields in timeline] for timeline in found]
        return dict(zip(names, entries, strict=True))

    def teardown(self) -> None:
        """Let everything rest, and leave nothing in Redis."""
        if hasattr(self, "witness"):
            witness = self.witness
            self.tally.update(
                {
                    "runs": 1,
                    "confirmations": len(witness.confirmations),
                    "grants": len(self.fleet.sent),
                    "effects": len(self.fleet.effects),
                    "restarts": sum(e.order.action.type == "restart_service" for e in self.fleet.effects),
                }
            )
            for actor in (*self.others, *self.workers.values()):
                self._run(actor.die())
            self._run(self._restore({}))


def _delivery(firing: bool, minute: int) -> Delivery:
    known: Alert = alert(status="firing" if firing else "resolved", minute=minute)
    return Delivery(alerts=(known,))
