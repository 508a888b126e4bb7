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

from handlers import advance
from handlers.alerting import intake
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
from measure.invariants.effects import Fate
from measure.invariants.fleet import Fleet
from measure.invariants.history import History
from measure.invariants.replica import People, Timelines, replica
from measure.invariants.storage import Storage
from measure.invariants.team import CAROL, GROUPS, ON_CALL, SECOND
from measure.invariants.witness import Witness
from measure.invariants.world_rules import FATES, NODE, WorldRules, newest_first, places
from tests.builders import ALICE, BOB, alert

PLACE = Place(app="A1", team="T1", channel="C1", message_ts="1.0")
TO_THE_END = 1000

replicas = st.sampled_from(("A", "B"))
people = st.sampled_from((ALICE, CAROL, BOB))
touches = st.sampled_from((TO_THE_END, 1, 2, 3, 4, 6, 9, 14, 30))
runs_ever = count()

STORAGE = ("copied", "copied", "copied", "restored", "restored", "lost", "silent A", "silent B")


class Machine(WorldRules, RuleBasedStateMachine):
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
        self.storage = Storage(self.redis, self.prefix)
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

    @rule(name=replicas, firing=st.booleans(), touches=touches)
    def alert_arrives(self, name: str, firing: bool, touches: int) -> None:
        """Let Alertmanager say that an alert fires, or that it is over."""
        minute = int(self.clock.s // 60) + 1
        self._act(name, intake.receive(self.ports[name], _delivery(firing, minute), "demo"), touches)

    # Redis

    @rule(what=st.sampled_from(STORAGE), which=newest_first)
    def redis_changes(self, what: str, which: int) -> None:
        """Copy Redis, put a copy back, lose everything, or lose the next append's answer."""
        if what == "copied":
            self.copies.append((self._run(self.storage.dump()), self.witness.history.copy()))
        elif what == "restored" and self.copies:
            dump, history = self.copies[-1 - which % len(self.copies)]
            self._run(self.storage.restore(dump))
            self.witness.restored(history)
        elif what == "lost":
            self._run(self.storage.restore({}))
            self.witness.restored(History())
        elif what.startswith("silent"):
            timelines = self.ports[what[-1]].timelines
            assert isinstance(timelines, Timelines)
            timelines.loses_answer = True

    # The promises

    @invariant()
    def promises_hold(self) -> None:
        """Compare effects with confirmations and the truth, timelines with what was accepted."""
        if hasattr(self, "witness"):
            self.tally["steps"] += 1
            self.witness.judge(self.fleet)
            if self.witness.touched:
                self.witness.stands(self._run(self.storage.timelines(self.witness.touched)))

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
            self._run(self.storage.restore({}))


def _delivery(firing: bool, minute: int) -> Delivery:
    known: Alert = alert(status="firing" if firing else "resolved", minute=minute)
    return Delivery(alerts=(known,))
