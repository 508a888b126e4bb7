"""What leaves a cluster without a leader: a word and a row for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runbooks.model import Cause

_RULES = "check rules for 7878 and 7879, and routes"


class RootCause(StrEnum):
    """The fixed words; `docs/causes.md` explains each. The order breaks ties between equally sure ones."""

    QUORUM_LOSS = "quorum_loss"
    HOST_DOWN = "host_down"
    PROCESS_HUNG = "process_hung"
    CRASH_LOOP = "crash_loop"
    STORAGE_FULL = "storage_full"
    TOO_MANY_FILES = "too_many_files"
    TLS_FAILURE = "tls_failure"
    VERSION_MISMATCH = "version_mismatch"
    DUPLICATE_ID = "duplicate_id"
    NAMES_UNRESOLVED = "names_unresolved"
    NETWORK_PARTITION = "network_partition"
    ASYMMETRIC_PARTITION = "asymmetric_partition"
    EVEN_SPLIT = "even_split"
    PARTIAL_PARTITION = "partial_partition"
    GOSSIP_BLOCKED = "gossip_blocked"
    CLOCK_SKEW = "clock_skew"
    PEER_LIST_WRONG = "peer_list_wrong"
    STALE_LOG = "stale_log"
    PACKET_LOSS = "packet_loss"
    MTU = "mtu"
    SLOW_DISK = "slow_disk"
    AGGRESSIVE_TIMEOUTS = "aggressive_timeouts"
    MIXED_TIMEOUTS = "mixed_timeouts"
    CONFIG_MALFORMED = "config_malformed"
    TWO_LEADERS = "two_leaders"
    MONITORING_BLIND = "monitoring_blind"
    ALERT_STALE = "alert_stale"
    NONE_KNOWN = "none_known"


_ROWS = (
    Cause(
        RootCause.QUORUM_LOSS,
        title="Quorum loss",
        sentence="{nodes} stopped",
    ),
    Cause(
        RootCause.HOST_DOWN,
        title="Host down",
        sentence="the power or the network of {nodes} is gone",
        by_hand="Look at the consoles of these hosts: nothing there answers the bot.",
    ),
    Cause(
        RootCause.PROCESS_HUNG,
        title="Process hung",
        sentence="the process on {nodes} hangs",
        by_hand="Take a stack trace, then restart the service by hand.",
    ),
    Cause(
        RootCause.CRASH_LOOP,
        title="Crash loop",
        sentence="the process on {nodes} keeps crashing",
        by_hand="Find why it ends (memory, log) before it is started again.",
    ),
    Cause(
        RootCause.STORAGE_FULL,
        title="Storage full or not writable",
        sentence="{nodes} cannot write the log of record",
        by_hand="Make room (bytes, inodes, quota) or make it writable; never delete the write-ahead log.",
    ),
    Cause(
        RootCause.TOO_MANY_FILES,
        title="Too many open files",
        sentence="{nodes} cannot accept connections, the open files are used up",
        by_hand="Raise the service's LimitNOFILE and see what holds the files; restart one node at a time.",
    ),
    Cause(
        RootCause.TLS_FAILURE,
        title="TLS failure",
        sentence="TLS handshakes between {nodes} fail",
        by_hand="Check the certificates' dates, names and CA, and the clocks; restart one node at a time.",
    ),
    Cause(
        RootCause.VERSION_MISMATCH,
        title="Protocol versions differ",
        sentence="{nodes} speak different protocol versions",
        by_hand="Bring every node to one version: finish the upgrade, or put it back.",
    ),
    Cause(
        RootCause.DUPLICATE_ID,
        title="Node ids do not match",
        sentence="peers of {nodes} answer under another id than expected",
        by_hand="Give each node an id of its own, the one that its peers have for it; then restart it.",
    ),
    Cause(
        RootCause.NAMES_UNRESOLVED,
        title="Host names do not resolve",
        sentence="{nodes} cannot resolve their peers' names",
        by_hand="Mend DNS or /etc/hosts on the nodes: getent hosts NAME shows what each resolves.",
    ),
    Cause(
        RootCause.NETWORK_PARTITION,
        title="Network partition",
        sentence="{nodes} cannot reach each other",
        by_hand="Check the firewall rules for 7878 and 7879, and the routes; the bot touches neither.",
    ),
    Cause(
        RootCause.ASYMMETRIC_PARTITION,
        title="Asymmetric partition",
        sentence="links between {nodes} work one way only",
        by_hand=f"Open the failing direction: {_RULES}.",
    ),
    Cause(
        RootCause.EVEN_SPLIT,
        title="Even split",
        sentence="the cluster is cut into two halves",
        by_hand="Join the halves: check rules and routes; an odd number cannot halve.",
    ),
    Cause(
        RootCause.PARTIAL_PARTITION,
        title="Partial partition",
        sentence="some links between {nodes} are cut, so leaders do not last",
        by_hand=f"Mend the cut links: {_RULES}.",
    ),
    Cause(
        RootCause.GOSSIP_BLOCKED,
        title="Gossip blocked",
        sentence="gossip between {nodes} is blocked, and votes are denied",
        by_hand="Open 7879 between the nodes.",
    ),
    Cause(
        RootCause.CLOCK_SKEW,
        title="Clock skew",
        sentence="the clocks differ too much, and nodes mark each other as failed",
    ),
    Cause(
        RootCause.PEER_LIST_WRONG,
        title="Wrong peer list",
        sentence="the peer lists of {nodes} are wrong",
        by_hand="Give every node the same peers, then restart one node at a time.",
    ),
    Cause(
        RootCause.STALE_LOG,
        title="Stale log",
        sentence="the log of {nodes} is too old to win, and nobody else stands",
        by_hand="Bring a node with the newest log back.",
    ),
    Cause(
        RootCause.PACKET_LOSS,
        title="Packet loss",
        sentence="packets are lost between the nodes",
        by_hand="Mend the links first; wider timeouts only hide the loss.",
    ),
    Cause(
        RootCause.MTU,
        title="Large packets lost",
        sentence="large packets between {nodes} are lost, small ones pass",
        by_hand="Set one MTU on the whole path, or let ICMP's “fragmentation needed” through the firewalls.",
    ),
    Cause(
        RootCause.SLOW_DISK,
        title="Slow disk",
        sentence="the disk of {nodes} is too slow",
        by_hand="Move the leader or mend the disk; wider timeouts are only relief.",
    ),
    Cause(
        RootCause.AGGRESSIVE_TIMEOUTS,
        title="Election timeout too aggressive",
        sentence="the election timeout is too tight for the round trip",
    ),
    Cause(
        RootCause.MIXED_TIMEOUTS,
        title="Election timeouts differ",
        sentence="the election timeouts of {nodes} differ",
        by_hand="Give every node the same: finish the change, or put it back.",
    ),
    Cause(
        RootCause.CONFIG_MALFORMED,
        title="Configuration file malformed",
        sentence="the configuration file of {nodes} cannot be read as TOML",
        by_hand="Correct the file before the node is started or restarted: it would not come up with it.",
    ),
    Cause(
        RootCause.TWO_LEADERS,
        title="Two leaders",
        sentence="{nodes} both claim to lead",
        by_hand="Follow the split-brain runbook: restart the leader of the lower term.",
    ),
    Cause(
        RootCause.MONITORING_BLIND,
        title="Monitoring blind",
        sentence="the metrics of {nodes} cannot be reached",
        by_hand="Mend the scrape; nothing is to be done to the cluster.",
        needs_no_remedy=True,
    ),
    Cause(
        RootCause.ALERT_STALE,
        title="A leader exists",
        sentence="the alert is older than the leader",
        needs_no_remedy=True,
    ),
    Cause(
        RootCause.NONE_KNOWN,
        title="None of the known causes",
        sentence="none of the known causes is borne out",
    ),
)
CAUSES: Mapping[str, Cause] = {row.word: row for row in _ROWS}


NOT_SERVING = "the process on {nodes} is up and serves nothing yet"
"""What is said in place of the sentence of quorum loss where the service manager calls a process active."""

TIGHT_FOR_HEARTBEAT = "the election timeout is too tight for the heartbeat"
"""What is said in place of the sentence of tight timeouts where a leader beats too slowly for them."""

COMPLAINTS: Mapping[str, str] = {
    "quorum_lost": "lost quorum",
    "wal_retrying": "writes of its log of record tried again",
    "wal_failed": "failed writes of its log of record",
    "disk_space_low": "low disk space",
    "tls_failed": "failed TLS handshakes",
    "peer_mismatch": "peers with another id than expected",
    "version_mismatch": "peers of another protocol version",
    "rate_limited": "peers held back by the rate limit",
    "accept_error": "connections that could not be accepted",
    "validation_failed": "messages that failed validation",
    "asymmetric": "links that work one way only",
    "heartbeat_failures": "heartbeats that failed",
    "vote_denied_unhealthy": "votes denied to candidates held failed",
}
"""What a log's events are called to people; only those that complain of something."""
