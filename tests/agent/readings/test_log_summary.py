"""The end of a log becomes counts, a term and a few harmless lines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import ReadingError
from agent.readings.log_events import LOG_EVENTS
from agent.readings.log_summary import MAX_LOG_BYTES, read_log_file, summarise

TEXT = """\
2026-03-02T10:13:00.000000Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term=7
2026-03-02T10:15:04.218337Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term=43
2026-03-02T10:15:04.229114Z DEBUG tensor_chain::raft: Vote denied node_id=node2 term=43 log_ok=false
2026-03-02T10:15:04.231902Z  INFO tensor_chain::raft: Won election with quorum node_id=node1 term=43 votes=2
2026-03-02T10:15:04.231990Z  INFO tensor_chain::raft: Became leader node_id=node1 term=43
2026-03-02T10:15:09.300020Z  WARN tensor_chain::raft: Stepping down: lost quorum contact (reachable: 0)
2026-03-02T10:15:10.000412Z ERROR tensor_chain::raft: WAL persist failed after 3 attempts: Disk space low
2026-03-02T10:15:10.771003Z  WARN tensor_chain::tcp::transport: Failed to handle incoming connection from \
10.0.0.2:51844: TLS error: TLS handshake failed: invalid peer certificate: Expired
2026-03-02T10:15:11.000000Z  WARN tensor_chain::gossip: Node marked as failed node_id=node3 timestamp=9
2026-03-02T10:15:11.000000Z  INFO tensor_chain::other: undetermined incoming_term=99 terminated
"""
EXPECTED = {
    "election_started": 1,
    "election_won": 1,
    "became_leader": 1,
    "vote_denied": 1,
    "vote_denied_log": 1,
    "stepped_down": 1,
    "quorum_lost": 1,
    "wal_failed": 1,
    "disk_space_low": 1,
    "tls_failed": 1,
    "member_failed": 1,
}


def summary(text: str):
    return summarise(Path("x.log"), text.encode())


def coloured(line: str) -> str:
    time, level, rest = line.split(maxsplit=2)
    target, message = rest.split(": ", 1)
    message = message.replace("=", "\x1b[0m\x1b[2m=\x1b[0m")
    return f"\x1b[2m{time}\x1b[0m \x1b[32m {level}\x1b[0m \x1b[2m{target}\x1b[0m\x1b[2m:\x1b[0m {message}"


def as_json(line: str, *, flat: bool = False) -> str:
    time, level, rest = line.split(maxsplit=2)
    target, message = rest.split(": ", 1)
    message, *pairs = message.split(" log_ok=")
    fields: dict[str, object] = {"message": message}
    if pairs:
        fields["log_ok"] = pairs[0] == "true"
    if "raft" in target and "term=" in message:
        fields["new_term"] = int(message.split("term=")[1].split()[0])
    inner = fields if flat else {"fields": fields}
    return json.dumps({"timestamp": time, "level": level, "target": target, **inner})


@pytest.mark.parametrize(
    "render",
    [
        lambda line: line,
        coloured,
        as_json,
        lambda line: as_json(line, flat=True),
        lambda line: f"Mar 02 10:15:04 host neumann[7]: {line}",
    ],
    ids=["text", "ansi", "json", "flat json", "journald"],
)
def test_every_form_gives_the_same_counts(render: Callable[[str], str]):
    found = summary("\n".join(render(line) for line in TEXT.splitlines()))
    assert {name: count for name, count in found.counts.items() if count} == EXPECTED
    assert set(found.counts) == set(LOG_EVENTS)
    assert found.highest_term == 43


def test_a_line_with_level_in_brackets_and_no_time_counts():
    assert summary("[WARN] Message validation failed, skipping from=node2\n").counts["validation_failed"] == 1


def test_the_newest_lines_are_shown_in_their_order():
    found = summary(TEXT)
    assert len(found.excerpts) == 5
    assert "Node marked as failed" in found.excerpts[-1]


def test_hostile_text_is_data():
    line = (
        "2026-03-02T10:15:04Z  INFO tensor_chain::raft: Starting election \x1b]0;owned\x07 \u202e <!channel> "
        'password=hunter2 token: "a b" Authorization: Bearer abc.def ' + "x" * 500
    )
    (excerpt,) = summary(line).excerpts
    assert len(excerpt) == 200
    assert not any(secret in excerpt for secret in ("hunter2", "a b", "abc.def"))
    assert excerpt.isprintable()


@pytest.mark.parametrize(
    "junk", ["", "\0" * 999, "{" * 5000 + "}", '{"fields": 7}', '{"fields": {"message": [1]}}']
)
def test_junk_is_no_event(junk: str):
    assert not any(summary(junk).counts.values())


def test_a_line_without_end_takes_no_time():
    line = "INFO tensor_chain::raft: Starting election " + "x" * MAX_LOG_BYTES
    start = time.monotonic()
    assert summary(line).counts["election_started"] == 1
    assert time.monotonic() - start < 10


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path):
    log = tmp_path / "a.log"
    line = "2026-03-02T10:15:04Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term=1\n"
    log.write_text(line * (4 * MAX_LOG_BYTES // len(line)))
    found = read_log_file([tmp_path / "absent.log", log])
    assert found.path == str(log)
    assert found.bytes_read <= MAX_LOG_BYTES
    assert found.counts["election_started"] == found.bytes_read // len(line)


def test_how_long_a_log_is_silent(tmp_path: Path):
    log = tmp_path / "a.log"
    log.touch()
    an_hour_ago = time.time() - 3600
    os.utime(log, (an_hour_ago, an_hour_ago))
    assert read_log_file([log]).silent_s == pytest.approx(3600, abs=60)


def test_a_clock_stepped_back_makes_no_negative_silence(tmp_path: Path):
    log = tmp_path / "a.log"
    log.touch()
    in_an_hour = time.time() + 3600
    os.utime(log, (in_an_hour, in_an_hour))
    assert read_log_file([log]).silent_s == 0


def test_a_line_break_and_a_far_time_in_a_message_hide_nothing():
    found = summary(TEXT + "2099-01-01T00:00:00Z is what a client sent\n")
    assert found.counts["election_won"] == 1


LAST_WORDS = "storage error: WAL error: Checksum mismatch at entry 41"


@pytest.mark.parametrize("before", ["", "Nov 30 22:00:00 node1 neumann[12]: ", "node1-1 | "])
def test_the_last_words_of_a_process_count_though_they_have_no_level(before: str):
    log = summarise(Path("log"), f"{TEXT}{before}{LAST_WORDS}\n\n".encode())
    assert log.counts["wal_damaged"] == 1
    assert log.excerpts[-1] == f"{before}{LAST_WORDS}"


def test_a_process_that_went_on_had_other_last_words():
    log = summarise(Path("log"), f"{LAST_WORDS}\n{TEXT}".encode())
    assert log.counts["wal_damaged"] == 0


def test_no_other_event_is_told_in_last_words():
    log = summarise(Path("log"), f"{TEXT}Became leader node_id=node9 term=99\n".encode())
    assert log.counts == summarise(Path("log"), TEXT.encode()).counts


def test_no_log_is_said(tmp_path: Path):
    with pytest.raises(ReadingError, match=r"None of the log files exists: .*absent\.log"):
        read_log_file([tmp_path / "absent.log"])
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ReadingError, match="cannot be read"):
        read_log_file([tmp_path / "fifo"])


def test_after_a_step_back_the_window_is_no_longer_than_ever():
    """A clock that was put back by six years: all that was logged before it bears a later time."""
    before = [f"2026-03-02T10:{m:02}:{s:02}Z" for m in range(10) for s in range(0, 60, 2)]
    after = [f"2020-03-02T10:00:{s:02}Z" for s in range(0, 20, 2)]
    lines = (f"{time}  INFO tensor_chain::raft: Starting election new_term=4\n" for time in (*before, *after))
    log = summarise(Path("/log"), "".join(lines).encode())
    assert 10 + 20 <= log.counts["election_started"] <= 10 + 22, "20 s after the step, and 40 s before"


def test_lines_that_changed_places_are_no_step():
    times = ("10:00:00.0", "10:00:50.5", "10:00:50.1", "10:01:00.2")
    lines = (f"2026-03-02T{time}Z  INFO tensor_chain::raft: Starting election new_term=4\n" for time in times)
    assert summarise(Path("/log"), "".join(lines).encode()).counts["election_started"] == 3


def elections(*at_s: float) -> str:
    """A log of elections at these seconds after ten o'clock."""
    start = datetime(2026, 3, 2, 10, tzinfo=UTC)
    lines = [f"{start + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%fZ}" for at in at_s]
    return "".join(f"{line}  INFO tensor_chain::raft: Starting election new_term=7\n" for line in lines)


@pytest.mark.parametrize(
    ("at_s", "counted"),
    [
        ([3600 + each for each in range(600)] + [each * 1.0 for each in range(10)], 62),
        ([600 - each * 0.5 for each in range(600)], 121),
        ([600 - each * 5.0 for each in range(600)], 4),
        ([100 + each for each in range(30)] + [50 + each for each in range(100)], 61),
    ],
    ids=["put back", "each half a second before the last", "newest first", "put back long ago"],
)
def test_lines_whose_times_go_back_are_not_counted_over_and_over(at_s: list[float], counted: int):
    """After a step back the whole rest of the file, "618 elections in 60 s", was once counted."""
    assert summary(elections(*at_s)).counts["election_started"] == counted
