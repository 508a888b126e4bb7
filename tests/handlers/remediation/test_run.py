"""A confirmed run: gated, once, one node at a time, checked after each, stopped by the first doubt."""

from datetime import timedelta

import pytest

from handlers import advance
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.events.remediation import ActionStarted
from handlers.domain.permissions import Permission, Permissions
from handlers.domain.policy import Member
from handlers.errors import AlreadyConfirmed, NotAllowed, StaleOffer
from handlers.ports import NotBegun, Order, Readiness
from handlers.remediation import node_checks, obstacles, propose, run, second_approval
from runbooks.evidence import Evidence, Service
from runbooks.node_readings import Pod
from tests.builders import ALICE, BOB, NOON, candidates, dead, evidence, known, led_by, node, silent
from tests.handlers.story import (
    click,
    confirmed,
    diagnosed_world,
    newest_run,
    proposed,
    quorum_lost,
    submitted,
    too_slow,
)
from tests.handlers.world import HOME, ON_CALL, World

SECOND = "S0SENIOR01"
CAROL = Person(id="U0CAROL", name="carol", team=HOME)


async def test_a_confirmed_plan_is_carried_out_in_order_and_once() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]
    kinds = world.kinds()
    begun = kinds.index("plan_confirmed")
    assert kinds[begun : begun + 8] == [
        "plan_confirmed",
        "action_started",
        "action_finished",
        "node_checked",
        "action_started",
        "action_finished",
        "node_checked",
        "run_ended",
    ]


async def test_alerts_that_come_all_the_time_do_not_begin_a_nodes_check_anew() -> None:
    """Over slow nodes with flapping alerts a run had not ended after 400 s."""
    world = await diagnosed_world()
    world.cluster.deaf = {"node2"}
    await confirmed(world)
    note = Remarked(at=NOON, key="noise", sentence="something comes in")
    world.cluster.comes_meanwhile = lambda: world.timelines.events["inc-1"].append(note)
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended and not newest.ended.completed
    check = newest.checks["node2"]
    assert check.complaints
    assert node_checks.CHECK_PATIENCE_S <= check.waited_s < node_checks.CHECK_PATIENCE_S + 5
    assert world.kinds().count("node_checked") == 1


async def test_where_elections_take_long_a_leader_is_waited_for_as_long_as_some_of_them_take() -> None:
    world = await diagnosed_world(evidence(*candidates(rtt_ms=3000.0)))
    world.cluster.leads_after = None
    plan = (await confirmed(world, "config_bump")).runs[-1].plan
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    longest_s = max(step.action.election_timeout_max_ms or 0 for step in plan.steps) / 1000
    assert longest_s > node_checks.CHECK_PATIENCE_S / node_checks.ELECTIONS
    last = newest.checks["node3"]
    assert last.complaints == ("no leader with a majority",)
    assert last.waited_s >= node_checks.ELECTIONS * longest_s


async def test_where_elections_take_long_a_node_without_the_new_values_is_noticed_as_soon_as_ever() -> None:
    world = await diagnosed_world(evidence(*candidates(rtt_ms=3000.0)))
    world.cluster.deaf = {"node1"}
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    check = (await newest_run(world)).checks["node1"]
    assert check.complaints
    assert node_checks.CHECK_PATIENCE_S <= check.waited_s < node_checks.CHECK_PATIENCE_S + 5


async def test_the_run_stops_at_the_first_node_that_refuses_and_says_what_was_not_begun() -> None:
    world = await diagnosed_world()
    world.agents.refuses["node2"] = "The service is already running."
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert not newest.ended.completed
    assert newest.ended.detail == (
        "Stopped at node2: The service is already running. 1 further action was not begun."
    )
    assert world.agents.effects == []


async def test_a_lost_answer_is_shown_as_unknown_and_never_sent_again() -> None:
    world = await diagnosed_world()
    world.agents.loses_answer.add("node2")
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service")]
    newest = await newest_run(world)
    assert newest.actions[0].finished
    assert newest.actions[0].finished.state == "unknown"


