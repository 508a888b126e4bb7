"""What was done on this node, on disk before it is done: the authority for "already done"."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.actions.ledger_file import open_ledger_file
from agent.boot import boot_id, boottime_s
from agent.errors import ConflictError, LedgerError, UnreadableEntryError
from agent.protocol import (
    Action,
    ActionReport,
    BadMessageError,
    Grant,
    LedgerMark,
    LedgerState,
    NodeState,
    PrepareRequest,
    parse_action,
)

_COLUMNS = "action_id, state, detail, action_json, before_json, after_json, file_bytes, undoes"
MAX_DETAIL_CHARS = 1_000
# An undoing has a limit of its own: it must not have to wait for what it undoes.
UNDO_KIND = "restore_config"


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
            detail=self.detail[:MAX_DETAIL_CHARS],
            before=self.before,
            after=self.after,
        )


class Ledger:
    """The SQLite file; its calls block, and are safe from any thread.

    Args:
        path: The file; created with owner-only rights if it is missing. Its folder is locked, so that one
            agent at a time has it.

    Raises:
        LedgerError: From every method, if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database, self._folder = open_ledger_file(path)

    def close(self) -> None:
        """Close the file, and leave its folder to the next agent."""
        self._database.close()
        os.close(self._folder)

    def mark(self) -> LedgerMark:
        """Return which ledger this is and how often it was written to."""
        with self._transaction() as database:
            epoch, count, fence = database.execute(
                "SELECT epoch, count, (SELECT coalesce(max(fence), 0) FROM actions) FROM mark"
            ).fetchone()
        return LedgerMark(epoch=epoch, count=count, highest_fence=fence)

    def prepare(self, request: PrepareRequest, state: NodeState) -> None:
        """Record that an action was asked for; one that went further is left as it is."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO actions (action_id, kind, state, detail, action_json, before_json, boot_id,"
                " at_boottime_s) VALUES (?, ?, 'PREPARED', 'Asked for, not confirmed.', ?, ?, ?, ?)"
                " ON CONFLICT (action_id) DO UPDATE SET before_json = excluded.before_json,"
                " boot_id = excluded.boot_id, at_boottime_s = excluded.at_boottime_s"
                " WHERE state = 'PREPARED'",
                (
                    request.action_id,
                    request.action.type,
                    request.action.to_json(),
                    state.to_json(),
                    boot_id(),
                    boottime_s(),
                ),
            )

    def withdraw(self, request: PrepareRequest) -> None:
        """Close an action that was not begun, so that no grant for it is good any more."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO actions (action_id, kind, state, detail, action_json, before_json, boot_id,"
                " at_boottime_s) VALUES (?, ?, 'REJECTED', ?, ?, ?, ?, ?)"
                " ON CONFLICT (action_id) DO UPDATE SET state = excluded.state, detail = excluded.detail"
                " WHERE state = 'PREPARED'",
                (
                    request.action_id,
                    request.action.type,
                    "Withdrawn before it was begun.",
                    request.action.to_json(),
                    NodeState(boot_id=boot_id()).to_json(),
                    boot_id(),
                    boottime_s(),
                ),
            )

    def intend(self, grant: Grant, file_bytes: bytes | None) -> None:
        """Record, before anything is touched, that a granted action is about to be carried out.

        Raises:
            ConflictError: If the action went past PREPARED before, or a grant with a higher fence was seen.
        """
        with self._writing() as database:
            row = database.execute(
                "SELECT (SELECT max(fence) FROM actions),"
                " (SELECT state FROM actions WHERE action_id = ? AND state <> 'PREPARED')",
                (grant.action_id,),
            ).fetchone()
            if row[1] is not None:
                raise ConflictError("already_recorded", f"This action is {row[1]} already.")
            if row[0] is not None and grant.fence < row[0]:
                raise ConflictError("fence", f"A grant with fence {row[0]} was seen; {grant.fence} is older.")
            database.execute(
                "INSERT OR REPLACE INTO actions (action_id, kind, state, detail, action_json, before_json,"
                " fence, file_bytes, incident, confirmed_by, undoes, boot_id, at_boottime_s)"
                " VALUES (?, ?, 'INTENT', 'Being carried out.', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    grant.action_id,
                    grant.action.type if grant.undoes is None else UNDO_KIND,
                    grant.action.to_json(),
                    grant.precondition.to_json(),
                    grant.fence,
                    file_bytes,
                    grant.incident,
                    grant.confirmed_by,
                    grant.undoes,
                    boot_id(),
                    boottime_s(),
                ),
            )

    def finish(self, action_id: str, state: LedgerState, detail: str, after: NodeState) -> None:
        """Record how an intended action ended."""
        with self._writing() as database:
            database.execute(
                "UPDATE actions SET state = ?, detail = ?, after_json = ?"
                " WHERE action_id = ? AND state = 'INTENT'",
                (state, detail, after.to_json(), action_id),
            )

    def find(self, action_id: str) -> LedgerEntry | None:
        """Return what is recorded of an action.

        Raises:
            UnreadableEntryError: If something is, and it cannot be read.
        """
        with self._transaction() as database:
            row = database.execute(
                f"SELECT {_COLUMNS} FROM actions WHERE action_id = ?",  # noqa: S608 (a constant)
                (action_id,),
            ).fetchone()
        return None if row is None else _entry(row)

    def intents(self) -> list[str]:
        """Return the names of the actions whose end was never recorded."""
        with self._transaction() as database:
            rows = database.execute("SELECT action_id FROM actions WHERE state = 'INTENT'").fetchall()
        return [action_id for (action_id,) in rows]

    def last_attempt_boottime_s(self, kind: str) -> float | None:
        """Return when an action of this kind was last begun in this boot, in seconds since the boot.

        An earlier boot does not count: its clock is gone, and wall time decides nothing here.
        """
        with self._transaction() as database:
            row = database.execute(
                "SELECT max(at_boottime_s) FROM actions WHERE kind = ? AND boot_id = ?"
                " AND state IN ('INTENT', 'DONE', 'NOT_DONE', 'UNKNOWN')",
                (kind, boot_id()),
            ).fetchone()
        last: float | None = row[0]
        return last

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._transaction() as database:
            yield database
            database.execute("UPDATE mark SET count = count + 1")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                except BaseException:
                    self._database.execute("ROLLBACK")
                    raise
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                raise LedgerError("ledger", f"The ledger cannot be used: {error}.") from error


def _entry(row: tuple[str, LedgerState, str, str, str, str | None, bytes | None, str | None]) -> LedgerEntry:
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
