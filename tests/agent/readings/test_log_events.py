"""A message counts by how it begins, or by the error it ends in; what it quotes never counts."""

from __future__ import annotations

import json
import time

import pytest

from agent.readings.log_events import events_in, term_in
from agent.readings.log_lines import parse_line
from agent.readings.log_summary import MAX_LOG_BYTES

HANDLE = "Failed to handle incoming connection from 10.0.0.2:51844: "
DENIED = "Vote denied node_id=node2 candidate=node1 term=43 can_vote=true"
STAMP = "2026-03-02T10:15:04.218337Z"


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ("WAL persist failed, retrying attempt=1 max_retries=3 backoff_ms=100", {"wal_retrying"}),
        (
            "WAL persist failed after 3 attempts: Disk space low: 52428800 bytes available, 104857641 needed",
            {"wal_failed", "disk_space_low"},
        ),
        (
            "WAL persist failed during AppendEntries step-down: storage error: WAL persist failed after 3"
            " retries: Disk space low: 1 bytes available, 2 required",
            {"wal_failed", "disk_space_low"},
        ),
        ("WAL persist failed during vote grant: Checksum mismatch at entry 7", {"wal_failed", "wal_damaged"}),
        ("Error: WAL error: Checksum mismatch at entry 41", {"wal_damaged"}),
        ("Failed to open WAL: Checksum mismatch at entry 41", {"wal_damaged"}),
        # Another node's log, or somebody's key.
        (HANDLE + "Checksum mismatch at entry 4", set()),
        ("Failed to handle incoming connection from node2: Checksum mismatch at entry 4", set()),
        ("Read error from node2: Checksum mismatch at entry 4", set()),
        ("Error receiving message: remote error: Checksum mismatch at entry 4", set()),
        ("Write error: Checksum mismatch at entry 4", set()),
        ("Snapshot from node2: WAL error: Checksum mismatch at entry 4", set()),
        ("some key: Checksum mismatch at entry 4", set()),
        ("Snapshot transfer timed out, aborting timeout_ms=300000", {"snapshot_failed"}),
        ("Aborting timed-out snapshot transfer", {"snapshot_failed"}),
        ("Follower persisted snapshot: index=4, term=2", set()),
        ("Starting election node_id=Checksum mismatch at entry 1 new_term=4", {"election_started"}),
        (
            "Failed to persist snapshot: Disk space low: 1 bytes available, 2 required",
            {"disk_space_low", "snapshot_failed"},
        ),
        (HANDLE + "TLS error: TLS handshake failed: invalid peer certificate: Expired", {"tls_failed"}),
        (HANDLE + "TLS error: invalid peer certificate: UnknownIssuer", {"tls_failed"}),
        (
            HANDLE + "io error: invalid peer certificate: certificate EXPIRED: verification time",
            {"tls_failed"},
        ),
        ("Error receiving message: received fatal alert: CertificateExpired", {"tls_failed"}),
        (
            'failed to send raft message peer=node2 error="network error: TLS error: TLS handshake failed"',
            {"tls_failed"},
        ),
        (HANDLE + "handshake failed: peer ID mismatch: expected node2, got node3", {"peer_mismatch"}),
        (HANDLE + "handshake failed: unsupported protocol version 2", {"version_mismatch"}),
        ("Broadcast to node2 failed: rate limited: peer node2 (available tokens: 0)", {"rate_limited"}),
        (DENIED + " log_ok=false candidate_healthy=true", {"vote_denied", "vote_denied_log"}),
        (DENIED + " log_ok=true candidate_healthy=false", {"vote_denied", "vote_denied_unhealthy"}),
        (DENIED + " log_ok=true candidate_healthy=true", {"vote_denied"}),
        ("Stepping down: lost quorum contact (reachable: 0, needed: 2)", {"stepped_down", "quorum_lost"}),
        ("QUORUM LOST - rejecting writes healthy=1 total=3", {"quorum_lost"}),
        (
            "Asymmetric partition detected: outbound OK but no inbound ack node_id=node3 probe_id=4",
            {"asymmetric"},
        ),
        ("Heartbeat consecutive failures: 5", {"heartbeat_failures"}),
        ("Accept error: Too many open files (os error 24)", {"accept_error", "too_many_files"}),
        (
            "WAL persist failed after 3 attempts: No space left on device (os error 28)",
            {"wal_failed", "wal_no_space"},
        ),
        (
            "WAL persist failed during vote grant: Read-only file system (os error 30)",
            {"wal_failed", "wal_read_only"},
        ),
        (
            "Failed to handle incoming connection from 10.0.0.2:51844: TLS error: TLS handshake failed: "
            "tls handshake eof",
            {"tls_failed", "tls_closed"},
        ),
        ("Suspicion timeout, marking node as failed node_id=node3", {"member_failed"}),
    ],
)
def test_what_neumann_says_counts(message: str, events: set[str]):
    assert set(events_in(message)) == events


