"""A run in the thread: who, which step, what stopped it, and the one button that makes sense."""

from datetime import timedelta
from typing import Any

from bot.slack.views import labels
from bot.slack.views.message import Message
from bot.slack.views.render import render
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked, Offer
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.remediation import (
    ActionFinished,
    NodeChecked,
    PlanConfirmed,
    RunEnded,
    StopAsked,
)
from handlers.domain.incident import Incident
from lab.slack.limits import acting_elements
from runbooks import leader_election
from runbooks.model import Remedy
from runbooks.plans import Action
from tests.bot import incidents
from tests.bot.incidents import LATER, incident
from tests.bot.slack.views.test_render import check, everything_in
from tests.builders import ALICE, BOB, NOON, alert, diagnosed, opened

READ = incidents.quorum_loss()
DONE = ActionFinished(at=NOON, index=0, state="done", detail="It runs.")


def shown(*events: Event) -> str:
    messages = check(incident(*incidents.confirmed(READ), *events))
    (run,) = [message for message in messages if message.key.startswith("run-")]
    return "\n".join(everything_in(run))


def buttons(of: Incident) -> list[dict[str, Any]]:
    return [e for message in render(of) for block in message.blocks for e in acting_elements(block)]


def test_each_step_is_told_in_words_and_each_node_is_checked() -> None:
    text = shown(DONE, NodeChecked(at=NOON, node="node2", complaints=(), leader=None, waited_s=2.0))
    assert ":white_check_mark: node2: start the service: It runs." in text
    assert ":mag: node2 and the others are no worse than before, no leader yet" in text
    assert ":white_circle: node3: start the service" in text


def test_what_is_worse_than_before_is_said_where_it_was_seen() -> None:
    worse = NodeChecked(
        at=NOON,
        node="node2",
        complaints=("node1 → node2 was open, and is cut now",),
        leader=None,
        waited_s=45,
    )
    assert ":x: node2: node1 → node2 was open, and is cut now" in shown(DONE, worse)


def test_a_stop_that_was_asked_for_is_said_and_its_button_is_gone() -> None:
    asked = incident(*incidents.confirmed(READ), StopAsked(at=NOON, by=BOB))
    assert "bob asked to stop before the next node" in shown(StopAsked(at=NOON, by=BOB))
    assert buttons(asked) == []


def test_a_run_that_stopped_half_way_offers_to_put_back_what_it_changed() -> None:
    undo = Offer(
        handle="undo-handle",
        remedy=Remedy(
            name="undo",
            nodes=("node1",),
            actions=(Action(type="undo_election_timeouts", node="node1", undoes="a" * 64),),
            offered=True,
            reason="The timeouts of node1 were changed.",
        ),
    )
    ended = RunEnded(at=NOON, completed=False, detail="Stopped after node1.", undo=undo)
    stopped = incident(*incidents.confirmed(READ), ended)
    undoing = [button for button in buttons(stopped) if button["value"] == "undo-handle"]
    assert [button["text"]["text"] for button in undoing] == ["Put the timeouts back"]


def test_a_plan_that_waits_for_a_second_person_says_for_whom_and_lets_them_read_it() -> None:
    proposed = incidents.proposal(READ)
    confirmed = PlanConfirmed(
        at=NOON, handle=proposed.handle, plan_sha256=proposed.plan.sha256, by=ALICE, second_needed=True
    )
    waiting = incident(opened(), *diagnosed(READ), proposed, confirmed)
    messages = check(waiting)
    text = "\n".join(everything_in(messages[-1]))
    assert "alice has confirmed it, a second person must approve" in text
    assert ("approve_plan", proposed.handle) in [(b["action_id"], b["value"]) for b in buttons(waiting)]


def test_once_it_is_approved_it_says_by_whom_and_cannot_be_approved_again() -> None:
    approved = incident(*incidents.approved_by_two(READ))
    (second,) = [message for message in check(approved) if message.key.startswith("second-")]
    assert "alice has confirmed it, bob has approved it" in second.text
    assert "approve_plan" not in [button["action_id"] for button in buttons(approved)]


