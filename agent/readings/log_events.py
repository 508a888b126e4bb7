"""The messages of Neumann that count as events, and where in a message their words must stand."""

from __future__ import annotations

import re

# The messages that end in another error's text: only behind one of these do an error's words count.
_CARRIER = (
    r"(?:Failed to handle incoming connection from \S+: |Read error from \S+: |Write error: "
    r"|Broadcast to \S+ failed: |Error receiving message: "
    r"|failed to send raft message(?: peer=\S+)? error=|TLS error: |handshake failed: )"
)
# What errors put in front of the error they wrap: "network error: TLS error: …".
_WRAPPED = r"\"?(?:[A-Za-z][\w -]{0,60}: ){0,5}"
_ERROR = rf"^(?:{_CARRIER}{_WRAPPED})?"
# The same of this process' own errors alone: what came from a peer, or is of a key, ends in other words.
_OWN = (
    r"(?:(?!Write error)(?:[A-Za-z][A-Za-z ]{0,40} )?[Ee]rror: "
    r"|[Ff]ailed to (?:start|open|load|read|recover|replay)[\w ]{0,40}: ){0,5}"
)
_DAMAGED = r"Checksum mismatch at entry\b"
_TLS = (
    r"TLS handshake failed|invalid peer certificate|UnknownIssuer|NotValidForName"
    r"|CertificateExpired|certificate expired"
)

# Each is tied to the start of the message: what a message quotes (a key, a peer's name) must not count.
LOG_EVENTS: dict[str, re.Pattern[str]] = {
    "election_started": re.compile(r"^Starting election\b"),
    "election_won": re.compile(r"^Won election with quorum\b"),
    "became_leader": re.compile(r"^Became leader\b"),
    "vote_denied": re.compile(r"^Vote denied\b"),
    # Of a field that is there twice the last one is Neumann's: the candidate's name stands before it. The
    # groups are atomic, so that the last one decides, and at once.
    "vote_denied_log": re.compile(r"^Vote denied\b(?>.* log_ok=)false\b"),
    "vote_denied_unhealthy": re.compile(r"^Vote denied\b(?>.* candidate_healthy=)false\b"),
    "stepped_down": re.compile(r"^Stepping down\b"),
    "quorum_lost": re.compile(r"^(?:QUORUM LOST|Stepping down: lost quorum contact)\b"),
    "wal_retrying": re.compile(r"^WAL persist failed, retrying\b"),
    "wal_failed": re.compile(r"^WAL persist failed (?:after|during)\b"),
    # Write errors that do not pass by themselves, by their number on Linux: EIO, ENOSPC, EROFS, EDQUOT.
    **{
        name: re.compile(rf"^WAL persist failed (?:after|during)\b.*\(os error {number}\)")
        for name, number in {
            "wal_io_error": 5,
            "wal_no_space": 28,
            "wal_read_only": 30,
            "wal_quota": 122,
        }.items()
    },
    "disk_space_low": re.compile(
        rf"^(?:(?:WAL persist failed (?:after|during)|Failed to persist snapshot)[\w -]*: {_WRAPPED})?"
        r"Disk space low\b"
    ),
    "wal_damaged": re.compile(rf"^(?:WAL persist failed (?:after|during)[\w -]*: )?{_OWN}{_DAMAGED}"),
    "snapshot_failed": re.compile(
        r"^(?:Snapshot transfer timed out|Aborting timed-out snapshot transfer|Failed to persist snapshot"
        r"|Snapshot hash mismatch on startup)\b"
    ),
    "tls_failed": re.compile(rf"{_ERROR}(?i:{_TLS})\b"),
    # A connect that is closed before its handshake: by a probe, a scanner, a health check.
    "tls_closed": re.compile(rf"{_ERROR}(?i:TLS handshake failed: .*\b(?:eof|closed|reset by peer))\b"),
    "peer_mismatch": re.compile(rf"{_ERROR}peer ID mismatch\b"),
    "version_mismatch": re.compile(rf"{_ERROR}unsupported protocol version\b"),
    "rate_limited": re.compile(rf"{_ERROR}rate limited: peer\b"),
    "accept_error": re.compile(r"^Accept error\b"),
    "too_many_files": re.compile(r"^Accept error\b.*\(os error (?:23|24)\)"),
    "validation_failed": re.compile(r"^Message validation failed\b"),
    "member_failed": re.compile(r"^(?:Node marked as failed|Suspicion timeout)\b"),
    "asymmetric": re.compile(r"^Asymmetric partition detected\b"),
    "heartbeat_failures": re.compile(r"^Heartbeat consecutive failures\b"),
}

_TELLS_TERM = re.compile(
    r"^(?:Starting election|Won election|Became leader|Updating term|Vote (?:granted|denied)|Received vote"
    r"|Stepping down|Starting pre-vote|Received pre-vote|Pre-vote succeeded)\b"
)
_TERM = re.compile(r"\b(?:new_)?term=(\d{1,18})\b")


def events_in(message: str) -> tuple[str, ...]:
    """Name the events of `LOG_EVENTS` that a message with its fields behind it tells of."""
    return tuple(name for name, pattern in LOG_EVENTS.items() if pattern.search(message))


# A log of record whose checksum does not match ends the process at its start, on stderr.
_LAST_WORDS = {"wal_damaged": re.compile(rf"^{_OWN}{_DAMAGED}")}


def events_in_last_words(line: str) -> tuple[str, ...]:
    """Name the events that a process tells of as it ends, in a last line without time and level."""
    return tuple(name for name, pattern in _LAST_WORDS.items() if pattern.search(line))


_CALLER = re.compile(r"^Failed to handle incoming connection from \[?(?P<host>[\w.:-]+?)\]?(?::\d+)?: ")


def caller_in(message: str) -> str | None:
    """Return who dialled the connection that a message complains of, as it names them, without the port."""
    found = _CALLER.match(message)
    return found["host"].removeprefix("::ffff:") if found else None


def term_in(message: str) -> int | None:
    """Return the Raft term that a message of an election names; the last one, behind any peer's name."""
    terms = _TERM.findall(message) if _TELLS_TERM.match(message) else []
    return int(terms[-1]) if terms else None
