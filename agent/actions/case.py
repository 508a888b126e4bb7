"""One action to be carried out, put together from the request, the file and the ledger."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from msgspec import UNSET

from agent.actions.ledger import Ledger
from agent.errors import ConfigFileError, ConflictError
from agent.neumann_config.store import store_of
from agent.protocol import Action, NodeState, undo_action_id
from agent.settings import Settings

NOTHING_TO_UNDO = "Only a change of the configuration file that was done here can be undone."
UNDONE_BEFORE = "This change was undone before; whoever made it anew since is not overruled."


@dataclass(frozen=True)
class Case:
    """One action to be carried out: on what state it was agreed, and the file it changes as it was then.

    `restored` is what the file is to be where the action is undone, `shown_sha256` the file that was shown to
    whoever confirmed the edit.
    """

    settings: Settings
    action: Action
    agreed: NodeState
    file_bytes: bytes | None = None
    restored: bytes | None = None
    shown_sha256: str | None = None


async def case_of(
    settings: Settings,
    ledger: Ledger,
    action: Action,
    agreed: NodeState,
    undoes: str | None,
    *,
    edits_file: bool,
) -> Case:
    """Return the case of an action, or of undoing the one that `undoes` names.

    Raises:
        ConflictError: If the file cannot be read, or the change cannot be undone.
    """
    file_bytes = None
    if edits_file:
        try:
            file_bytes = await store_of(settings).read()
        except ConfigFileError as error:
            raise ConflictError("precondition", str(error)) from error
    restored = None if undoes is None else await _recorded_bytes(ledger, action, agreed, undoes)
    return Case(settings, action, agreed, file_bytes, restored)


async def refuse_unless_failed(ledger: Ledger, undone: str, attempt: int) -> None:
    """Refuse to undo anew what an attempt has undone, or while that attempt may still come.

    Raises:
        ConflictError: Unless the attempt has ended, and is not done.
    """
    entry = await asyncio.to_thread(ledger.find, undo_action_id(undone, UNSET if attempt == 1 else attempt))
    if entry is None or entry.state not in ("REJECTED", "NOT_DONE", "UNKNOWN"):
        state = "is not closed" if entry is None else f"is {entry.state}"
        raise ConflictError("precondition", f"Attempt {attempt} to undo this {state}.")


async def _recorded_bytes(ledger: Ledger, action: Action, agreed: NodeState, undone: str) -> bytes:
    """Return the file as it was before the change that is undone."""
    entry = await asyncio.to_thread(ledger.find, undone)
    if (
        entry is None
        or (entry.state, entry.undoes, entry.action) != ("DONE", None, action)
        or entry.file_bytes is None
        or entry.after is None
    ):
        raise ConflictError("precondition", NOTHING_TO_UNDO)
    # Of attempts that were given up unasked, the last one says nothing of those before it.
    if await asyncio.to_thread(ledger.was_undone, undone):
        raise ConflictError("precondition", UNDONE_BEFORE)
    if entry.after.config_sha256 != agreed.config_sha256:
        raise ConflictError("precondition", "The configuration file has changed since that action.")
    return entry.file_bytes
