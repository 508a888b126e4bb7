"""Check which incident a button belongs to and whether this person may use it: for every click and modal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.domain import policy
from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.domain.permissions import PlanPermission
from handlers.errors import NotAllowed, UnknownHandle
from handlers.ports import Place, Ports, Purpose
from runbooks.plans import ActionType, Plan


@dataclass(frozen=True)
class Click:
    """A clicked button: its handle, who clicked it, and on which message."""

    handle: str
    by: Person
    place: Place


@dataclass(frozen=True)
class Submission:
    """A submitted modal: its handle, who submitted it, and from which app and workspace.

    `shown` is the handle that the modal was opened with for this person, or empty if it was opened for
    somebody else. Slack returns it in another field than `handle`, so the two differ in a forged payload.
    """

    handle: str
    by: Person
    app: str
    team: str
    shown: str


async def incident_of(ports: Ports, request: Click | Submission) -> Incident:
    """Return the incident that a click or a submission belongs to.

    Raises:
        UnknownHandle: If no incident has the handle, a click is not on one of the incident's own messages, or
            a modal was opened for another handle or person, or by another app or workspace.
    """
    incident_id = await ports.timelines.incident_of(request.handle)
    if incident_id is None or not await _is_genuine(ports, incident_id, request):
        raise UnknownHandle
    return await ports.timelines.load(incident_id)


async def _is_genuine(ports: Ports, incident_id: str, request: Click | Submission) -> bool:
    if isinstance(request, Click):
        return await ports.threads.is_ours(incident_id, request.place)
    if request.shown != request.handle:
        return False
    return await ports.threads.is_home(incident_id, request.app, request.team)


async def check_colleague(ports: Ports, by: Person) -> None:
    """Check live that a person may triage incidents.

    Raises:
        NotAllowed: If they are no ordinary member of this workspace, or Slack does not answer.
    """
    ruling = policy.is_colleague(await ports.directory.member(by))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(ruling.value)


async def check_person(
    ports: Ports,
    incident: Incident,
    by: Person,
    part: PlanPermission,
    actions: Iterable[ActionType],
    *,
    confirmed_by: str | None = None,
    purpose: Purpose = Purpose.DECISION,
) -> None:
    """Check live that a person may propose, confirm or approve these actions.

    Raises:
        NotAllowed: With the reason; also if Slack does not answer.
    """
    actions = tuple(actions)
    groups = ports.permissions.decisive(part, incident.cluster, actions)
    member = await ports.directory.member(by, groups, purpose)
    why = ports.permissions.ruling(member, part, incident.cluster, actions, confirmed_by=confirmed_by)
    if why:
        raise NotAllowed(why)


async def check_may_silence(ports: Ports, incident: Incident, by: Person) -> None:
    """Check live that a person may silence the alerts of an incident.

    Raises:
        NotAllowed: With the reason; also if Slack does not answer.
    """
    groups = ports.permissions.may_silence(incident.cluster)
    why = ports.permissions.ruling_on_silence(await ports.directory.member(by, groups), incident.cluster)
    if why:
        raise NotAllowed(why)


def actions_of(plan: Plan) -> tuple[ActionType, ...]:
    """Return the distinct action types of a plan, in order."""
    return tuple(dict.fromkeys(step.action.type for step in plan.steps))
