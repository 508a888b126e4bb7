"""What a crash left without an end is judged by looking; nothing is run again."""

from __future__ import annotations

import asyncio
import logging

from agent.actions.case import Case
from agent.actions.kinds import actions_of
from agent.actions.ledger import Ledger
from agent.actions.outcome import record_end
from agent.actions.successor import Begun
from agent.errors import UnreadableEntryError
from agent.protocol import LedgerState, NodeState
from agent.readings.reader import STATE_READINGS, NodeReader
from agent.settings import Settings

_logger = logging.getLogger(__name__)


async def judge_what_was_begun(settings: Settings, reader: NodeReader, ledger: Ledger) -> tuple[Begun, ...]:
    """Give an end to each action that was begun and has none; return those that have to be watched for it."""
    to_watch: list[Begun] = []
    for action_id in await asyncio.to_thread(ledger.intents):
        try:
            entry = ledger.find(action_id)
            undone = ledger.find(entry.undoes) if entry and entry.undoes else None
        except UnreadableEntryError as error:
            _logger.error("%s", error)
            continue
        if entry is None:
            continue
        restored = None if undone is None else undone.file_bytes
        case = Case(settings, entry.action, entry.before, entry.file_bytes, restored)
        kind = actions_of(settings)[entry.action.type]
        if kind.has_begun is not None:
            to_watch.append(Begun(action_id, case))
            continue
        after = await reader.state(STATE_READINGS | kind.reads)
        what = "The agent stopped" if after.boot_id == entry.before.boot_id else "The node went down"
        told = f"{what} while this was being done. {kind.tell(case, after)}"
        await record_end(ledger, action_id, judge(case, after), told, after)
    return tuple(to_watch)


def judge(case: Case, after: NodeState) -> LedgerState:
    """Judge what one look can prove.

    A file is as it was or as it was to be. Anything else that is as wanted, in the same boot, is done; what
    is not may still be on its way, or was undone by others, so that stays unknown.
    """
    kind = actions_of(case.settings)[case.action.type]
    done = kind.judge(case, after)
    if kind.edits_file:
        return "DONE" if done else "NOT_DONE" if done is False else "UNKNOWN"
    return "DONE" if done and after.boot_id == case.agreed.boot_id else "UNKNOWN"
