"""Say who is on call, take a shift over, and tell the channel when it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from handlers import load_incidents
from handlers.authorization import check_colleague
from handlers.domain import policy
from handlers.domain.escalation.on_call import MAX_OVERRIDE, OnCall, Override, Rota, looked
from handlers.domain.escalation.on_call import on_call as decided
from handlers.domain.events.base import Person
from handlers.errors import NotAllowed, Refused, SourceDown
from handlers.ports import Ports
from handlers.ports.escalation import Rotas

NO_SCHEDULE = "No on-call schedule is configured ([escalation.on_call])."


async def current(ports: Ports) -> OnCall:
    """Return who is on call now; a schedule that cannot be read is said in `trouble`."""
    return await _present(ports, await ports.rotas.read() if ports.rotas else Rota())


async def _present(ports: Ports, rota: Rota) -> OnCall:
    now, scheduled, trouble = ports.time.now(), None, ""
    try:
        scheduled = await ports.schedule.shift(now) if ports.schedule else None
    except SourceDown as error:
        trouble = str(error)
        scheduled = rota.last_scheduled  # somebody is better than nobody
    return decided(scheduled, rota, now, trouble)


async def override(ports: Ports, by: Person, to: Person, span: timedelta) -> OnCall:
    """Let somebody take the shift for a while; return who is on call then.

    Raises:
        Refused: If there is no schedule, or the span is too long.
        NotAllowed: If either is no colleague.
    """
    rotas = _rotas(ports)
    await check_colleague(ports, by)
    ruling = policy.is_colleague(await ports.directory.member(to))
    if ruling is not policy.Ruling.ALLOWED:
        raise NotAllowed(f"{to.name} cannot take it. {ruling.value}")
    if not timedelta() < span <= MAX_OVERRIDE:
        raise Refused("A shift can be taken over for up to 14 days; what lasts belongs in the schedule.")
    now = ports.time.now()
    taken = Override(user=to.id, name=to.name, since=now, until=now + span, by=by)
    return await _replace(ports, rotas, lambda rota: rota.overridden(taken))


async def clear(ports: Ports, by: Person) -> OnCall:
    """Let the schedule hold again; return who is on call then.

    Raises:
        Refused: If there is no schedule.
        NotAllowed: If the person is no colleague.
    """
    rotas = _rotas(ports)
    await check_colleague(ports, by)
    now = ports.time.now()
    return await _replace(ports, rotas, lambda rota: rota.cleared(now))


def _rotas(ports: Ports) -> Rotas:
    if ports.rotas is None or ports.schedule is None:
        raise Refused(NO_SCHEDULE)
    return ports.rotas


async def _replace(ports: Ports, rotas: Rotas, change: Callable[[Rota], Rota]) -> OnCall:
    while True:
        rota = await rotas.read()
        after = change(rota)
        if await rotas.remember(rota, after):
            return await _present(ports, after)


async def watch(ports: Ports) -> OnCall | None:
    """Look who is on call, and tell the channel of a change with what is open; return who is.

    A change is noted first and told then, once under its key, so a crash in between repeats only the telling.

    Raises:
        SlackDown: If Slack did not take it; the next look tells it.
    """
    if ports.rotas is None or ports.schedule is None:
        return None
    rota = await ports.rotas.read()
    present = await _present(ports, rota)
    after = looked(rota, present, ports.time.now())
    if after != rota and not await ports.rotas.remember(rota, after):
        return present  # another look, or a person, was faster: the next one goes on from there
    if after.pending and ports.hand_overs:
        found, _ = await load_incidents.load(ports, await ports.timelines.open_incidents())
        await ports.hand_overs.handed_over(after.pending, tuple(found))
        await ports.rotas.remember(after, after.model_copy(update={"pending": None}))
    return present
