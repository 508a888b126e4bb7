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
    TLS_FAILURE = "tls_failure"
    NETWORK_PARTITION = "network_partition"
    ASYMMETRIC_PARTITION = "asymmetric_partition"
    EVEN_SPLIT = "even_split"
    PARTIAL_PARTITION = "partial_partition"
    GOSSIP_BLOCKED = "gossip_blocked"
    CLOCK_SKEW = "clock_skew"
    PEER_LIST_WRONG = "peer_list_wrong"
    STALE_LOG = "stale_log"
    PACKET_LOSS = "packet_loss"
    SLOW_DISK = "slow_disk"
    AGGRESSIVE_TIMEOUTS = "aggressive_timeouts"
    MIXED_TIMEOUTS = "mixed_timeouts"
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
        sentence="the hosts of {nodes} answer nobody",
        by_hand="Look at the hosts' consoles; the bot reaches nothing there.",
    ),
    Cause(
        RootCause.PROCESS_HUNG,
        title="Process hung",
        sentence="{nodes} accept connections and answer nothing",
        by_hand="Take a stack trace, then restart the service by hand.",
    ),
    Cause(
        RootCause.CRASH_LOOP,
        title="Crash loop",
        sentence="{nodes} keep crashing",
        by_hand="Find why it ends (memory, log) before it is started again.",
    ),
    Cause(
        RootCause.STORAGE_FULL,
        title="Storage full",
        sentence="{nodes} cannot write the log of record",
        by_hand="Free space; never delete the write-ahead log.",
    ),
    Cause(
        RootCause.TLS_FAILURE,
        title="TLS failure",
        sentence="the TLS handshakes of {nodes} fail",
        by_hand="Renew or correct the certificates, then restart one node at a time.",
    ),
    Cause(
        RootCause.NETWORK_PARTITION,
        title="Network partition",
        sentence="{nodes} cannot reach each other",
        by_hand=f"The bot touches no firewall: {_RULES}.",
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
        sentence="the clocks are apart, and nodes hold each other failed",
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
        sentence="{nodes} campaign with an older log and cannot win",
        by_hand="Bring a node with the newest log back.",
    ),
    Cause(
        RootCause.PACKET_LOSS,
        title="Packet loss",
        sentence="packets are lost between the nodes",
        by_hand="Mend the links first; wider timeouts only hide the loss.",
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
        sentence="elections follow each other, the timeout is too tight for the round trip",
    ),
    Cause(
        RootCause.MIXED_TIMEOUTS,
        title="Election timeouts differ",
        sentence="the election timeouts of {nodes} differ",
        by_hand="Give every node the same: finish the change, or put it back.",
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
        sentence="{nodes} cannot be scraped, though they run",
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
