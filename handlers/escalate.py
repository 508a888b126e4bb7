"""Escalate incidents that nobody has: reach their tiers, and tell the routes past Slack what is due."""

from __future__ import annotations

from datetime import datetime

from handlers import on_call
from handlers.decide_again import decide_again_if_moved
from handlers.domain.escalation.model import ROUTE_NAMES, EscalationPlan, PageAct, Target, TargetKind
from handlers.domain.escalation.moves import ReachTier, SendPage, next_move, retry_at
from handlers.domain.escalation.words import what_is_wrong
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.escalation import PageTried, TierReached
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.events.triage import Acknowledged
from handlers.domain.incident import Incident
from handlers.errors import Moved, PageNotTaken
from handlers.ports import Ports
from handlers.ports.escalation import Page

KEY = "neumann-bot-"
"""Before an incident's id in the key under which PagerDuty and Opsgenie know it."""

ON_CALL = "on-call"


async def escalate(ports: Ports, plan: EscalationPlan, incident_id: str) -> datetime | None:
    """Do everything that is due for an incident; return when to look again, `None` for not by itself.

    A page is sent first and noted then: whoever dies in between leaves a page that is sent once more, under
    the same key, so the route joins the two.
    """
    while True:
        incident = await ports.timelines.load(incident_id)
        shown = await ports.threads.shown(incident_id)
        move = next_move(incident, plan, shown, ports.time.now())
        try:
            match move:
                case ReachTier():
                    await _reach(ports, incident, move)
                case SendPage():
                    await _send(ports, incident, move)
                case _:
                    return move.at
        except Moved:
            continue


async def _reach(ports: Ports, incident: Incident, move: ReachTier) -> None:
    targets = [await _resolved(ports, target) for target in move.targets]
    event = TierReached(
        at=ports.time.now(), tier=move.number, because=move.because, targets=tuple(dict.fromkeys(targets))
    )
    await ports.timelines.append(incident, event)


async def _resolved(ports: Ports, target: Target) -> Target:
    """Return the target with the Slack id of whoever is on call now."""
    if target.id != ON_CALL:
        return target
    present = await on_call.current(ports)
    return Target(kind=target.kind, id=present.shift.user if present.shift else "")


async def _send(ports: Ports, incident: Incident, move: SendPage) -> None:
    pager = ports.pagers.get(move.route)
    try:
        if pager is None:
            raise PageNotTaken(f"{ROUTE_NAMES[move.route]} is not configured any more.")
        await pager.send(_page(incident, move))
    except PageNotTaken as error:
        await _note(ports, incident, move, error)
    else:
        await _note(ports, incident, move, None)


async def _note(ports: Ports, incident: Incident, move: SendPage, failed: PageNotTaken | None) -> None:
    """Record what came of a page, whatever was appended to the timeline meanwhile."""

    @decide_again_if_moved
    async def append() -> None:
        now, present = ports.time.now(), await ports.timelines.load(incident.id)
        tried = present.escalation.pages.get((move.tier, move.route, move.act))
        attempt = (tried.count if tried else 0) + 1
        event = PageTried(
            at=now,
            tier=move.tier,
            route=move.route,
            act=move.act,
            delivered=failed is None,
            detail=str(failed) if failed else "",
            again_at=retry_at(attempt, now, failed.wait) if failed else None,
        )
        events: list[Event] = [event]
        key = f"page-{move.route.value}"
        if failed and key not in present.remarks:
            events.append(Remarked(at=now, key=key, sentence=_sentence(move.route, failed)))
        await ports.timelines.append(present, *events)

    await append()


def _sentence(route: TargetKind, failed: PageNotTaken) -> str:
    name, why = ROUTE_NAMES[route], str(failed).rstrip(".")
    return f"{name[0].upper()}{name[1:]} was not told: {why}; the bot goes on trying."


def _page(incident: Incident, move: SendPage) -> Page:
    assert incident.opened_at  # noqa: S101  only what was opened is escalated
    names = tuple(sorted({alert.name for alert in incident.alerts.values()}))
    holder = incident.triage.holder
    return Page(
        key=f"{KEY}{incident.id}",
        act=move.act,
        cluster=incident.cluster,
        severity=incident.severity,
        summary=what_is_wrong(incident),
        alerts=names,
        opened_at=incident.opened_at,
        tier=move.tier,
        by=holder.name if holder and move.act is not PageAct.TRIGGER else "",
    )


@decide_again_if_moved
async def acknowledged_elsewhere(ports: Ports, key: str, by: Person, at: datetime) -> str | None:
    """Acknowledge the incident that a route past Slack names; it has proved who it is.

    Args:
        ports: What is touched.
        key: The key under which the route was paged.
        by: Who acknowledged there.
        at: When; what was said before the incident was opened is not about it.

    Returns:
        The incident's id; `None` where the key is not the bot's, or somebody has the incident already.
    """
    if not key.startswith(KEY):
        return None
    incident = await ports.timelines.load(key.removeprefix(KEY))
    if incident.opened_at is None or at < incident.opened_at:
        return None
    if incident.closed or incident.triage.holder:
        return None
    await ports.timelines.append(incident, Acknowledged(at=ports.time.now(), by=by))
    return incident.id