async def test_a_bot_that_died_after_the_grant_asks_the_ledger_instead_of_granting_again() -> None:
    world = await diagnosed_world()
    incident = await confirmed(world)
    order = run.order_of(incident, incident.runs[-1].plan.steps[0].action)
    readiness = await world.agents.prepare(order)
    started = ActionStarted(at=NOON, index=0, action_id=world.agents.action_id(order))
    await world.timelines.append(incident, started)
    await world.agents.commit(order, readiness)  # type: ignore[arg-type]
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]


async def test_who_stood_still_until_another_had_acted_does_not_say_that_it_was_refused() -> None:
    world = await diagnosed_world()
    world.agents.stalls.add("node2")
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    finished = (await newest_run(world)).actions[0].finished
    assert finished
    assert finished.state == "done"
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]
    assert world.kinds().count("action_started") == 2, "each begins once"


async def test_a_refusal_after_a_crash_first_makes_the_grant_before_it_void() -> None:
    """Its grant may still be under way: without this, "rejected" might be followed by its effect."""
    world = await diagnosed_world()
    incident = await confirmed(world)
    order = run.order_of(incident, incident.runs[-1].plan.steps[0].action)
    late = await world.agents.prepare(order)
    started = ActionStarted(at=NOON, index=0, action_id=world.agents.action_id(order))
    await world.timelines.append(incident, started)
    world.directory.members.clear()
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert "No longer permitted" in ended.detail
    assert (await world.agents.commit(order, late)).state == "rejected"  # type: ignore[arg-type]
    assert world.agents.effects == []


async def test_a_restart_waits_for_the_node_before_it_and_stops_if_it_does_not_come_back() -> None:
    world = await diagnosed_world(too_slow())
    incident = await confirmed(world, "config_bump")
    before = incident.evidence
    assert before
    away = before.model_copy(update={"nodes": (before.node("node1"), silent("node2"), before.node("node3"))})
    world.cluster.shows = away
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert "Without node1 no majority of 2 would stay connected and caught up" in ended.detail
    assert "not known to be linked both ways: node2 → node3" in ended.detail
    assert world.agents.effects == [("node1", "set_election_timeouts")]


async def test_after_each_node_all_must_be_as_well_as_before() -> None:
    world = await diagnosed_world()
    world.cluster.breaks["node2"] = "node1"
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert ended.detail == (
        "Stopped after node2: node2 → node1 was open, and is cut now; no node reaches a majority two ways"
        " any more. 1 further action was not begun."
    ) or ended.detail == (
        "Stopped after node2: node2 → node1 was open, and is cut now. 1 further action was not begun."
    )
    assert world.agents.effects == [("node2", "start_service")]


async def test_an_action_without_effect_is_noticed_and_what_was_changed_can_be_put_back() -> None:
    world = await diagnosed_world(too_slow())
    world.cluster.deaf = {"node2"}
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    stopped = (await newest_run(world)).ended
    assert stopped
    assert "Stopped after node2: the election timeout of node2 reads 150 ms" in stopped.detail
    assert stopped.undo
    assert [(a.node, a.type) for a in stopped.undo.remedy.actions] == [
        ("node2", "undo_election_timeouts"),
        ("node2", "restart_service"),
        ("node1", "undo_election_timeouts"),
        ("node1", "restart_service"),
    ]
    world.cluster.deaf = set()
    world.agents.effects.clear()
    await confirmed(world, stopped.undo.handle)
    await advance.advance(world.ports, "inc-1")
    undone = await newest_run(world)
    assert undone.ended
    assert undone.ended.completed
    assert world.agents.effects == [(a.node, a.type) for a in stopped.undo.remedy.actions]


