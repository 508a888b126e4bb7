"""Whether an action had its effect."""

from __future__ import annotations

import asyncio

from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.protocol import NodeState
from agent.readings.reader import STATE_READINGS, NodeReader

_OBSERVE_EVERY_S = 0.5


async def observe_effect(
    reader: NodeReader, kind: ActionKind, case: Case, stays_up_s: float
) -> tuple[NodeState, bool | None]:
    """Look at the effect until it is there, a few times: a service and chronyd settle shortly after.

    Returns:
        The node's state at the last look, and whether the effect is there; `None` where nobody can say. One
        that must last counts only if it is still there after `stays_up_s` seconds.
    """
    for number in range(kind.looks):
        if number:
            await asyncio.sleep(_OBSERVE_EVERY_S)
        after = await reader.state(STATE_READINGS | kind.reads)
        done = kind.judge(case, after)
        if done:
            break
    return await stays(reader, kind, after, stays_up_s) if done else (after, done)


async def stays(
    reader: NodeReader, kind: ActionKind, after: NodeState, stays_up_s: float
) -> tuple[NodeState, bool | None]:
    """Look once more at an effect that is there, where one of its kind may be gone again at once."""
    if kind.lasts is None:
        return after, True
    await asyncio.sleep(stays_up_s)
    later = await reader.state(STATE_READINGS | kind.reads)
    return later, kind.lasts(after, later)
