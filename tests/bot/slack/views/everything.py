"""Everything that Slack could be asked to show of a cluster that was read like this; each is checked."""

from __future__ import annotations

from collections.abc import Iterator

from bot.nodes.agent_evidence import still_reading
from bot.slack.views import answers, app_home, plan_modal, triage_modals
from bot.slack.views.findings import in_words, is_brief
from bot.slack.views.render import render
from handlers.commands.answers import ElectionStatus, History, IncidentList, IncidentShown, PostmortemAnswer
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked, Unanswered, Unconfirmed
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
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
    StopAsked,
)
from handlers.domain.events.triage import Acknowledged, HandOffDrawnUp
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.postmortem import draft as postmortem
from handlers.remediation.undo import offer_to_undo
from lab.slack.limit_table import CANVAS_MARKDOWN
from lab.slack.limits import UPDATED_TEXT_CHARACTERS, check_message, check_view
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import RootCause
from runbooks.missing_kind import MissingKind
from runbooks.model import Diagnosis, Leadership, Verdict
from runbooks.plans import Plan
from tests.bot.incidents import LATER
from tests.builders import ALICE, BOB, NOON, opened, with_edits

ID = "inc-7"
STATES: tuple[OutcomeState, ...] = ("done", "not_done", "rejected", "unknown")
DETAIL = "The service had failed and is active (process 4712)."
Events = tuple[Event, ...]


def check_everything(read: Evidence, diagnosis: Diagnosis | None = None) -> int:
    """Render and check whatever can be shown of an incident on this evidence.

    Args:
        read: The evidence.
        diagnosis: Its judgement, where that is known already: of 51 nodes it takes a second or two.

    Returns:
        How many messages, modals and pages were checked.

    Raises:
        SlackRefusalError: If Slack would not take one.
    """
    told = opening(read, diagnosis)
    # While nodes are awaited, the same judgement does: what is shown of it is of the same shape.
    ranked = told[2].model_copy(update={"unconfirmed": _unconfirmed(read)})
    half = (*told[:1], EvidenceRead(at=NOON, evidence=_partly(read)), ranked)
    handed = (*told, HandOffDrawnUp(at=NOON, by=ALICE, hand_off=leader_election.hand_off(read)))
    timelines = [told[:1], half, told, handed, *recovered(read, told)]
    for number, proposed in enumerate(plans(fold(ID, told)), start=1):
        _check_plan(fold(ID, told), proposed, number)
        timelines += ways_of_a_run(proposed, told)
    return sum(check_incident(events) for events in timelines) + _check_answers(read, fold(ID, told))


def opening(read: Evidence, diagnosis: Diagnosis | None = None) -> Events:
    """The alert, the reading, its judgement; the buttons have handles of their real length."""
    diagnosis = diagnosis or leader_election.diagnose(read)
    offers = [{"handle": f"{number:022}", "remedy": each} for number, each in enumerate(diagnosis.offers)]
    return (
        opened().model_copy(update={"handle": "h" * 22}),
        EvidenceRead(at=NOON, evidence=read),
        FindingsRanked.model_validate({"at": NOON, "diagnosis": diagnosis, "offers": offers}),
    )


def _partly(read: Evidence) -> Evidence:
    """The same while half of the nodes have not answered."""
    half = len(read.nodes) // 2
    nodes = (*read.nodes[:half], *(still_reading(node.node) for node in read.nodes[half:]))
    return read.model_copy(update={"complete": False, "nodes": nodes})


def _unconfirmed(read: Evidence) -> Unconfirmed:
    """A finding on every node that was sure before every node fell silent."""
    silent = (Unanswered(who=f"agent:{name}", kind=kind) for kind in MissingKind for name in read.names)
    return Unconfirmed(
        at=NOON,
        cause=RootCause.AGGRESSIVE_TIMEOUTS,
        verdict=Verdict.CONFIRMED,
        nodes=read.names,
        unanswered=tuple(silent),
        lost_button=True,
    )


def plans(incident: Incident) -> Iterator[PlanProposed]:
    """The plan of each remedy that is offered."""
    assert incident.evidence
    for number, offer in enumerate(incident.offers):
        plan = with_edits(leader_election.plan(offer.remedy, incident.evidence), incident.evidence)
        yield PlanProposed(at=NOON, handle=f"plan-{number:017}", offer=offer.handle, plan=plan, by=ALICE)


