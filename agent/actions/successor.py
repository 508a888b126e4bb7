"""See an action to its end whose effect takes the agent itself away: whichever agent is there then does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass

from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.actions.kinds import actions_of
from agent.actions.ledger import Ledger
from agent.actions.observe_effect import stays
from agent.actions.outcome import record_end
from agent.actions.pod_moves import pod_of
from agent.protocol import LedgerState, NodeState
from agent.readings.reader import NodeReader

LOOK_EVERY_S = 1.0
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Begun:
    """An action that was begun and whose end is not recorded yet."""

    action_id: str
    case: Case


async def see_through(reader: NodeReader, ledger: Ledger, begun: Collection[Begun]) -> None:
    """Watch until each has an end that can be told, and record it."""
    for each in begun:
        kind = actions_of(each.case.settings)[each.case.action.type]
        try:
            state, after = await _watched(reader, kind, each.case)
            await record_end(ledger, each.action_id, state, kind.tell(each.case, after), after)
        except Exception:  # An action without an end is asked about again; a dead watch would tell nobody.
            _logger.exception("an action could not be seen through: %s", each.action_id[:12])


async def _watched(reader: NodeReader, kind: ActionKind, case: Case) -> tuple[LedgerState, NodeState]:
    """Return how it ended; what has stayed ready is done, what is out of sight for long is unknown."""
    assert case.settings.kubernetes is not None  # noqa: S101 (only a pod's actions outlive their agent)
    within_s = case.settings.kubernetes.ready_within_s
    began = seen = time.monotonic()
    while True:
        after = await reader.state(kind.reads)
        done = kind.judge(case, after)
        if done:
            # One that does not last is looked at again: it comes back, or Kubernetes says what ails it.
            after, lasts = await stays(reader, kind, after, case.settings.limits.stays_up_s)
            if lasts:
                return "DONE", after
        was, pod, now = pod_of(case.agreed), pod_of(after), time.monotonic()
        seen = now if pod else seen
        if was and pod and pod.uid == was.uid:
            # One that is going is left to the next agent. If it is not, the request may never have been sent.
            if done is False:
                return "UNKNOWN", after
        elif pod is None:
            if now - seen >= within_s:
                return "UNKNOWN", after
        elif done is False or now - began >= within_s:
            return "NOT_DONE", after
        await asyncio.sleep(LOOK_EVERY_S)
