"""The words of a log line that name nobody: those that rules go by, and those of Neumann's own messages."""

from __future__ import annotations

LOG_EVENTS = frozenset(
    {
        *("election_started", "election_won", "became_leader", "vote_denied", "vote_denied_log"),
        *("vote_denied_unhealthy", "stepped_down", "quorum_lost", "wal_retrying", "wal_failed"),
        *("wal_io_error", "wal_no_space", "wal_read_only", "wal_quota", "wal_damaged"),
        *("disk_space_low", "snapshot_failed", "tls_failed"),
        *("tls_closed", "peer_mismatch", "version_mismatch", "rate_limited", "accept_error"),
        *("too_many_files", "validation_failed", "member_failed", "asymmetric", "heartbeat_failures"),
    }
)
"""What agents count in a log; whatever else a document counts may name something."""

CALLER = r"incoming connection from (?P<caller>[\w.-]+?)(?P<port>:\d+)?: "
"""Who dialled, as Neumann's transport writes it and the rules read it."""

RULES_GO_BY = (
    r"\(os error \d{1,4}\)|os error|WAL|(?i:wal|disk space|handshake|snapshot|NotValidForName)"
    r"|(?i:not valid for (?:the )?name|(?:host ?)?name mismatch|\b(?:eof|closed|reset by peer|broken pipe)\b)"
    r"|unsupported protocol version|peer ID mismatch|TLS"
)
"""Patterns of all that a rule looks for in a line; what a new rule looks for is added here."""

NEUMANN_WRITES = (
    r"^(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?(?!\S)"
    r"|\b(?:TRACE|DEBUG|INFO|WARN|ERROR|tensor_chain(?:::(?:raft|tcp|transport|gossip|membership))+)\b"
    r"|\b(?:new_)?term=\d{1,18}\b|\b(?:can_vote|log_ok|candidate_healthy)=(?:true|false)\b"
    r"|\b(?:node_id|candidate|peer)(?==)"
    r"|\b(?:Starting election|Won election with quorum|Became leader|Vote denied|Vote granted|Stepping down"
    r"|QUORUM LOST|lost quorum contact|rejecting writes|persist failed|retrying|retries|attempts|after|during"
    r"|Disk space low|No space left on device|bytes available|required|Too many open files|Accept error"
    r"|Failed to handle|TLS error|invalid peer certificate|UnknownIssuer|CertificateExpired|Expired"
    r"|rate limited|Message validation failed|Node marked as failed|Suspicion timeout"
    r"|Asymmetric partition detected|Heartbeat consecutive failures|connection|certificate|refused|timed out"
    r"|timeout|failed|error|with|peer)\b"
)
"""Times, levels, and the fixed words of Neumann's messages: no name is among them."""
