"""What is on disk decides, and only goes forward."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent.actions.ledger import UNDO_KIND, Ledger
from agent.actions.ledger_file import open_ledger_file
from agent.boot import boottime_s
from agent.errors import ConflictError, LedgerError
from agent.protocol import ClockSync, Grant, LedgerState, NodeState, PrepareRequest, SetElectionTimeouts

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
        assert ledger.intents() == ["a" * 64]
        ledger.finish("a" * 64, "DONE", "It is done.", STATE)
    with closing(Ledger(path)) as ledger:
        entry = ledger.find("a" * 64)
        assert entry is not None
        assert (entry.state, entry.detail, entry.before) == ("DONE", "It is done.", STATE)
        assert entry.file_bytes == b"old bytes"
        assert ledger.intents() == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert [beside.name for beside in tmp_path.iterdir()] == [path.name], "it was not closed"


def test_an_action_is_begun_once(ledger: Ledger):
    ledger.intend(grant(), None)
    with pytest.raises(ConflictError, match="INTENT") as caught:
        ledger.intend(grant(fence=9), None)
    assert caught.value.reason == "already_recorded"
    ledger.finish("a" * 64, "UNKNOWN", "", STATE)
    with pytest.raises(ConflictError, match="UNKNOWN"):
        ledger.intend(grant(fence=9), None)
    ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), NodeState(boot_id="later"))
    entry = ledger.find("a" * 64)
    assert entry is not None
    assert (entry.state, entry.before) == ("UNKNOWN", STATE)


def test_what_is_asked_for_again_is_recorded_as_it_is_now(ledger: Ledger):
    for boot_id in ("first", "second"):
        ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), NodeState(boot_id=boot_id))
    entry = ledger.find("a" * 64)
    assert entry is not None and (entry.state, entry.before.boot_id) == ("PREPARED", "second")


def test_what_an_older_agent_wrote_is_read(ledger: Ledger, tmp_path: Path):
    """By one that had no `transactions_active` yet."""
    state = (
        '{"boot_id":"b","config_sha256":"ab","service_state":"active","service_pid":100,'
        '"offset_ms":2400.0,"offset_error_ms":null}'
    )
    action = '{"type":"set_election_timeouts","election_timeout_min_ms":1000,"election_timeout_max_ms":2000}'
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute(
            "INSERT INTO actions (action_id, kind, state, detail, action_json, before_json, after_json,"
            " boot_id, at_boottime_s) VALUES (?, 'set_election_timeouts', 'DONE', 'It is.', ?, ?, ?, 'b', 1)",
            ("a" * 64, action, state, state),
        )
    entry = ledger.find("a" * 64)
    assert entry is not None
    assert entry.action == SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)
    expected = NodeState(
        boot_id="b", config_sha256="ab", service_state="active", service_pid=100, offset_ms=2400.0
    )
    assert (entry.before, entry.after) == (expected, expected)


@pytest.mark.parametrize("column", ["action_json", "before_json", "after_json"])
@pytest.mark.parametrize("spoilt", ["", "{}", '{"type":"format_disk"}'])
def test_an_entry_that_cannot_be_read_is_one_sentence(
    ledger: Ledger, tmp_path: Path, column: str, spoilt: str
):
    for name in ("a", "b"):
        ledger.intend(grant(name), None)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute(f"UPDATE actions SET {column} = ? WHERE action_id = ?", (spoilt, "a" * 64))
    with pytest.raises(LedgerError) as caught:
        ledger.find("a" * 64)
    assert caught.value.reason == "ledger"
    assert caught.value.detail.startswith(
        f"The ledger's entry of action {'a' * 64} (INTENT) cannot be read ("
    )
    assert caught.value.detail.endswith(
        "): look at the node for what came of it, and propose the action anew if it is still needed."
    )
    assert "\n" not in caught.value.detail
    assert ledger.find("b" * 64) is not None, "the others can"
    with pytest.raises(ConflictError, match="INTENT"):
        ledger.intend(grant("a"), None)


def test_an_end_is_final(ledger: Ledger):
    ledger.intend(grant(), None)
    ledger.finish("a" * 64, "NOT_DONE", "first", STATE)
    ledger.finish("a" * 64, "DONE", "second", STATE)
    entry = ledger.find("a" * 64)
    assert entry is not None and entry.detail == "first"


def test_the_mark_tells_the_highest_fence_that_was_taken(ledger: Ledger):
    assert ledger.mark().highest_fence == 0
    for name, fence in {"a": 3, "b": 5}.items():
        ledger.intend(grant(name, fence=fence), None)
        assert ledger.mark().highest_fence == fence


def test_fences_only_rise(ledger: Ledger):
    for name, fence in {"a": 3, "b": 5}.items():
        ledger.intend(grant(name, fence=fence), None)
    count = ledger.mark().count
    with pytest.raises(ConflictError) as caught:
        ledger.intend(grant("c", fence=4), None)
    assert caught.value.reason == "fence"
    assert (ledger.find("c" * 64), ledger.mark().count) == (None, count)
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


@pytest.mark.parametrize("state", ["INTENT", "DONE", "NOT_DONE", "UNKNOWN"])
def test_whatever_came_of_it_the_last_attempt_counts(ledger: Ledger, state: LedgerState):
    """Also one whose end is not recorded, since it may have had its effect."""
    ledger.intend(grant("a"), None)
    between_s = boottime_s()
    ledger.intend(grant("b"), None)
    if state != "INTENT":
        ledger.finish("a" * 64, state, "", STATE)
        ledger.finish("b" * 64, state, "", STATE)
    last_s = ledger.last_attempt_boottime_s("clock_sync")
    assert last_s is not None and between_s <= last_s <= boottime_s()


def test_what_was_done_before_this_boot_does_not_count(ledger: Ledger, tmp_path: Path):
    ledger.intend(grant("a"), None)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE actions SET boot_id = 'earlier'")
    assert ledger.last_attempt_boottime_s("clock_sync") is None


def test_a_name_on_disk_is_not_changed(ledger: Ledger):
    """The limit of an undoing is looked up by it, in ledgers that older agents wrote."""
    assert UNDO_KIND == "restore_config"


def test_an_undoing_has_a_limit_of_its_own(ledger: Ledger):
    ledger.intend(replace(grant(), undoes="b" * 64), None)
    assert ledger.last_attempt_boottime_s(UNDO_KIND) is not None
    assert ledger.last_attempt_boottime_s("clock_sync") is None


def test_what_is_committed_survives_power_loss(tmp_path: Path):
    """WAL with synchronous=FULL, which is 2; it is a property of the connection."""
    database, folder = open_ledger_file(tmp_path / "ledger.sqlite3")
    with closing(database):
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    os.close(folder)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path):
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError, match="cannot be opened") as caught:
        Ledger(tmp_path / "ledger.sqlite3")
    assert caught.value.reason == "ledger"
    # Nor is its folder held.
    (tmp_path / "ledger.sqlite3").unlink()
    Ledger(tmp_path / "ledger.sqlite3").close()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(LedgerError, match=r"cannot be opened: .*No such file or directory") as caught:
        Ledger(tmp_path / "absent" / "ledger.sqlite3")
    assert caught.value.reason == "ledger"


def test_a_folder_that_another_has_is_said(ledger: Ledger, tmp_path: Path):
    open_files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    with pytest.raises(LedgerError, match="cannot be locked: another agent uses it") as caught:
        Ledger(tmp_path / "ledger.sqlite3")
    assert caught.value.reason == "ledger"
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == open_files
    assert ledger.mark().count == 0


def test_a_ledger_is_known_by_128_random_bits_for_good(tmp_path: Path):
    marks = []
    for folder in (tmp_path / "one", tmp_path / "other", tmp_path / "one"):
        folder.mkdir(exist_ok=True)
        with closing(Ledger(folder / "ledger.sqlite3")) as ledger:
            marks.append(ledger.mark())
    assert marks[0] == marks[2]
    assert marks[0].epoch != marks[1].epoch
    assert {(len(bytes.fromhex(mark.epoch)), mark.count) for mark in marks} == {(16, 0)}


def test_each_writing_counts_and_no_reading_does(ledger: Ledger):
    ledger.prepare(PrepareRequest(action_id="a" * 64, action=ClockSync()), STATE)
    ledger.intend(grant(), None)
    ledger.finish("a" * 64, "DONE", "", STATE)
    ledger.find("a" * 64)
    ledger.intents()
    assert ledger.mark().count == 3


def test_a_writing_is_there_whole_or_not_at_all(ledger: Ledger, tmp_path: Path):
    """The count is the second half of it."""
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute("ALTER TABLE mark RENAME TO elsewhere")
        with pytest.raises(LedgerError, match="no such table") as caught:
            ledger.intend(grant(), None)
        assert caught.value.reason == "ledger"
        assert ledger.find("a" * 64) is None
        database.execute("ALTER TABLE elsewhere RENAME TO mark")
    ledger.intend(grant(), None)
    assert ledger.mark().count == 1


def test_threads_wait_for_each_other(ledger: Ledger):
    def prepare(number: int) -> None:
        for each in range(25):
            name = f"{number:032x}{each:032x}"
            ledger.prepare(PrepareRequest(action_id=name, action=ClockSync()), STATE)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(prepare, range(8)))
    assert ledger.mark().count == 200


def test_what_the_ledger_does_not_know_is_not_written_into_it(ledger: Ledger, tmp_path: Path):
    ledger.intend(grant(), None)
    with pytest.raises(LedgerError, match="CHECK constraint"):
        ledger.finish("a" * 64, "FORGOTTEN", "", STATE)  # type: ignore[arg-type]
    assert ledger.intents() == ["a" * 64]
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as database:
        copy = "INSERT INTO actions SELECT * FROM actions"
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE constraint failed"):
            database.execute(copy)
