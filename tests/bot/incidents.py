"""Incidents for the bot's tests, each the fold of what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from handlers.domain.escalation.model import Because, PageAct, Target, TargetKind
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import FindingsRanked
from handlers.domain.events.escalation import PageTried, TierReached
from handlers.domain.events.lifecycle import AlertsReceived, Closed, EarlierIncidents, Remarked, Reopened
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified, RecoverySeen, RecoveryVerified
from handlers.domain.events.regrouping import (
    AlertsGiven,
    AlertsJoined,
    AlertsTaken,
    Hindrance,
    MergeAsked,
    RegroupingGivenUp,
    SplitAsked,
)
from handlers.domain.events.remediation import (
    ActionFinished,
    ActionStarted,
    NodeChecked,
    OutcomeState,
    PlanApproved,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
    Silenced,
    SilenceLifted,
    StopAsked,
)
from handlers.domain.events.triage import (
    Acknowledged,
    Assigned,
    HandOffDrawnUp,
    HandOffTicked,
    NoteAdded,
    ReadingAsked,
    Snoozed,
)
from handlers.domain.events.wide_outage import OutageMember, WideOutageJoined, WideOutageSeen
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from runbooks import leader_election
from runbooks.evidence import Evidence, NodeEvidence, Role
from runbooks.explained import Explanation
from runbooks.model import Leadership
from tests import builders
from tests.builders import (
    ALICE,
    BOB,
    NOON,
    candidates,
    dead,
    diagnosed,
    evidence,
    missing,
    node,
    opened,
    silent,
)

ID = "inc-7"
LATER = NOON + timedelta(minutes=3)
STARTED = ActionStarted(at=NOON, index=0, action_id=f"{0:064x}")
LEADERSHIP = Leadership(
    leader="node1",
    term=9,
    acknowledged_by=("node1", "node2", "node3"),
    claimed_by=("node1",),
    commit_index=101,
    majority=True,
)


def incident(*events: Event) -> Incident:
    """The incident that these events make."""
    return fold(ID, events)


def quorum_loss() -> Evidence:
    """Two of three processes are gone."""
    return evidence(node("node1", role=Role.CANDIDATE), dead("node2"), dead("node3"))


def partition() -> Evidence:
    """Nobody reaches anybody."""
    cuts = builders.cut_off("node1", "node2", "node3")
    return evidence(*(node(name, role=Role.CANDIDATE, cuts=cuts) for name in ("node1", "node2", "node3")))


def skew() -> Evidence:
    """One clock is far off, and its peers hold it failed."""
    one, two, three = (
        node(name, role=Role.CANDIDATE, gossip_failed=1, offset_ms=offset_ms)
        for name, offset_ms in (("node1", 0.0), ("node2", 0.0), ("node3", 4200.0))
    )
    return evidence(one, two, three)


def tight_timeouts(names: Iterable[str] = ("node1", "node2", "node3")) -> Evidence:
    """Elections follow each other, since the round trip is as long as the timeout."""
    everyone = tuple(names)
    return evidence(
        *(
            node(name, names=everyone, role=Role.CANDIDATE, elections=(10, 14), rtt_ms=140.0)
            for name in everyone
        )
    )


def unknown() -> Evidence:
    """Nothing at all can be read."""
    return evidence(*(silent(name) for name in ("node1", "node2", "node3")))


def blind() -> Evidence:
    """Nodes run, agents do not answer."""
    kinds = ("clock", "service", "log", "config", "connects", "pings")
    return evidence(*candidates(**{kind: missing("the agent cannot be reached") for kind in kinds}))


EVIDENCES: Mapping[str, Evidence] = {
    "healthy": evidence(),
    "quorum loss": quorum_loss(),
    "partition": partition(),
    "clock skew": skew(),
    "tight timeouts": tight_timeouts(),
    "nothing readable": unknown(),
    "agents silent": blind(),
}


def with_many_nodes(count: int = 51) -> dict[str, Evidence]:
    """Large clusters, each in another way broken."""
    names = [f"node{number}" for number in range(1, count + 1)]
    several: dict[str, tuple[NodeEvidence, ...]] = {
        "all silent": tuple(silent(name) for name in names),
        "most dead": tuple(
            node(name, names=names, role=Role.CANDIDATE) if number < 3 else dead(name, names=names)
            for number, name in enumerate(names)
        ),
        "all cut off": tuple(
            node(name, names=names, role=Role.CANDIDATE, cuts=builders.cut_off(*names, among=names))
            for name in names
        ),
        "all skewed": tuple(
            node(name, names=names, role=Role.CANDIDATE, offset_ms=600.0 + number, gossip_failed=7)
            for number, name in enumerate(names)
        ),
    }
    return {key: evidence(*nodes) for key, nodes in several.items()} | {"tight": tight_timeouts(names)}


def proposal(read: Evidence) -> PlanProposed:
    """The plan of the first remedy that is offered on this evidence."""
    (ranked,) = [event for event in diagnosed(read) if isinstance(event, FindingsRanked)]
    offer = ranked.offers[0]
    plan = builders.with_edits(leader_election.plan(offer.remedy, read), read)
    return PlanProposed(at=NOON, handle="plan-handle", offer=offer.handle, plan=plan, by=ALICE)


def confirmed(read: Evidence, first: AlertsReceived | None = None) -> tuple[Event, ...]:
    """From the alert to a confirmed plan."""
    proposed = proposal(read)
    return (
        first or opened(),
        *diagnosed(read),
        proposed,
        PlanConfirmed(at=NOON, handle=proposed.handle, plan_sha256=proposed.plan.sha256, by=ALICE),
    )


def carried_out(read: Evidence, state: OutcomeState = "done", detail: str = "It runs.") -> tuple[Event, ...]:
    """... and with every action ended so."""
    events = list(confirmed(read))
    for index in range(len(proposal(read).plan.steps)):
        events.append(ActionStarted(at=NOON, index=index, action_id=f"{index:064x}"))
        events.append(ActionFinished(at=NOON, index=index, state=state, detail=detail))
    nodes = proposal(read).plan.nodes if state == "done" else ()
    events += [NodeChecked(at=NOON, node=name, complaints=(), leader="node1", waited_s=2.0) for name in nodes]
    completed = state == "done"
    return (
        *events,
        RunEnded(at=NOON, completed=completed, detail="Every action is done." if completed else detail),
    )


def approved_by_two(read: Evidence) -> tuple[Event, ...]:
    """A plan that two people had to say yes to, with a silence, and that someone then stopped."""
    proposed = proposal(read)
    confirmed_by_one = PlanConfirmed(
        at=NOON,
        handle=proposed.handle,
        plan_sha256=proposed.plan.sha256,
        by=ALICE,
        second_needed=True,
        silence_minutes=30,
    )
    return (
        opened(),
        *diagnosed(read),
        proposed,
        confirmed_by_one,
        PlanApproved(at=NOON, handle=proposed.handle, by=BOB, fence=7),
        Silenced(at=NOON, silence_id="s-1", ends_at=LATER, detail="Silent until 12:03 UTC."),
        StopAsked(at=NOON, by=BOB),
        RunEnded(at=NOON, completed=False, detail="Stopped by bob. 2 further actions were not begun."),
        SilenceLifted(at=NOON, detail="The silence is lifted."),
    )


def healed() -> tuple[Event, ...]:
    """An incident that ends well."""
    return (
        *carried_out(quorum_loss()),
        LeaderSeen(at=LATER, leadership=LEADERSHIP),
        LeaderVerified(at=LATER, leadership=LEADERSHIP, stable_s=10.4),
        Closed(at=LATER, detail="node1 leads term 9, and no alert fires any more."),
    )


def mended(read: Evidence, *, after: timedelta = timedelta(minutes=3)) -> tuple[Event, ...]:
    """An incident of any evidence for which a remedy is offered: it is carried out, and a leader comes."""
    at = NOON + after
    return (
        *carried_out(read),
        LeaderSeen(at=at, leadership=LEADERSHIP),
        LeaderVerified(at=at, leadership=LEADERSHIP, stable_s=10.4),
        Closed(at=at, detail="node1 leads term 9, and no alert fires any more."),
    )


def false_alarm() -> tuple[Event, ...]:
    """An alert that was over when the cluster was read."""
    return (
        opened(),
        *diagnosed(builders.evidence(*led())),
        Closed(at=LATER, detail="No alert fires any more."),
    )


def led() -> tuple[NodeEvidence, ...]:
    """Three nodes, of which one leads and commits."""
    leader = node("node1", role=Role.LEADER, commits=5)
    return leader, node("node2", commits=5), node("node3", commits=5)


def opened_at(when: datetime, events: Iterable[Event]) -> list[Event]:
    """The same incident at another time: what was at noon is at `when`."""
    moved_by = when - NOON
    moved = [event.model_copy(update={"at": event.at + moved_by}) for event in events]
    return [_with_alerts_at(event, moved_by) for event in moved]


def _with_alerts_at(event: Event, moved_by: timedelta) -> Event:
    if not isinstance(event, AlertsReceived):
        return event
    alerts = tuple(each.model_copy(update={"starts_at": each.starts_at + moved_by}) for each in event.alerts)
    return event.model_copy(update={"alerts": alerts})


def whole_story() -> tuple[Event, ...]:
    """Every kind of event there is: a run that was stopped, and one that mends it."""
    noted = (
        Remarked(at=NOON, key="unreadable/7", sentence="One alert could not be read and was put aside."),
        EarlierIncidents(at=NOON, count=3, last="inc-3", opened_at=NOON, closed_at=LATER),
    )
    escalated = (
        TierReached(
            at=NOON,
            tier=1,
            because=Because.UNACKNOWLEDGED,
            targets=(
                Target(kind=TargetKind.ON_CALL, id=ALICE.id),
                Target(kind=TargetKind.GROUP, id="S0ONCALL01"),
                Target(kind=TargetKind.CHANNEL, id="C0EVERYONE"),
                Target(kind=TargetKind.DIRECT),
            ),
        ),
        TierReached(
            at=NOON,
            tier=2,
            because=Because.UNDELIVERED,
            targets=(Target(kind=TargetKind.PAGERDUTY), Target(kind=TargetKind.WEBHOOK)),
        ),
        PageTried(
            at=NOON,
            tier=2,
            route=TargetKind.PAGERDUTY,
            act=PageAct.TRIGGER,
            delivered=False,
            detail="PagerDuty at events.pagerduty.com refuses with 429: <!channel> wait.",
            again_at=LATER,
        ),
        PageTried(at=NOON, tier=2, route=TargetKind.WEBHOOK, act=PageAct.TRIGGER, delivered=True),
    )
    cared_for = (
        *escalated,
        Acknowledged(at=NOON, by=ALICE),
        Assigned(at=NOON, by=ALICE, to=BOB),
        Snoozed(at=NOON, by=BOB, until=LATER),
        ReadingAsked(at=NOON, by=ALICE),
        NoteAdded(at=NOON, by=BOB, text="the switch was replaced", link="https://neumann.slack.com/p1"),
        HandOffDrawnUp(at=NOON, by=BOB, hand_off=leader_election.hand_off(builders.evidence())),
        HandOffTicked(at=NOON, by=BOB, step="give-up"),
    )
    other_runbook = (
        RecoverySeen(at=NOON, sign="14 GB free"),
        RecoveryVerified(at=NOON, sentence="14 GB are free", stable_s=20),
    )
    regrouped = (
        AlertsJoined(at=NOON, fingerprints=("9f",), explanation=Explanation.NO_LEADER),
        MergeAsked(at=NOON, by=ALICE, into="inc-8"),
        RegroupingGivenUp(at=NOON, why=Hindrance.RUNNING, other="inc-8"),
        SplitAsked(at=NOON, by=ALICE, fingerprints=("9f",)),
        AlertsGiven(at=NOON, to="inc-9", fingerprints=("9f",), link="https://neumann.slack.com/p9"),
        AlertsTaken(at=NOON, of="inc-6", asked=3, by=BOB, merged=True, runbooks=("split-brain",)),
    )
    wide = (
        WideOutageSeen(
            at=NOON,
            members=(
                OutageMember(
                    incident=ID, cluster="demo", opened_at=NOON, link="https://neumann.slack.com/p1"
                ),
            ),
            labels={"switch": "sw-12"},
        ),
        WideOutageJoined(at=NOON, lead=ID, link="https://neumann.slack.com/p2"),
    )
    again = (Reopened(at=LATER, by=ALICE), Closed(at=LATER, detail="Resolved by alice.", by=ALICE))
    said = (*noted, *cared_for, *regrouped, *wide, *other_runbook)
    return (*approved_by_two(quorum_loss()), *said, *healed()[3:], *again)


def with_handle(handle: str, *events: Event) -> tuple[Event, ...]:
    """The same findings, their offers under a handle of their own."""
    return tuple(
        event.model_copy(
            update={"offers": tuple(offer.model_copy(update={"handle": handle}) for offer in event.offers)}
        )
        if isinstance(event, FindingsRanked)
        else event
        for event in events
    )


def every_prefix(events: tuple[Event, ...]) -> list[Incident]:
    """The incident after each of its events: everything that Slack may have to show on the way."""
    return [incident(*events[:length]) for length in range(1, len(events) + 1)]