async def test_a_leader_is_demanded_once_a_majority_runs() -> None:
    world = await diagnosed_world()
    world.cluster.leads_after = None
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert newest.ended.detail == "Stopped after node3: no leader with a majority."
    assert newest.checks["node2"].complaints == (), "one of two is no majority yet"


async def test_new_timeouts_demand_a_leader_only_once_all_have_them() -> None:
    """One node with the old, short timeout unseats every candidate: seen on a running cluster."""
    world = await diagnosed_world(too_slow())
    world.cluster.leads_after = None
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert [bool(check.complaints) for check in newest.checks.values()] == [False, False, True]
    assert newest.ended
    assert newest.ended.detail == "Stopped after node3: no leader with a majority."


async def test_a_leader_that_the_second_reading_caught_for_a_moment_is_demanded_of_no_node() -> None:
    """In a storm of elections somebody leads at every other look; seen on three real nodes."""
    read = too_slow()
    for_a_moment = [
        led_by(each, "node1", term=9).model_copy(update={"metrics": each.metrics}) for each in read.nodes
    ]
    world = await diagnosed_world(evidence(*for_a_moment))
    world.cluster.leads_after = None
    incident = await confirmed(world, "config_bump")
    assert incident.runs[-1].plan.bound.leader == "node1"
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert [bool(check.complaints) for check in newest.checks.values()] == [False, False, True]


async def test_an_undo_puts_every_node_back_though_the_old_values_elect_nobody() -> None:
    """That is how the cluster was before: half undone would be a third state that nobody wanted."""
    world = await diagnosed_world(too_slow())
    world.cluster.leads_after = None
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    stopped = (await newest_run(world)).ended
    assert stopped
    assert stopped.undo
    world.agents.effects.clear()
    await confirmed(world, stopped.undo.handle)
    await advance.advance(world.ports, "inc-1")
    undone = await newest_run(world)
    assert undone.ended
    assert undone.ended.completed, undone.ended.detail
    assert {node for node, _ in world.agents.effects} == {"node1", "node2", "node3"}


async def test_an_undo_holds_though_its_node_has_booted_since_it_was_read() -> None:
    """It puts back a file that the ledger knows; a reboot is what makes people want it."""
    world = await diagnosed_world(too_slow())
    world.cluster.deaf = {"node2"}
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    stopped = (await newest_run(world)).ended
    assert stopped
    assert stopped.undo
    world.cluster.deaf, world.agents.boot_id = set(), "boot-2"
    await confirmed(world, stopped.undo.handle)
    await advance.advance(world.ports, "inc-1")
    undone = (await newest_run(world)).ended
    assert undone
    assert undone.completed, undone.detail


async def test_an_undo_does_not_demand_the_leader_that_only_the_new_values_elected() -> None:
    world = await diagnosed_world(too_slow())
    world.cluster.deaf = {"node2"}
    await confirmed(world, "config_bump")
    await advance.advance(world.ports, "inc-1")
    stopped = (await newest_run(world)).ended
    assert stopped
    assert stopped.undo
    world.cluster.deaf = set()
    incident = await confirmed(world, stopped.undo.handle)
    assert incident.runs[-1].plan.bound.leader == "node1", "the new values have elected one meanwhile"
    led = world.cluster.shows
    nodes = tuple(led_by(node, "nobody", term=9) for node in led.nodes)
    world.cluster.shows, world.cluster.leads_after = led.model_copy(update={"nodes": nodes}), None
    world.cluster.leader = None
    await advance.advance(world.ports, "inc-1")
    undone = (await newest_run(world)).ended
    assert undone
    assert undone.completed, undone.detail


async def test_stop_takes_effect_before_the_next_node() -> None:
    world = await diagnosed_world()
    handle = (await confirmed(world)).runs[-1].handle
    world.timelines.handles[handle] = "inc-1"
    await propose.stop(world.ports, click(handle))
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert newest.ended.detail == "Stopped by alice. 2 further actions were not begun."
    assert world.agents.effects == []


