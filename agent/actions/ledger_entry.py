"""One action as the ledger records it, and how it is read from its row."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import UnreadableEntryError
from agent.protocol import Action, ActionReport, BadMessageError, LedgerState, NodeState, parse_action

COLUMNS = "action_id, state, detail, action_json, before_json, after_json, file_bytes, undoes"


@dataclass(frozen=True)
class LedgerEntry:
    """One action as recorded; `file_bytes` is Neumann's file as it was, where the action changes it.

    `undoes` names the action that this one undoes, if any.
    """

    action_id: str
    state: LedgerState
    detail: str
    action: Action
    before: NodeState
    after: NodeState | None
    file_bytes: bytes | None
    undoes: str | None

    @property
    def report(self) -> ActionReport:
        """Return the entry as it goes over the wire."""
        return ActionReport(
            action_id=self.action_id,
            state=self.state,
            detail=self.detail,
            before=self.before,
            after=self.after,
        )


def entry_of(
    row: tuple[str, LedgerState, str, str, str, str | None, bytes | None, str | None],
) -> LedgerEntry:
    """Return the entry that a row of `COLUMNS` holds.

    Raises:
        UnreadableEntryError: If it cannot be read.
    """
    action_id, state, detail, action_json, before_json, after_json, file_bytes, undoes = row
    try:
        return LedgerEntry(
            action_id=action_id,
            state=state,
            detail=detail,
            action=parse_action(action_json),
            before=NodeState.from_json(before_json),
            after=None if after_json is None else NodeState.from_json(after_json),
            file_bytes=file_bytes,
            undoes=undoes,
        )
    except BadMessageError as error:
        raise UnreadableEntryError(
            "ledger",
            f"The ledger's entry of action {action_id} ({state}) cannot be read ({error}): look at the node"
            " for what came of it, and propose the action anew if it is still needed.",
        ) from error