def test_the_remedys_button_is_gone_until_the_cluster_was_read_again() -> None:
    confirmed = [
        event.model_copy(update={"at": LATER}) if isinstance(event, PlanConfirmed) else event
        for event in incidents.carried_out(READ, "not_done", "It does not start.")
    ]
    stopped = incident(*confirmed)
    assert buttons(stopped) == []
    fresh = [event.model_copy(update={"at": LATER + timedelta(minutes=1)}) for event in diagnosed(READ)]
    assert [button["action_id"] for button in buttons(incident(*confirmed, *fresh))] == ["remedy:start_nodes"]


def test_of_many_nodes_those_are_told_step_by_step_at_which_something_happens() -> None:
    large = incidents.with_many_nodes(51)["most dead"]
    plan = incidents.proposal(large).plan
    done: list[Event] = []
    for index, node in enumerate(plan.nodes[:20]):
        done.append(ActionFinished(at=NOON, index=index, state="done", detail="It runs."))
        done.append(NodeChecked(at=NOON, node=node, complaints=(), leader="node1", waited_s=2.0))
    failed = ActionFinished(at=NOON, index=20, state="unknown", detail="The agent did not answer.")
    (run,) = [m for m in check(incident(*incidents.confirmed(large), *done, failed)) if m.key == "run-1"]
    lines = "\n".join(everything_in(run)).splitlines()
    assert lines[2].startswith(":white_check_mark: 20 of 48 nodes done: node4, node5, ")
    assert lines[3].startswith(":white_circle: 27 of 48 nodes to come: node25, node26, ")
    assert lines[4] == ":grey_question: node24: start the service: The agent did not answer."


def test_why_a_run_stopped_is_told_once() -> None:
    why = "The service is already running."
    failed = ActionFinished(at=NOON, index=0, state="rejected", detail=why)
    ended = RunEnded(at=NOON, completed=False, detail=f"Stopped at node2: {why}")
    assert why in shown(failed)
    assert shown(failed, ended).count(why) == 1


def test_green_is_a_leader_that_is_proven_and_nothing_else() -> None:
    by_hand = Closed(at=LATER, detail="Resolved by bob.", by=BOB)
    unproven = incident(opened(), *diagnosed(READ), by_hand)
    headline, *_, closing = check(unproven)
    assert headline.colour == labels.COLOURS[labels.GREY]
    assert "No leader was proven." in closing.text
    assert check(incident(*incidents.healed()))[0].colour == labels.COLOURS[labels.GREEN]
    elsewhere = incident(opened(alert("DiskFull"), runbook="alert:DiskFull"), by_hand)
    assert check(elsewhere)[0].colour == labels.COLOURS[labels.GREEN], "there is no leader to look for"


def test_a_run_after_which_no_leader_came_is_called_not_recovered() -> None:
    finished = [ActionFinished(at=NOON, index=index, state="done", detail="It runs.") for index in range(2)]
    ended = RunEnded(at=NOON, completed=True, detail="Every action is done.")
    again = NOON + timedelta(minutes=3)
    fresh: list[Event] = [
        EvidenceRead(at=again, evidence=READ),
        FindingsRanked(at=again, diagnosis=leader_election.diagnose(READ)),
    ]
    assert "one leader in the highest term" in shown(*finished, ended)
    assert "*Not recovered:* no leader was proven in time" in shown(*finished, ended, *fresh)


def test_alertmanagers_resolved_without_a_leader_stays_red_and_says_so() -> None:
    resolved = opened(alert(status="resolved"))
    headline: Message = check(
        incident(opened(), *diagnosed(READ), resolved.model_copy(update={"at": LATER}))
    )[0]
    text = "\n".join(everything_in(headline))
    assert ":red_circle:" in text
    assert "Alertmanager says resolved, but no leader is proven." in text