async def test_someone_outside_the_group_cannot_stop_a_run() -> None:
    world = await diagnosed_world()
    handle = (await confirmed(world)).runs[-1].handle
    with pytest.raises(NotAllowed):
        await propose.stop(world.ports, click(handle, BOB))


async def test_who_leaves_the_group_after_confirming_has_nothing_carried_out_any_more() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    world.directory.members[ALICE.id] = Member(ALICE.id, HOME, HOME, frozenset())
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert "No longer permitted" in ended.detail
    assert world.agents.effects == []


@pytest.mark.parametrize(("uid", "is_done"), [("uid-1", True), ("uid-2", False)])
async def test_a_pod_that_is_not_the_one_of_the_plan_is_not_acted_on(uid: str, is_done: bool) -> None:
    pod = known(Service(state="failed", pod=Pod(name="neumann-0", uid="uid-1")), by="agent")
    world = await diagnosed_world(
        evidence(node("node1"), dead("node2", service=pod), dead("node3", service=pod))
    )
    world.agents.pod_uid = uid
    await confirmed(world, "start_nodes")
    await advance.advance(world.ports, "inc-1")
    assert bool(world.agents.effects) is is_done
    ended = (await newest_run(world)).ended
    assert is_done or "made anew" in (ended.detail if ended else "")


@pytest.mark.parametrize(
    ("moved", "words"),
    [({"boot_id": "boot-2"}, "rebooted"), ({"config_sha256": "ef" * 32}, "has changed since")],
)
async def test_a_node_that_changed_after_the_plan_was_drawn_up_is_not_acted_on(
    moved: dict[str, str], words: str
) -> None:
    world = await diagnosed_world(too_slow())
    await confirmed(world, "config_bump")
    for name, value in moved.items():
        setattr(world.agents, name, value)
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert words in ended.detail
    assert world.agents.effects == []


async def test_a_file_that_somebody_edits_after_the_run_wrote_it_is_not_put_into_effect() -> None:
    world = await diagnosed_world(too_slow())
    await confirmed(world, "config_bump")
    prepare = world.agents.prepare

    async def somebody_edits_first(order: Order) -> Readiness | NotBegun:
        if order.action.type == "restart_service":
            world.agents.config_sha256 = "ef" * 32
        return await prepare(order)

    setattr(world.agents, "prepare", somebody_edits_first)  # noqa: B010  a method, for this world alone
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert "The configuration of node1 has changed since the plan was drawn up." in ended.detail
    assert [what for _, what in world.agents.effects] == ["set_election_timeouts"]


async def test_two_incidents_of_one_cluster_never_act_at_the_same_time_and_fences_only_rise() -> None:
    world = await diagnosed_world()
    first = await confirmed(world)
    world.timelines.events["inc-2"] = list(world.timelines.events["inc-1"][:3])
    world.timelines.handles["start_nodes"] = "inc-2"
    other = await proposed(world)
    with pytest.raises(AlreadyConfirmed, match="inc-1 is acting on demo"):
        await propose.confirm(world.ports, submitted(other.handle, ALICE))
    await advance.advance(world.ports, "inc-1")
    second = await propose.confirm(world.ports, submitted((await proposed(world)).handle, ALICE))
    assert second.runs[-1].fence > first.runs[-1].fence


async def test_a_fence_is_above_what_any_agent_has_seen_even_where_redis_was_restored() -> None:
    world = await diagnosed_world()
    world.agents.fences.append(41)
    assert (await confirmed(world)).runs[-1].fence == 42


async def test_a_run_that_comes_again_with_an_old_redis_stops_where_a_newer_one_has_acted() -> None:
    """Its slot and its fence have come again too; that a newer run was there only the nodes know."""
    world = await diagnosed_world()
    await confirmed(world)
    world.agents.fences.append((await newest_run(world)).fence + 1)
    world.timelines.lives = "another"
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert "A newer run has acted on demo" in newest.ended.detail
    assert world.agents.effects == []


