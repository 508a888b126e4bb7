"""The ledger's file: made, locked for one agent, and brought up to date."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from contextlib import ExitStack
from pathlib import Path

from agent.errors import LedgerError
from agent.mounts import is_read_only

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
    undoes TEXT,
    boot_id TEXT NOT NULL,
    at_boottime_s REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS mark (epoch TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS timelines (
    incident TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, mac TEXT NOT NULL
) STRICT;
"""


def open_ledger_file(path: Path) -> tuple[sqlite3.Connection, int]:
    """Return the open database, and the handle of its folder, which is locked until that is closed.

    Raises:
        LedgerError: If another agent has it, or it cannot be read or written.
    """
    with ExitStack() as on_failure:
        try:
            # Commands do not inherit it, so that the last command of a killed agent does not hold it.
            folder = os.open(path.parent, os.O_RDONLY)
            on_failure.callback(os.close, folder)
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Owner-only from the start; SQLite gives its side files the same rights.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            on_failure.callback(database.close)
            database.executescript(_SCHEMA)
            _bring_up_to_date(database)
        except BlockingIOError as error:
            said = f"The ledger's folder {path.parent} cannot be locked: another agent uses it."
            raise LedgerError("ledger", said) from error
        except (OSError, sqlite3.Error) as error:
            raise LedgerError("ledger", f"The ledger {path} cannot be opened: {why(path, error)}.") from error
        on_failure.pop_all()
    return database, folder


def why(path: Path, error: Exception) -> str:
    """Return why the ledger cannot be used; SQLite calls a failed file system a "disk I/O error"."""
    return "its file system is read-only" if is_read_only(path.parent) else str(error)


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    database.execute(
        "INSERT INTO mark SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM mark)", (secrets.token_hex(16),)
    )
    columns = {name for _, name, *_ in database.execute("PRAGMA table_info(actions)")}
    if "undoes" not in columns:  # a ledger from before there was undoing
        database.execute("ALTER TABLE actions ADD COLUMN undoes TEXT")
