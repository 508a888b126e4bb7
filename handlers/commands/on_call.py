"""`/neumann oncall …`: who is on call, and who takes over."""

from __future__ import annotations

from handlers import on_call
from handlers.authorization import check_colleague
from handlers.commands.answers import Asked, OnCallShown
from handlers.commands.arguments import SPAN, person_of, span_of
from handlers.domain.escalation.on_call import MAX_OVERRIDE
from handlers.errors import Refused
from handlers.ports import Ports


async def show(ports: Ports, asked: Asked) -> OnCallShown:
    """Say who is on call, until when, and by whose word.

    Raises:
        Refused: If there is no schedule.
        NotAllowed: If the asker is a guest or a stranger.
    """
    await check_colleague(ports, asked.by)
    if ports.schedule is None:
        raise Refused(on_call.NO_SCHEDULE)
    return OnCallShown(await on_call.current(ports))


async def override(ports: Ports, asked: Asked) -> OnCallShown:
    """Let somebody take the shift for a while.

    Raises:
        Refused: If the person or the span is missing.
    """
    words = asked.arguments.split()
    span = words.pop() if words and SPAN.match(words[-1]) else ""
    if not span:
        raise Refused("For how long? Write it behind the name, such as `/neumann oncall override @alice 4h`.")
    named = person_of(" ".join(words), asked.by)
    to = named.model_copy(update={"name": await ports.directory.name(named.id)})
    return OnCallShown(await on_call.override(ports, asked.by, to, span_of(span, MAX_OVERRIDE)))


async def clear(ports: Ports, asked: Asked) -> OnCallShown:
    """Let the schedule hold again."""
    return OnCallShown(await on_call.clear(ports, asked.by))
