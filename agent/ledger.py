"""What was done on this node, on disk before it is done: the authority for "already done"."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from agent.boot import boot_id, boottime_s
from agent.errors import ConflictError, LedgerError
from agent.protocol import Action, ActionReport, Grant, LedgerMark, LedgerState, NodeState, PrepareRequest

# WAL with synchronous=FULL: a committed transaction survives power loss (with NORMAL it may roll back).
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS actions (
    action_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('PREPARED', 'INTENT', 'DONE', 'NOT_DONE', 'UNKNOWN', 'REJECTED')),
    detail TEXT NOT NULL,
    action_json TEXT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT,
    fence INTEGER,
    file_bytes BLOB,
    incident TEXT,
    confirmed_by TEXT,
    boot_id TEXT NOT NULL,
    at_boottime_s REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS mark (epoch TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
"""
_COLUMNS = "action_id, state, detail, action_json, before_json, after_json, file_bytes"
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


@dataclass(frozen=True)
class Entry:
    """One action as recorded; `file_bytes` is Neumann's file as it was, where the action changes it."""

    action_id: str
    state: LedgerState
    detail: str
    action: Action
    before: NodeState
    after: NodeState | None
    file_bytes: bytes | None

    @property
    def report(self) -> ActionReport:
        """The entry as it goes over the wire."""
        return ActionReport(
            action_id=self.action_id,
            state=self.state,
            detail=self.detail,
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
        with ExitStack() as on_failure:
            self._folder = _lock_folder(path.parent)
            on_failure.callback(os.close, self._folder)
            try:
                # Owner-only from the start; SQLite gives its side files the same rights.
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                on_failure.callback(self._database.close)
                self._database.executescript(_SCHEMA)
                self._database.execute(
                    "INSERT INTO mark SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM mark)",
                    (secrets.token_hex(16),),
                )
            except (OSError, sqlite3.Error) as error:
                raise LedgerError("ledger", f"The ledger {path} cannot be opened: {error}.") from error
            on_failure.pop_all()

    def close(self) -> None:
        """Close the file, and leave its folder to the next agent."""
        self._database.close()
        os.close(self._folder)

    def mark(self) -> LedgerMark:
        """Return which ledger this is and how often it was written to."""
        with self._transaction() as database:
            epoch, count = database.execute("SELECT epoch, count FROM mark").fetchone()
        return LedgerMark(epoch=epoch, count=count)

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
                    request.action.model_dump_json(),
                    state.model_dump_json(),
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
                " fence, file_bytes, incident, confirmed_by, boot_id, at_boottime_s)"
                " VALUES (?, ?, 'INTENT', 'Being carried out.', ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    grant.action_id,
                    grant.action.type,
                    grant.action.model_dump_json(),
                    grant.precondition.model_dump_json(),
                    grant.fence,
                    file_bytes,
                    grant.incident,
                    grant.confirmed_by,
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
                (state, detail, after.model_dump_json(), action_id),
            )

    def find(self, action_id: str) -> Entry | None:
        """Return what is recorded of an action."""
        with self._transaction() as database:
            row = database.execute(
                f"SELECT {_COLUMNS} FROM actions WHERE action_id = ?",  # noqa: S608 (a constant)
                (action_id,),
            ).fetchone()
        return None if row is None else _entry(row)

    def intents(self) -> list[Entry]:
        """Return the actions whose end was never recorded."""
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM actions WHERE state = 'INTENT'"  # noqa: S608 (a constant)
            ).fetchall()
        return [_entry(row) for row in rows]

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


def _lock_folder(folder: Path) -> int:
    # Not inherited by commands, so a killed agent's last command does not hold it.
    handle = -1
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if handle >= 0:
            os.close(handle)
        said = "another agent uses it" if isinstance(error, BlockingIOError) else error.strerror
        raise LedgerError("ledger", f"The ledger's folder {folder} cannot be locked: {said}.") from error
    return handle


def _entry(row: tuple[str, LedgerState, str, str, str, str | None, bytes | None]) -> Entry:
    action_id, state, detail, action_json, before_json, after_json, file_bytes = row
    return Entry(
        action_id=action_id,
        state=state,
        detail=detail,
        action=_ACTION.validate_json(action_json),
        before=NodeState.model_validate_json(before_json),
        after=None if after_json is None else NodeState.model_validate_json(after_json),
        file_bytes=file_bytes,
    )
