"""What a click or a submitted modal stands for: the incident behind its handle, and who may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.domain.events import Person, PlanProposed
from handlers.domain.incident import Incident
from handlers.domain.permissions import PlanPermission
from handlers.errors import NotAllowed, UnknownHandle
from handlers.ports import Place, Ports
from runbooks.model import ActionType, Plan


@dataclass(frozen=True)
class Click:
    """A button was clicked: its handle, by whom, on which message."""

    handle: str
    by: Person
    place: Place


@dataclass(frozen=True)
class Submission:
    """A modal with a plan was submitted: the plan's handle, by whom, from which app and workspace.

    `shown` is the handle that the modal was opened with: Slack keeps it apart from `handle`.
    """

    handle: str
    by: Person
    app: str
    team: str
    shown: str


async def incident_clicked(ports: Ports, click: Click) -> Incident:
    """The incident behind a button.

    Raises:
        UnknownHandle: If there is none, or the message is not the incident's own.
    """
    incident = await _incident_of(ports, click.handle)
    if not await ports.threads.is_ours(incident.id, click.place):
        raise UnknownHandle
    return incident


async def incident_submitted(ports: Ports, submission: Submission) -> Incident:
    """The incident behind a modal.

    Raises:
        UnknownHandle: If there is none, or app, workspace or handle are not those it was opened with.
    """
    incident = await _incident_of(ports, submission.handle)
    if submission.shown != submission.handle or not await ports.threads.is_home(
        incident.id, submission.app, submission.team
    ):
        raise UnknownHandle
    return incident


async def _incident_of(ports: Ports, handle: str) -> Incident:
    incident_id = await ports.timelines.incident_of(handle)
    if incident_id is None:
        raise UnknownHandle
    return await ports.timelines.load(incident_id)


def proposal_of(incident: Incident, handle: str) -> PlanProposed:
    """The plan that was shown under a handle.

    Raises:
        UnknownHandle: If this incident has shown none.
    """
    proposal = incident.proposals.get(handle)
    if proposal is None:
        raise UnknownHandle
    return proposal


async def check_person(
    ports: Ports,
    incident: Incident,
    by: Person,
    part: PlanPermission,
    actions: Iterable[ActionType],
    *,
    confirmed_by: str | None = None,
) -> None:
    """Ask who someone is, live, and whether they may.

    Raises:
        NotAllowed: With the reason; also where Slack does not answer.
    """
    member = await ports.directory.member(by)
    why = ports.permissions.ruling(member, part, incident.cluster, actions, confirmed_by=confirmed_by)
    if why:
        raise NotAllowed(why)


def actions_of(plan: Plan) -> tuple[ActionType, ...]:
    """The kinds of action in a plan."""
    return tuple(dict.fromkeys(step.action.type for step in plan.steps))