@pytest.mark.parametrize("ahead", [1, 1_000, 2**40, 2**53, 2**62, 2**63 - 1])
async def test_row_12_one_agent_that_lies_about_fences_is_named_and_stops_no_run(ahead: int) -> None:
    world = await diagnosed_world()
    await confirmed(world)
    fence = (await newest_run(world)).fence
    world.agents.fences = [fence + ahead, 0, None]
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]
    told = [event.sentence for event in world.timelines.events["inc-1"] if isinstance(event, Remarked)]
    assert told == [
        f"The agent of node1 says that it has acted on a run that was never begun (fence {fence + ahead}),"
        " and no other agent says so: it is left out, look at that node."
    ]


@pytest.mark.parametrize("lie", [2**40, 2**53, 2**62, 2**63 - 1])
async def test_row_12_a_lie_about_fences_is_not_gone_on_from(lie: int) -> None:
    world = await diagnosed_world()
    world.agents.fences = [41, lie, 7]
    assert (await confirmed(world)).runs[-1].fence == 42


async def test_a_run_stops_where_two_agents_say_that_a_newer_one_has_acted() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    newer = (await newest_run(world)).fence + 1
    world.agents.fences = [newer, newer, 0]
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert "A newer run has acted on demo" in newest.ended.detail


async def test_once_redis_has_restarted_every_node_must_say_that_no_newer_run_was_there() -> None:
    world = await diagnosed_world()
    world.agents.fences = [0, None, 0]
    await confirmed(world)
    world.timelines.lives = "another"
    await advance.advance(world.ports, "inc-1")
    newest = await newest_run(world)
    assert newest.ended
    assert "Redis has restarted since, and node2 does not say" in newest.ended.detail
    assert world.agents.effects == []


async def test_a_node_that_is_silent_stops_no_run_while_redis_lives() -> None:
    world = await diagnosed_world()
    world.agents.fences = [None]
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]


async def test_a_slot_that_a_crash_left_taken_is_freed() -> None:
    world = await diagnosed_world()
    world.run_locks.held["demo"] = "inc-9"
    assert (await confirmed(world)).running


def with_second() -> Permissions:
    return Permissions((Permission(confirm_groups=(ON_CALL,), second_groups=(SECOND,)),))


async def awaiting_second() -> tuple[World, str]:
    world = await diagnosed_world()
    world.permissions = with_second()
    world.directory.members[CAROL.id] = Member(CAROL.id, HOME, HOME, frozenset({SECOND}))
    waiting = (await confirmed(world)).awaiting_second
    assert waiting
    return world, waiting.handle


async def test_where_a_second_person_is_asked_for_nothing_runs_until_they_approve() -> None:
    world, handle = await awaiting_second()
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == []
    incident = await second_approval.approve(world.ports, submitted(handle, CAROL))
    assert incident.running
    assert incident.running.approved_by == CAROL
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == [("node2", "start_service"), ("node3", "start_service")]


async def test_the_one_who_confirmed_is_not_the_second_person() -> None:
    world, handle = await awaiting_second()
    world.directory.members[ALICE.id] = Member(ALICE.id, HOME, HOME, frozenset({ON_CALL, SECOND}))
    with pytest.raises(NotAllowed, match="second person"):
        await second_approval.approve(world.ports, submitted(handle, ALICE))


async def test_an_approval_is_given_once_and_for_ten_minutes() -> None:
    world, handle = await awaiting_second()
    world.time.at += timedelta(minutes=11)
    with pytest.raises(StaleOffer, match="ten minutes"):
        await second_approval.approve(world.ports, submitted(handle, CAROL))
    world.time.at = NOON
    await second_approval.approve(world.ports, submitted(handle, CAROL))
    with pytest.raises(AlreadyConfirmed):
        await second_approval.approve(world.ports, submitted(handle, CAROL))


