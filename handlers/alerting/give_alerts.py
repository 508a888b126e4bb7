"""Carry out a merge or a split that is in the timeline, so that a crash anywhere costs a repeat of it.

The request stands in the giver's timeline. The taker appends the alerts, once for each request; then their
later notifications go there; then the giver appends that it is done, which it can only where nothing has come
to it meanwhile. Whoever comes back after a crash begins again, and each part finds what is done.
"""

from __future__ import annotations

from handlers.alerting.received import received
from handlers.domain.alerts import IncidentIdentity
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.regrouping import (
    AlertsGiven,
    AlertsTaken,
    Hindrance,
    MergeAsked,
    RegroupingGivenUp,
    SplitAsked,
)
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, new_to
from handlers.domain.regrouping.choices import hindrance, identity_after_split, moving
from handlers.domain.regrouping.state import Request
from handlers.errors import Quarantined
from handlers.ports import Ports


async def give(ports: Ports, giver: Incident, request: Request) -> Incident:
    """Give the alerts of a request to the incident that takes them, or say why not.

    Raises:
        Moved: If anything came to either incident meanwhile.
    """
    if not moving(giver, request):
        return await _give_up(ports, giver, request, Hindrance.NOTHING_LEFT)
    try:
        taker, identity = await _taker(ports, giver, request)
    except Quarantined:
        into = request.event.into if isinstance(request.event, MergeAsked) else ""
        return await _give_up(ports, giver, request, Hindrance.UNREADABLE, into)
    if why := hindrance(giver, taker, request):
        return await _give_up(ports, giver, request, why, taker.id)
    await _take(ports, giver, taker, identity, request)
    merged = giver.identities if isinstance(request.event, MergeAsked) else ()
    await ports.timelines.pass_on(giver.id, taker.id, merged, moving(giver, request))
    return await _finish(ports, giver, request, taker)


async def _taker(ports: Ports, giver: Incident, request: Request) -> tuple[Incident, IncidentIdentity]:
    if isinstance(request.event, MergeAsked):
        into = await ports.timelines.load(request.event.into)
        return into, into.identity
    identity = identity_after_split(giver, moving(giver, request), request)
    before = await ports.past.previous(identity)
    if before:
        done = await ports.timelines.load(before)
        if done.regrouping.has_taken(giver.id, request):
            return done, identity  # it was opened and is closed already; only the last part was lost
    if identity in giver.identities:  # by a merge: it goes with its alerts
        await ports.timelines.vacate(identity, giver.id)
    while True:
        taker = await ports.timelines.load(await ports.timelines.claim(identity))
        if not taker.closed:
            return taker, taker.identity if taker.opened_at else identity
        await ports.timelines.release(identity, taker.id)


async def _take(
    ports: Ports, giver: Incident, taker: Incident, identity: IncidentIdentity, request: Request
) -> None:
    now, asked = ports.time.now(), request.event
    events = received(now, identity, taker, new_to(IdentityState(taker), moving(giver, request)))
    if not taker.regrouping.has_taken(giver.id, request):
        merged = isinstance(asked, MergeAsked)
        taken = AlertsTaken(
            at=now,
            of=giver.id,
            asked=request.position,
            by=asked.by,
            merged=merged,
            runbooks=tuple(each.runbook for each in giver.identities) if merged else (),
            link=await ports.threads.link_to(giver.id),
        )
        events.append(taken)
    if events:
        await ports.timelines.append(taker, *events)


async def _finish(ports: Ports, giver: Incident, request: Request, taker: Incident) -> Incident:
    now, asked = ports.time.now(), request.event
    given = AlertsGiven(
        at=now,
        to=taker.id,
        fingerprints=tuple(alert.fingerprint for alert in moving(giver, request)),
        link=await ports.threads.link_to(taker.id),
    )
    if isinstance(asked, SplitAsked):
        return await ports.timelines.append(giver, given)
    over = Closed(at=now, detail=f"Merged into {taker.id} by {asked.by.name}.")
    closed = await ports.timelines.append(giver, given, over)
    await ports.timelines.release(closed.identity, closed.id)
    return closed


async def _give_up(
    ports: Ports, giver: Incident, request: Request, why: Hindrance, other: str = ""
) -> Incident:
    if why is Hindrance.CLOSED:  # what had been passed on before it closed comes back
        for identity in giver.identities:
            await ports.timelines.release(identity, other)
            await ports.timelines.reclaim(identity, giver.id)
    event = RegroupingGivenUp(at=ports.time.now(), why=why, other=other)
    return await ports.timelines.append(giver, event)
