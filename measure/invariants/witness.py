"""Who watches from outside: what was shown, confirmed, sent and felt, and which promise that breaks.

Nothing here asks the handlers what they think; it is judged by the log of effects and by the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from handlers.domain.events import EVENT, Event
from handlers.domain.events.base import Person
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.recovery import LeaderSeen
from handlers.domain.events.remediation import (
    ActionFinished,
    ActionStarted,
    PlanApproved,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
)
from handlers.domain.incident import Incident
from measure.invariants.actors import Actor, current
from measure.invariants.clock import Clock
from measure.invariants.cluster import Cluster
from measure.invariants.effects import Effect, Grant
from measure.invariants.fleet import NONCE_LIFE_S, Fleet
from measure.invariants.history import Confirmation, History
from measure.invariants.team import ON_CALL, SECOND
from runbooks.evidence import Evidence
from runbooks.plans import CHANGES_FILE, Plan
from tests.builders import NOON


class Broken(AssertionError):  # noqa: N818  it is what happened to a promise
    """A promise was broken; the number is the promise's."""

    def __init__(self, promise: int, words: str) -> None:
        super().__init__(f"promise {promise}: {words}")
        self.promise = promise


class Witness:
    """Keeps the log, and says at once what must not have been."""

    def __init__(self, clock: Clock, cluster: Cluster, *, second_required: bool) -> None:
        self.clock, self._cluster, self._second_required = clock, cluster, second_required
        self.history = History()
        self.touched: set[str] = set()
        self.plans: dict[str, Plan] = {}
        self.buttons: list[str] = []
        self.shown: list[PlanProposed] = []
        self.began: list[str] = []
        self.confirmations: list[Confirmation] = []
        self.restored_s = -1.0
        self._truth_when_read: dict[float, dict[str, tuple[str, str]]] = {}
        self._effects: list[Effect] = []

    def was_read(self, evidence: Evidence) -> None:
        """Keep what was true of each node when this was read."""
        truth = {node.name: (node.boot_id, node.sha256) for node in self._cluster.nodes.values()}
        self._truth_when_read[(evidence.started_at - NOON).total_seconds()] = truth

    def appended(self, incident: Incident, events: tuple[Event, ...]) -> None:
        """Note that these events are in the timeline now."""
        self.touched.add(incident.id)
        for event in events:
            timeline = self.history.timelines.setdefault(incident.id, [])
            self._note(incident.id, len(timeline), event)
            timeline.append(EVENT.dump_json(event))

    def _note(self, incident_id: str, place: int, event: Event) -> None:
        history = self.history
        match event:
            case FindingsRanked():
                self.buttons += [offer.handle for offer in event.offers if offer.handle not in self.buttons]
            case PlanProposed():
                self.plans[event.handle] = event.plan
                self.shown.append(event)
            case EvidenceRead() | LeaderSeen():
                history.leader[incident_id] = (self._cluster.leader, self._cluster.term)
            case PlanConfirmed():
                self._confirmed(incident_id, place, event)
            case PlanApproved():
                self._approved(incident_id, place, event)
            case ActionStarted():
                history.names[incident_id, event.index] = event.action_id
            case ActionFinished():
                self._finished(incident_id, event)
            case RunEnded():
                history.running.pop(incident_id, None)
                self.buttons += [event.undo.handle] if event.undo else []
            case _:
                pass

    def _confirmed(self, incident_id: str, place: int, event: PlanConfirmed) -> None:
        plan = self.plans[event.handle]
        self._check_permitted(event.by, ON_CALL, "confirmed")
        leader, term = self.history.leader.get(incident_id, (None, 0))
        if leader and (leader, term) != (plan.bound.leader, plan.bound.term):
            raise Broken(3, f"confirmed although {leader} was seen to lead term {term}")
        if (self._second_required or plan.needs_second) and not event.second_needed:
            raise Broken(2, "a second person should have been asked")
        confirmation = Confirmation(
            at_s=self.clock.s,
            incident=incident_id,
            handle=event.handle,
            plan=plan,
            by=event.by,
            fence=event.fence,
            second_needed=event.second_needed,
            generation=place,
        )
        if event.second_needed:
            self.history.waiting[incident_id] = confirmation
        else:
            self._begin(confirmation)

    def _approved(self, incident_id: str, place: int, event: PlanApproved) -> None:
        waiting = self.history.waiting.pop(incident_id, None)
        if waiting is None or waiting.handle != event.handle:
            raise Broken(2, "approved what nobody had confirmed")
        self._check_permitted(event.by, SECOND, "approved")
        if event.by.id == waiting.by.id:
            raise Broken(2, f"{event.by.name} is both persons")
        self._begin(replace(waiting, fence=event.fence, second=event.by, generation=place))

    def _check_permitted(self, person: Person, group: str, did: str) -> None:
        at_s, groups = current.get().asked.get(person.id, (-1.0, frozenset()))
        if at_s < current.get().loaded_s or group not in groups:
            raise Broken(2, f"{person.name} {did} and may not")

    def _begin(self, confirmation: Confirmation) -> None:
        others = set(self.history.running) - {confirmation.incident}
        if others or confirmation.incident in self.history.running:
            raise Broken(5, f"a run began beside that of {others or confirmation.incident}")
        self.history.running[confirmation.incident] = confirmation.generation
        self.history.names = {
            place: name for place, name in self.history.names.items() if place[0] != confirmation.incident
        }
        self.confirmations.append(confirmation)
        self.began.append(confirmation.handle)

    def _finished(self, incident_id: str, event: ActionFinished) -> None:
        action_id = self.history.names.get((incident_id, event.index), "")
        if not action_id:
            return  # refused before it was granted
        if event.state == "unknown":
            self.history.unknown[incident_id, action_id] = self.clock.s
        elif event.state != "done":
            self.history.denied.add((incident_id, action_id))

    def was_sent(self, grant: Grant, actor: Actor) -> None:
        """Note that a grant leaves the bot."""
        key = (grant.order.incident, grant.action_id)
        if self.history.unknown.get(key, self.clock.s) < actor.loaded_s:
            raise Broken(
                6, f"{grant.order.action.type} on {grant.order.action.node} was unknown, and sent again"
            )
        for person, group in ((grant.order.confirmed_by, ON_CALL), (grant.order.approved_by, SECOND)):
            if person:
                at_s, groups = actor.asked.get(person, (-1.0, frozenset()))
                if at_s < actor.loaded_s or group not in groups:
                    raise Broken(2, f"{person} was not asked about again before the grant, or may not")

    def restored(self, history: History) -> None:
        """Note that Redis holds an older copy now."""
        self.touched = {*self.history.timelines, *history.timelines}
        self.history, self.restored_s = history.copy(), self.clock.s

    def judge(self, fleet: Fleet) -> None:
        """Hold every effect that is new against the promises."""
        for effect in fleet.effects[len(self._effects) :]:
            matching = self._confirmation_of(effect)
            self._once(effect)
            self._unchanged(effect, matching)
            self._quorum(effect)
            self._one_at_a_time(effect)
            self._effects.append(effect)
        for effect in self._effects:
            if (effect.order.incident, effect.grant.action_id) in self.history.denied:
                raise Broken(8, f"{_said(effect)} was done, and the timeline says that it was not")

    def _confirmation_of(self, effect: Effect) -> Confirmation:
        order = effect.order
        for known in reversed(self.confirmations):
            actions = [step.action for step in known.plan.steps]
            if (
                (known.incident, known.generation, known.fence)
                == (order.incident, order.generation, order.fence)
                and (known.by.id, known.second and known.second.id) == (order.confirmed_by, order.approved_by)
                and order.action in actions
            ):
                return known
        raise Broken(2, f"{_said(effect)} without a confirmation")

    def _once(self, effect: Effect) -> None:
        key = (effect.order.incident, effect.order.generation, effect.order.fence, effect.order.action)
        times = Counter(
            (done.order.incident, done.order.generation, done.order.fence, done.order.action)
            for done in self._effects
        )
        if times[key]:
            raise Broken(1, f"{_said(effect)} twice for one confirmation")

    def _unchanged(self, effect: Effect, confirmation: Confirmation) -> None:
        bound = confirmation.plan.bound
        truth = self._truth_when_read[(bound.evidence_at - NOON).total_seconds()]
        boot_id, sha256 = truth[effect.node]
        action = effect.order.action
        if effect.before.boot_id != boot_id:
            raise Broken(3, f"{_said(effect)} although the node had been rebooted")
        if action.type == "restart_service":
            sha256 = self._left_by(confirmation, effect.node) or sha256
        if action.type in ("set_election_timeouts", "restart_service") and effect.before.sha256 != sha256:
            raise Broken(3, f"{_said(effect)} although the file had been changed")
        shown = bound.after_sha256.get(effect.node)
        if action.type in CHANGES_FILE and not effect.left_sha256 == effect.order.after_sha256 == shown:
            raise Broken(3, f"{_said(effect)} wrote another file than was shown")
        if action.undoes:
            undone = next(done for done in self._effects if done.grant.action_id == action.undoes)
            if effect.before.sha256 != undone.left_sha256:
                raise Broken(3, f"{_said(effect)} although the file had been changed since")

    def _left_by(self, confirmation: Confirmation, node: str) -> str | None:
        """Return the node's file as this very run left it, where it changed it."""
        for done in reversed(self._effects):
            order = done.order
            mine = (order.incident, order.generation) == (confirmation.incident, confirmation.generation)
            if mine and done.node == node and done.before.sha256 != done.left_sha256:
                return done.left_sha256
        return None

    def _quorum(self, effect: Effect) -> None:
        if effect.order.action.type != "restart_service" or effect.spared:
            return
        if effect.spared_but_for_us:
            raise Broken(4, f"{_said(effect)} while the bot was restarting another")
        read = effect.grant.read
        if read is None or effect.node not in read.spared:
            raise Broken(4, f"{_said(effect)} although no majority would stay")
        if effect.at_s - read.at_s > NONCE_LIFE_S + 30.0:
            raise Broken(4, f"{_said(effect)} on a reading that was {effect.at_s - read.at_s:.0f} s old")

    def _one_at_a_time(self, effect: Effect) -> None:
        mine = effect.order
        for done in self._effects:
            theirs = done.order
            if theirs.fence > mine.fence and theirs.action.node == mine.action.node:
                raise Broken(5, f"{_said(effect)} with fence {mine.fence} after {theirs.fence}")
            same = (theirs.incident, theirs.generation) == (mine.incident, mine.generation)
            if (theirs.fence > mine.fence or (theirs.fence == mine.fence and not same)) and not (
                self._in_flight_over_a_restore(effect)
            ):
                raise Broken(5, f"{_said(effect)} of an older run after {_said(done)} of a newer one")

    def _in_flight_over_a_restore(self, effect: Effect) -> bool:
        return effect.grant.sent_s <= self.restored_s <= effect.at_s

    def stands(self, timelines: Mapping[str, list[tuple[bytes, bytes]]]) -> None:
        """Hold what Redis has against what was accepted."""
        self.touched.clear()
        for name, entries in timelines.items():
            if [place for place, _ in entries] != [b"0-%d" % (n + 1) for n in range(len(entries))]:
                raise Broken(7, f"{name} has gaps: {[place for place, _ in entries]}")
            if [event for _, event in entries] != self.history.timelines.get(name, []):
                raise Broken(7, f"{name} is not what was accepted")


def _said(effect: Effect) -> str:
    order = effect.order
    return f"{order.action.type} on {order.action.node} ({order.incident}, generation {order.generation})"