@pytest.mark.parametrize("what_happens", ["ten minutes pass", "redis is put back"])
async def test_a_plan_that_nobody_can_approve_any_more_is_in_nobodys_way(what_happens: str) -> None:
    world, handle = await awaiting_second()
    with pytest.raises(AlreadyConfirmed, match="alice has confirmed a plan"):
        await proposed(world)
    if what_happens == "redis is put back":
        world.timelines.lives = "second"
    else:
        world.time.pass_s(601)
    with pytest.raises(StaleOffer, match="it must be proposed again"):
        await second_approval.approve(world.ports, submitted(handle, CAROL))
    waiting = (await confirmed(world)).awaiting_second
    assert waiting
    assert waiting.handle != handle
    with pytest.raises(AlreadyConfirmed):
        await second_approval.approve(world.ports, submitted(handle, CAROL))
    assert (await second_approval.approve(world.ports, submitted(waiting.handle, CAROL))).running


async def test_what_was_done_before_redis_was_put_back_is_asked_of_the_ledger_and_not_done_again() -> None:
    world = await diagnosed_world()
    await confirmed(world)
    copy = list(world.timelines.events["inc-1"])
    await advance.advance(world.ports, "inc-1")
    done = list(world.agents.effects)
    assert done == [("node2", "start_service"), ("node3", "start_service")]

    world.timelines.events["inc-1"], world.timelines.lives = copy, "second"
    await advance.advance(world.ports, "inc-1")
    assert world.agents.effects == done
    run = await newest_run(world)
    assert [action.finished.state for action in run.actions.values() if action.finished] == ["done", "done"]
    assert {action.action_id for action in run.actions.values()} == world.agents.ledger.keys()
    assert run.ended
    assert run.ended.completed


async def test_a_step_for_which_the_agent_wants_a_second_person_is_not_granted_on_one() -> None:
    world = await diagnosed_world()
    world.agents.asks_for_second = {"node2"}
    await confirmed(world)
    await advance.advance(world.ports, "inc-1")
    ended = (await newest_run(world)).ended
    assert ended
    assert "asks for a second person" in ended.detail
    assert world.agents.effects == []


async def test_a_clock_that_is_far_off_asks_for_a_second_person_by_itself() -> None:
    world = await diagnosed_world(skewed(12_000.0))
    incident = await confirmed(world, "clock_sync")
    assert incident.awaiting_second
    assert incident.running is None


def skewed(offset_ms: float) -> Evidence:
    offsets = {"node1": 40.0, "node2": offset_ms, "node3": -1900.0}
    return evidence(*(node(name, offset_ms=ms, gossip_failed=2) for name, ms in offsets.items()))


async def test_a_silence_is_set_for_the_run_and_lifted_when_it_fails() -> None:
    world = await diagnosed_world()
    world.agents.refuses["node3"] = "The service is already running."
    await confirmed(world, silence_minutes=30)
    await advance.advance(world.ports, "inc-1")
    kinds = world.kinds()
    assert kinds.index("silenced") < kinds.index("action_started")
    assert "silence_lifted" in kinds
    assert world.silences.active == {}


async def test_an_alertmanager_that_takes_no_silence_does_not_hold_up_the_run() -> None:
    world = await diagnosed_world()
    world.silences.refuses = "Alertmanager does not answer."
    await confirmed(world, silence_minutes=30)
    await advance.advance(world.ports, "inc-1")
    incident = await world.timelines.load("inc-1")
    assert incident.silence
    assert incident.silence.detail == "Alertmanager does not answer."
    assert incident.runs[-1].ended


async def test_the_run_of_a_cluster_without_quorum_starts_nodes_and_restarts_none() -> None:
    world = await diagnosed_world(quorum_lost())
    incident = await confirmed(world)
    restart = incident.runs[-1].plan.steps[0].action.model_copy(update={"type": "restart_service"})
    refused = await obstacles.gate(world.ports, incident, restart)
    assert refused
    assert refused.outcome.state == "rejected"
