"""Act, and record what became of it."""

from __future__ import annotations

import asyncio
import logging

from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.actions.ledger import Ledger
from agent.errors import AgentError, ApiUnansweredError, CommandTimedOutError
from agent.protocol import LedgerState, NodeState
from shared.sanitize import plain

_logger = logging.getLogger(__name__)


async def act(kind: ActionKind, case: Case) -> tuple[str, bool]:
    """Act; return what went wrong in a sentence, and whether the effect may still come.

    Whatever goes wrong, what is true is looked at afterwards.
    """
    try:
        await kind.run(case)
    except (CommandTimedOutError, ApiUnansweredError) as error:
        return f"{error} ", True
    except AgentError as error:
        return f"{error} ", False
    except Exception as error:  # An INTENT must get an end while there is a process to write it.
        _logger.exception("an action failed in an unforeseen way")
        return f"It failed with {type(error).__name__}. ", True
    return "", False


async def record_end(
    ledger: Ledger, action_id: str, state: LedgerState, detail: str, after: NodeState
) -> None:
    """Record how an action ended, and log it."""
    _logger.info("action %s is %s: %s", action_id[:12], state, plain(detail, limit=400))
    await asyncio.to_thread(ledger.finish, action_id, state, detail, after)
