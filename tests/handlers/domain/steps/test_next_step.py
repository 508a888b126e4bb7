"""What an incident needs next, decided from its timeline alone."""

from datetime import timedelta

from handlers.domain.events import Event
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
from handlers.domain.events.remediation import (
    ActionFinished,
    ActionStarted,
    NodeChecked,
    PlanConfirmed,
    PlanProposed,
    RunEnded,
    Silenced,
    StopAsked,
)
from handlers.domain.fold import fold
from handlers.domain.incident import Stage
from handlers.domain.steps.kinds import (
    CheckNode,
    Close,
    EndRun,
    LiftSilence,
    ReadCluster,
    Rest,
    RunAction,
    Silence,
    WatchRecovery,
)
from handlers.domain.steps.next_step import next_step
from runbooks import leader_election
from runbooks.model import Leadership
from tests.builders import ALICE, NOON, alert, candidates, dead, diagnosed, evidence, node, opened, remedy_of

LATER = NOON + timedelta(seconds=61)


def two_dead():
    return evidence(node("node1"), dead("node2"), dead("node3"))


def confirmed() -> tuple[Event, ...]:
    read = two_dead()
    plan = leader_election.plan(remedy_of(read, "start_nodes"), read)
    proposed = PlanProposed(at=NOON, handle="p1", offer="start_nodes", plan=plan, by=ALICE)
    return proposed, PlanConfirmed(at=NOON, handle="p1", plan_sha256=plan.sha256, by=ALICE)


def checked(name: str, *complaints: str, leader: str | None = None) -> NodeChecked:
    return NodeChecked(at=NOON, node=name, complaints=complaints, leader=leader, waited_s=0.0)


def lead(leader: str | None = "node1") -> Leadership:
    return Leadership(leader=leader, term=9, acknowledged_by=("node1", "node2"), majority=leader is not None)


def after(*events: Event):
    return fold("inc-1", events)


def test_nothing_has_happened_yet_nothing_is_to_do() -> None:
    assert next_step(after(), NOON) == Rest()


def test_an_opened_incident_is_read() -> None:
    incident = after(opened())
    assert incident.stage is Stage.OPENED
    assert next_step(incident, NOON) == ReadCluster()


def test_a_diagnosed_one_is_looked_at_and_read_again_when_its_findings_grow_old() -> None:
    incident = after(opened(), *diagnosed(two_dead()))
    assert next_step(incident, NOON) == WatchRecovery(1.0)
    assert next_step(incident, LATER) == ReadCluster()


def test_old_findings_are_not_drawn_up_again_while_a_leader_is_there() -> None:
    incident = after(opened(), *diagnosed(two_dead()), LeaderSeen(at=NOON, leadership=lead()))
    assert isinstance(next_step(incident, LATER), WatchRecovery)


def test_a_confirmed_plan_runs_action_by_action_in_order() -> None:
    events = [opened(), *diagnosed(two_dead()), *confirmed()]
    assert next_step(after(*events), NOON) == RunAction(0)
    events += [ActionStarted(at=NOON, index=0, action_id="a")]
    assert next_step(after(*events), NOON) == RunAction(0), "a crash in between comes back to the same action"
    events += [ActionFinished(at=NOON, index=0, state="done", detail="")]
    assert next_step(after(*events), NOON) == CheckNode("node2")
    events += [checked("node2")]
    assert next_step(after(*events), NOON) == RunAction(1)
    events += [ActionFinished(at=NOON, index=1, state="done", detail=""), checked("node3")]
    assert next_step(after(*events), NOON) == EndRun()


def test_a_node_that_is_worse_than_before_ends_the_run() -> None:
    finished = ActionFinished(at=NOON, index=0, state="done", detail="")
    worse = checked("node2", "node1 → node2 was open, and is cut now")
    assert next_step(after(opened(), *diagnosed(two_dead()), *confirmed(), finished, worse), NOON) == EndRun()


def test_who_leads_after_a_check_comes_last_whatever_the_plan_said() -> None:
    read = evidence(*candidates(rtt_ms=400.0))
    plan = leader_election.plan(remedy_of(read, "config_bump"), read)
    proposed = PlanProposed(at=NOON, handle="p1", offer="config_bump", plan=plan, by=ALICE)
    events = [opened(), *diagnosed(read), proposed]
    events += [PlanConfirmed(at=NOON, handle="p1", plan_sha256=plan.sha256, by=ALICE)]
    events += [ActionFinished(at=NOON, index=index, state="done", detail="") for index in (0, 1)]
    events += [checked("node1", leader="node2")]
    assert next_step(after(*events), NOON) == RunAction(4), "node3 goes before node2, which leads now"


def test_a_stop_takes_effect_before_the_next_node_not_in_the_middle_of_one() -> None:
    events = [opened(), *diagnosed(two_dead()), *confirmed(), StopAsked(at=NOON, by=ALICE)]
    assert next_step(after(*events), NOON) == EndRun()
    begun = ActionStarted(at=NOON, index=0, action_id="a")
    assert next_step(after(*events[:-1], begun, events[-1]), NOON) == RunAction(0)