def ways_of_a_run(proposed: PlanProposed, before: Events) -> Iterator[Events]:
    """How a run of this plan can go, as far as the thread shows a difference."""
    plan = proposed.plan
    confirmed = PlanConfirmed(
        at=NOON, handle=proposed.handle, plan_sha256=plan.sha256, by=ALICE, second_needed=True
    )
    waiting = (*before, proposed, confirmed)
    begun = (
        *waiting,
        PlanApproved(at=NOON, handle=proposed.handle, by=BOB, fence=7),
        Silenced(at=NOON, silence_id="s", ends_at=LATER, detail="Silent until 12:03 UTC."),
    )
    done = tuple(_node_by_node(plan))
    middle = (*begun, *done[: len(done) // 2])
    whole = (*begun, *done, RunEnded(at=NOON, completed=True, detail="Every action is done."))
    yield from (waiting, begun, middle, (*middle, StopAsked(at=NOON, by=BOB)), whole)
    yield (*whole, before[1].model_copy(update={"at": LATER}), before[2].model_copy(update={"at": LATER}))
    for state in STATES[1:]:
        started = ActionStarted(at=NOON, index=0, action_id="a" * 64)
        failed = ActionFinished(at=NOON, index=0, state=state, detail=f"The agent refuses: {DETAIL}")
        yield _stopped((*begun, started, failed), f"Stopped at {plan.nodes[0]}: {DETAIL}")
    cuts = tuple(f"{one} → {other} was open, and is cut now" for one in plan.nodes for other in plan.nodes)
    worse = NodeChecked(at=NOON, node=plan.nodes[-1], complaints=cuts, leader=None, waited_s=45.0)
    yield _stopped((*begun, *done[:-1], worse), f"Stopped after {plan.nodes[-1]}: {'; '.join(cuts)}.")


def _node_by_node(plan: Plan) -> Iterator[Event]:
    for node in plan.nodes:
        for index, step in enumerate(plan.steps):
            if step.action.node == node:
                yield ActionStarted(at=NOON, index=index, action_id=f"{index:064x}")
                yield ActionFinished(at=NOON, index=index, state="done", detail=DETAIL)
        yield NodeChecked(at=NOON, node=node, complaints=(), leader=plan.nodes[0], waited_s=2.0)


def _stopped(events: Events, why: str) -> Events:
    run = fold(ID, events).runs[-1]
    return (*events, RunEnded(at=NOON, completed=False, detail=why, undo=offer_to_undo(run)))


def recovered(read: Evidence, before: Events) -> Iterator[Events]:
    """Somebody has it, a leader comes, and it is over."""
    names = read.names
    lead = Leadership(
        leader=names[0] if names else "node1",
        term=9,
        highest_term=9,
        acknowledged_by=names,
        claimed_by=names[:1],
        commit_index=7,
        majority=True,
    )
    better = (
        *before,
        Acknowledged(at=NOON, by=ALICE),
        LeaderSeen(at=NOON, leadership=lead),
        LeaderVerified(at=LATER, leadership=lead, stable_s=10.0),
    )
    yield better
    yield (*better, Closed(at=LATER, detail=f"{lead.leader} leads term 9, and no alert fires any more."))


def check_incident(events: Events) -> int:
    """Check the thread of a timeline, and the report that could be asked for.

    Returns:
        How many messages there are.
    """
    incident = fold(ID, events)
    messages = render(incident)
    for message in messages:
        check_message(message.body(), text_characters=UPDATED_TEXT_CHARACTERS)
        check_message(message.body(plainly=True), text_characters=UPDATED_TEXT_CHARACTERS)
    assert len({message.key for message in messages}) == len(messages)
    written = postmortem.markdown(ID, events)
    assert len(written) <= CANVAS_MARKDOWN
    return len(messages) + 1


def _check_plan(incident: Incident, proposed: PlanProposed, number: int) -> None:
    for callback in (plan_modal.CONFIRM_CALLBACK, plan_modal.APPROVE_CALLBACK):
        for reason in ("", "This plan is older than ten minutes; here it is as it is now."):
            view = plan_modal.plan_modal(
                incident, proposed, callback, viewer=ALICE.id, reason=reason, can_silence=True
            )
            check_view(view)
    text = str(plan_modal.plan_modal(incident, proposed, viewer=ALICE.id))
    missing = [step.action.node for step in proposed.plan.steps if f"{step.action.node}*" not in text]
    assert missing == [], f"plan {number} hides what it does to {missing}"


def _check_answers(read: Evidence, incident: Incident) -> int:
    diagnosis = incident.diagnosis
    assert diagnosis
    many = (incident,) * 30
    shown = (
        ElectionStatus(read, diagnosis),
        ElectionStatus(read, diagnosis, in_full=True),
        History(read.cluster, NOON, many),
        IncidentList(many),
        IncidentShown(incident),
        PostmortemAnswer(incident, "# Report"),
    )
    for each in shown:
        text, blocks = answers.answer(each)
        check_message({"text": text, "blocks": blocks})
    for modal in (triage_modals.assign, triage_modals.snooze, triage_modals.note, triage_modals.split):
        check_view(modal(incident, ALICE.id))
    check_view(triage_modals.merge(incident, many, ALICE.id))
    clusters: dict[str, Leadership | None] = dict.fromkeys(
        (f"cluster{number}" for number in range(30)), diagnosis.leadership
    )
    page = app_home.Home(viewer=ALICE.id, open=many, recent=many, clusters=clusters, at=NOON)
    check_view(app_home.view(page), "home")
    if is_brief(diagnosis, read):
        whole = in_words(diagnosis, read)
        assert all(node.node in whole for node in read.nodes)
    return len(shown) + 6