@pytest.mark.parametrize(
    "message",
    [
        "Lock conflict detected tx_id=1 conflicting_keys=Starting election new_term=9",
        'Lock conflict detected conflicting_keys="WAL persist failed after 3 attempts: Disk space low"',
        "Query from Became leader: TLS handshake failed timed out after 5000ms",
        "Election terminated, outcome undetermined",
        "Restarting election",
        "Starting elections",
        "retrying: WAL persist failed after 3 attempts",
        "key: Disk space low",
        "TX prepare 7 failed: rate limited: peer node2",
        HANDLE + "peer not found: x, TLS handshake failed",
    ],
)
def test_what_a_message_quotes_does_not_count(message: str):
    assert events_in(message) == ()
    assert term_in(message) is None


def test_a_candidates_name_does_not_decide_why_it_was_denied():
    message = (
        "Vote denied node_id=node2 candidate=x log_ok=false candidate_healthy=false term=9 term=43"
        " can_vote=true log_ok=true candidate_healthy=true"
    )
    assert events_in(message) == ("vote_denied",)
    assert term_in(message) == 43


@pytest.mark.parametrize(
    "line",
    [
        f"{STAMP}  WARN neumann_server::query: bad key: tensor_chain::raft: Starting election new_term=9",
        f"{STAMP}  WARN neumann_server::query: INFO tensor_chain::raft: Starting election",
        f'{STAMP}  WARN neumann_server::query: bad body {{"message":"Starting election"}}',
        f'{STAMP}  WARN neumann_server::query: {{"message":"Starting election"}}',
        f"{STAMP} ERROR neumann_server: INFO Starting election",
        "[WARN] some key: Starting election",
        "[WARN] key: Starting election",
        "key INFO tensor_chain::raft: Starting election",
        "Starting election node_id=node1 new_term=9",
        json.dumps({"timestamp": STAMP, "fields": {"message": "bad | INFO Starting election"}}),
        json.dumps({"fields": {"message": "x", "key": "Starting election", "error": "Starting election"}}),
    ],
)
def test_a_line_inside_a_line_is_no_line(line: str):
    message = parse_line(line).message
    assert events_in(message) == ()
    assert term_in(message) is None


@pytest.mark.parametrize(
    "before",
    [
        "",
        "Mar  2 10:15:04 host neumann[7]: ",
        "2026-03-02T10:15:04+0000 host neumann[7]: ",
        "2026-03-02T10:15:04.218337123Z ",
        "2026-03-02T10:15:04.218337123Z stdout F ",
        "neumann-node1-1  | ",
        "[pod/neumann-0/neumann] ",
        "[pod/neumann-0/neumann] 2026-03-02T10:15:04.218337123Z ",
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        f"{STAMP} DEBUG tensor_chain::raft: {DENIED} log_ok=false",
        f"{STAMP}  INFO {DENIED} log_ok=false",
        f"[WARN] {DENIED} log_ok=false\r",
        json.dumps(
            {
                "timestamp": STAMP,
                "fields": {"message": "Vote denied", "log_ok": False, "node_id": "", "term": 43},
            }
        ),
    ],
    ids=["tracing", "no target", "brackets", "json"],
)
def test_whoever_passes_a_line_on(before: str, line: str):
    message = parse_line(before + line).message
    assert set(events_in(message)) == {"vote_denied", "vote_denied_log"}
    assert term_in(message) == 43


def test_json_tells_the_error_of_a_message():
    entry = {
        "message": "failed to send raft message",
        "peer": "node2",
        "error": "TLS error: TLS handshake failed",
    }
    assert events_in(parse_line(json.dumps({"level": "DEBUG", **entry})).message) == ("tls_failed",)


@pytest.mark.parametrize(
    "text",
    [
        "Vote denied" + " log_ok=false" * (MAX_LOG_BYTES // 13) + " log_ok=true",
        "Failed to persist snapshot" + ": a" * (MAX_LOG_BYTES // 3),
        "failed to send raft message error=" + "a: " * (MAX_LOG_BYTES // 3),
        HANDLE + "x " * (MAX_LOG_BYTES // 2),
        " " * MAX_LOG_BYTES,
        "a::" * (MAX_LOG_BYTES // 3),
        STAMP + " " * MAX_LOG_BYTES,
    ],
)
def test_hostile_lines_take_no_time(text: str):
    start = time.monotonic()
    for line in (text, f"INFO {text}", f"INFO tensor_chain::raft: {text}"):
        events_in(parse_line(line).message)
    assert time.monotonic() - start < 10
