"""What was done on this node, on disk before it is done: the authority for "already done"."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.actions.ledger_entry import COLUMNS, LedgerEntry, entry_of
from agent.actions.ledger_file import open_ledger_file, why
from agent.boot import boot_id, boottime_s
from agent.errors import ConflictError, LedgerError
from agent.protocol import (
    Grant,
    LedgerMark,
    LedgerState,
    NodeState,
    PrepareRequest,
    TimelineMark,
    Withdrawal,
)

# An undoing has a limit of its own: it must not have to wait for what it undoes.
UNDO_KIND = "restore_config"
# Actions that were asked for and never granted: the newest are kept, and all of the last ten minutes, in
# which a grant for them may still come.
_ASKED_KEPT = 1_000
_ASKED_KEPT_S = 600.0
_WITHDRAWN = "Withdrawn before it was begun."


class Ledger:
    """The SQLite file; its calls block, and are safe from any thread.

    Args:
        path: The file; created with owner-only rights if it is missing. Its folder is locked, so that one
            agent at a time has it.

    Raises:
        LedgerError: From every method, if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
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
        """Record that an action was asked for; one that went further is left as it is.

        What was asked for long ago and never granted is forgotten: asking takes no signature, and must not
        fill the disk.
        """
        with self._writing() as database:
            database.execute(
                "DELETE FROM actions WHERE incident IS NULL AND (state = 'PREPARED' OR state = 'REJECTED')"
                " AND (boot_id <> ? OR at_boottime_s < ?) AND rowid NOT IN"
                " (SELECT rowid FROM actions ORDER BY rowid DESC LIMIT ?)",
                (boot_id(), boottime_s() - _ASKED_KEPT_S, _ASKED_KEPT),
            )
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

    def withdraw(self, action_id: str) -> None:
        """Close an action that was asked for and not begun, so that no grant for it is good any more."""
        with self._writing() as database:
            database.execute(
                "UPDATE actions SET state = 'REJECTED', detail = ?"
                " WHERE action_id = ? AND state = 'PREPARED'",
                (_WITHDRAWN, action_id),
            )

    def withdraw_for_good(self, withdrawal: Withdrawal) -> None:
        """Close an action that was not begun, even one that was never asked for: it never will be."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO actions (action_id, kind, state, detail, action_json, before_json, incident,"
                " boot_id, at_boottime_s) VALUES (?, ?, 'REJECTED', ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (action_id) DO UPDATE SET state = excluded.state, detail = excluded.detail,"
                " incident = excluded.incident WHERE state = 'PREPARED'",
                (
                    withdrawal.action_id,
                    withdrawal.action.type,
                    _WITHDRAWN,
                    withdrawal.action.to_json(),
                    NodeState(boot_id=boot_id()).to_json(),
                    withdrawal.incident,
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
            if isinstance(grant.timeline, TimelineMark):
                _keep_newest(database, grant.incident, grant.timeline)
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
                f"SELECT {COLUMNS} FROM actions WHERE action_id = ?",  # noqa: S608 (a constant)
                (action_id,),
            ).fetchone()
        return None if row is None else entry_of(row)

    def was_undone(self, action_id: str) -> bool:
        """Say whether an attempt to undo this action was done, or begun with an end that is not known yet."""
        with self._transaction() as database:
            row = database.execute(
                "SELECT 1 FROM actions WHERE undoes = ? AND state IN ('INTENT', 'DONE')", (action_id,)
            ).fetchone()
        return row is not None

    def intents(self) -> list[str]:
        """Return the names of the actions whose end was never recorded."""
        with self._transaction() as database:
            rows = database.execute("SELECT action_id FROM actions WHERE state = 'INTENT'").fetchall()
        return [action_id for (action_id,) in rows]

    def timeline(self, incident: str) -> TimelineMark | None:
        """Return how far this incident's timeline had come when an action of it was last granted."""
        with self._transaction() as database:
            row = database.execute(
                "SELECT position, mac FROM timelines WHERE incident = ?", (incident,)
            ).fetchone()
        return None if row is None else TimelineMark(position=row[0], mac=row[1])

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
                raise LedgerError(
                    "ledger", f"The ledger cannot be used: {why(self._path, error)}."
                ) from error


def _keep_newest(database: sqlite3.Connection, incident: str, mark: TimelineMark) -> None:
    """Remember how far the incident's timeline has come.

    Raises:
        ConflictError: If it had come further, or was another one.
    """
    row = database.execute("SELECT position, mac FROM timelines WHERE incident = ?", (incident,)).fetchone()
    if row is not None and (mark.position, mark.mac) != row and mark.position <= row[0]:
        raise ConflictError(
            "timeline_went_back",
            f"The timeline of {incident} had {row[0]} events when an action was last granted and has"
            f" {mark.position} now: it was put back.",
        )
    database.execute(
        "INSERT OR REPLACE INTO timelines (incident, position, mac) VALUES (?, ?, ?)",
        (incident, mark.position, mark.mac),
    )
