"""Act, and say what became of it: also where the agent died in between."""

from __future__ import annotations

import logging

from agent.actions.case import Case
from agent.actions.kinds import ACTIONS, ActionKind
from agent.errors import AgentError, CommandTimedOutError
from agent.protocol import LedgerState, NodeState, SetElectionTimeouts

_logger = logging.getLogger(__name__)


async def act(kind: ActionKind, case: Case) -> tuple[str, bool]:
    """Act; return what went wrong in a sentence, and whether the effect may still come.

    Whatever goes wrong, what is true is looked at afterwards.
    """
    try:
        await kind.run(case)
    except CommandTimedOutError as error:
        return f"{error} ", True
    except AgentError as error:
        return f"{error} ", False
    except Exception as error:  # An INTENT must get an end while there is a process to write it.
        _logger.exception("an action failed in an unforeseen way")
        return f"It failed with {type(error).__name__}. ", True
    return "", False


def judge_after_crash(case: Case, after: NodeState) -> LedgerState:
    """Judge what one look can prove.

    A file is as it was or as it was to be. A service or a clock that is as wanted, in the same boot, is
    done; one that is not may still be on its way, or was undone by others, so that stays unknown.
    """
    done = ACTIONS[case.action.type].judge(case, after)
    if isinstance(case.action, SetElectionTimeouts):
        return "DONE" if done else "NOT_DONE" if done is False else "UNKNOWN"
    return "DONE" if done and after.boot_id == case.agreed.boot_id else "UNKNOWN"
