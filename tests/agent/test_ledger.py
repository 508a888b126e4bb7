"""What is on disk decides, and only goes forward."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import ConflictError, LedgerError
from agent.ledger import UNDO_KIND, Ledger
from agent.protocol import ClockSync, Grant, NodeState, PrepareRequest

STATE = NodeState(boot_id="b", offset_ms=2400.0)


def grant(name: str = "a", *, fence: int = 1) -> Grant:
    return Grant(
        action_id=name * 64,
        cluster="demo",
        node="node1",
        incident="i1",
        action=ClockSync(),
        precondition=STATE,
        fence=fence,
        nonce="n",
        confirmed_by="U1",
    )


@pytest.fixture
def ledger(tmp_path: Path):
    with closing(Ledger(tmp_path / "ledger.sqlite3")) as opened:
        yield opened


def test_an_action_goes_forward_and_survives_reopening(tmp_path: Path):
    path = tmp_path / "ledger.sqlite3"
    with closing(Ledger(path)) as ledger:
        ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), STATE)
        ledger.intend(grant(), b"old bytes")
        assert [entry.file_bytes for entry in ledger.intents()] == [b"old bytes"]
        ledger.finish("a" * 64, "DONE", "It is done.", STATE)
    with closing(Ledger(path)) as ledger:
        entry = ledger.find("a" * 64)
        assert entry is not None
        assert (entry.state, entry.detail, entry.before) == ("DONE", "It is done.", STATE)
        assert ledger.intents() == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_action_is_begun_once(ledger: Ledger):
    ledger.intend(grant(), None)
    with pytest.raises(ConflictError, match="INTENT"):
        ledger.intend(grant(fence=9), None)
    ledger.finish("a" * 64, "UNKNOWN", "", STATE)
    with pytest.raises(ConflictError, match="UNKNOWN"):
        ledger.intend(grant(fence=9), None)
    ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), NodeState(boot_id="later"))
    entry = ledger.find("a" * 64)
    assert entry is not None
    assert (entry.state, entry.before) == ("UNKNOWN", STATE)


def test_an_end_is_final(ledger: Ledger):
    ledger.intend(grant(), None)
    ledger.finish("a" * 64, "NOT_DONE", "first", STATE)
    ledger.finish("a" * 64, "DONE", "second", STATE)
    entry = ledger.find("a" * 64)
    assert entry is not None and entry.detail == "first"


def test_fences_only_rise(ledger: Ledger):
    ledger.intend(grant("a", fence=5), None)
    with pytest.raises(ConflictError) as caught:
        ledger.intend(grant("b", fence=4), None)
    assert caught.value.reason == "fence"
    ledger.intend(grant("c", fence=5), None)


def test_only_attempts_count_for_the_interval(ledger: Ledger):
    ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), STATE)
    assert ledger.last_attempt_boottime_s("clock_sync") is None
    ledger.intend(grant("b"), None)
    ledger.finish("b" * 64, "REJECTED", "", STATE)
    assert ledger.last_attempt_boottime_s("clock_sync") is None
    ledger.intend(grant("c"), None)
    assert ledger.last_attempt_boottime_s("clock_sync") is not None
    assert ledger.last_attempt_boottime_s("restart_service") is None


def test_an_undoing_has_a_limit_of_its_own(ledger: Ledger):
    ledger.intend(grant().model_copy(update={"undoes": "b" * 64}), None)
    assert ledger.last_attempt_boottime_s(UNDO_KIND) is not None
    assert ledger.last_attempt_boottime_s("clock_sync") is None


def test_the_file_is_in_wal_mode(ledger: Ledger, tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path):
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path / "ledger.sqlite3")