def test_a_silence_comes_before_the_first_action_and_is_lifted_once_a_leader_is_verified() -> None:
    read = two_dead()
    plan = leader_election.plan(remedy_of(read, "start_nodes"), read)
    events = [opened(), *diagnosed(read)]
    events += [PlanProposed(at=NOON, handle="p1", offer="start_nodes", plan=plan, by=ALICE)]
    events += [PlanConfirmed(at=NOON, handle="p1", plan_sha256=plan.sha256, by=ALICE, silence_minutes=30)]
    assert next_step(after(*events), NOON) == Silence()
    events += [Silenced(at=NOON, silence_id="s1", ends_at=LATER, detail="")]
    assert next_step(after(*events), NOON) == RunAction(0)
    events += [RunEnded(at=NOON, completed=True, detail="")]
    assert isinstance(next_step(after(*events), NOON), WatchRecovery)
    events += [LeaderVerified(at=NOON, leadership=lead(), stable_s=10.0)]
    assert next_step(after(*events), NOON) == LiftSilence()


def test_the_first_action_that_is_not_done_ends_the_run() -> None:
    for state in ("not_done", "rejected", "unknown"):
        finished = ActionFinished(at=NOON, index=0, state=state, detail="")
        incident = after(opened(), *diagnosed(two_dead()), *confirmed(), finished)
        assert next_step(incident, NOON) == EndRun()


def test_after_a_run_the_leader_gets_its_time_before_the_cluster_is_read_again() -> None:
    ended = RunEnded(at=NOON, completed=True, detail="")
    incident = after(opened(), *diagnosed(two_dead()), *confirmed(), ended)
    assert incident.stage is Stage.WATCHING
    assert isinstance(next_step(incident, LATER), WatchRecovery)
    assert next_step(incident, NOON + timedelta(seconds=71)) == ReadCluster()


def test_a_run_that_stopped_half_way_is_followed_by_a_fresh_reading_at_once() -> None:
    ended = RunEnded(at=NOON + timedelta(seconds=5), completed=False, detail="")
    incident = after(opened(), *diagnosed(two_dead()), *confirmed(), ended)
    assert next_step(incident, NOON + timedelta(seconds=5)) == ReadCluster()


def test_a_verified_leader_closes_the_incident_only_when_no_alert_fires() -> None:
    verified = LeaderVerified(at=NOON, leadership=lead(), stable_s=10)
    events = [opened(), *diagnosed(two_dead()), verified]
    assert next_step(after(*events), NOON) == WatchRecovery(5.0)
    events.append(opened(alert(status="resolved", minute=1)))
    assert next_step(after(*events), NOON) == Close()


def test_resolved_without_a_leader_does_not_close_it() -> None:
    incident = after(opened(), *diagnosed(two_dead()), opened(alert(status="resolved", minute=1)))
    assert incident.firing == ()
    assert next_step(incident, NOON) == WatchRecovery(1.0)


def test_a_closed_one_rests() -> None:
    assert next_step(after(opened(), Closed(at=NOON, detail="over")), NOON) == Rest()


def test_without_a_runbook_it_waits_for_alertmanager() -> None:
    events = [opened(runbook="alert:Odd")]
    assert next_step(after(*events, *diagnosed(two_dead())), NOON) == Rest()
    events.append(opened(alert(status="resolved", minute=1), runbook="alert:Odd"))
    assert next_step(after(*events), NOON) == Close()


def test_a_storm_has_its_plan_confirmed_the_same_way() -> None:
    read = evidence(*candidates(rtt_ms=400.0))
    plan = leader_election.plan(remedy_of(read, "config_bump"), read)
    proposed = PlanProposed(at=NOON, handle="p1", offer="config_bump", plan=plan, by=ALICE)
    confirmation = PlanConfirmed(at=NOON, handle="p1", plan_sha256=plan.sha256, by=ALICE)
    incident = after(opened(), *diagnosed(read), proposed, confirmation)
    assert incident.stage is Stage.RUNNING
    assert len(incident.runs[-1].plan.steps) == 6


def test_what_has_stood_for_hours_is_read_less_often():
    def due_after_s(age_s: float) -> float:
        at = NOON + timedelta(seconds=age_s)
        read = [event.model_copy(update={"at": at}) for event in diagnosed(two_dead())]
        incident = fold("inc-1", [opened(), *read])
        waits_s = range(2_000)
        return next(s for s in waits_s if next_step(incident, at + timedelta(seconds=s)) == ReadCluster())

    ages_s = (0, 300, 600, 3_600, 9_000, 864_000)
    assert [due_after_s(age_s) for age_s in ages_s] == [60, 60, 60, 360, 900, 900]
