"""A Raft member on pysyncobj, watched closely enough to log and count what Neumann would."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Literal

from pysyncobj import SyncObjConf
from pysyncobj.node import TCPNode

from lab.node.condition import Condition
from lab.node.raft_transport import Message, Peer, WatchedTransport
from lab.node.settings import NodeSettings
from lab.node.state import State
from lab.node.tracing import TracingLog
from lab.node.transfer import Transfers, sender
from lab.node.write_ahead_log import WriteAheadLog

Role = Literal["follower", "candidate", "leader"]
ROLES: tuple[Role, ...] = ("follower", "candidate", "leader")  # pysyncobj's states 0, 1, 2
LEADER_FALLBACK_S = 3.0
CONNECT_RETRY_S = 0.5
WRITE_INTERVAL_S, BUSY_WRITE_INTERVAL_S = 0.5, 0.002
NEVER = 10**9


class RaftMember:
    """One voter. Call `tick` from one thread; the attributes may be read from any.

    Args:
        settings: Addresses, peers and timeouts.
        log: Where Neumann's lines go.
        is_failed: Whether gossip holds the peer of that name failed; such a peer is cut out of Raft.
        condition: What ails the node.
    """

    def __init__(
        self,
        settings: NodeSettings,
        log: TracingLog,
        is_failed: Callable[[str], bool],
        condition: Callable[[], Condition],
    ) -> None:
        self.role: Role = "follower"
        self.elections_total = 0
        self.append_entries_total = 0
        self.log = log
        self.condition = condition
        self._settings = settings
        self._wal = WriteAheadLog(settings.journal_file.parent, log, condition)
        self._is_failed = is_failed
        self._names = {peer.id: peer.name for peer in settings.peers}
        self._heard: dict[str, float] = {}
        self._standing_term = 0
        self._stood_at = 0
        self._votes = 0
        self._granted = False
        self._next_write = 0.0
        self._stuck_at: int | None = None
        self._state = State(
            TCPNode(settings.id),
            [Peer(peer.id, peer.raft) for peer in settings.peers],
            conf=_configuration(settings, self._on_role),
            transportClass=functools.partial(WatchedTransport, self),
        )
        ids = {name: id_ for id_, name in self._names.items()}
        self.transfers = Transfers(ids, lambda: self.role == "leader", sender(self._state))
        self._unheard_term = 0

    @property
    def term(self) -> int:
        """Return the current term."""
        return int(self._state.raftCurrentTerm)

    @property
    def commit_index(self) -> int:
        """Return the last index known to be held by a majority."""
        return int(self._state.raftCommitIndex)

    @property
    def applied_index(self) -> int:
        """Return the last index applied to the state; what a stuck process shows is where it got stuck."""
        applied = int(self._state.raftLastApplied)
        if not self.condition().applies_nothing:
            self._stuck_at = None
        elif self._stuck_at is None:
            self._stuck_at = applied
        return applied if self._stuck_at is None else self._stuck_at

    @property
    def entries(self) -> int:
        """Return how many entries the log holds."""
        return int(self._state._getRaftLogSize())

    def tick(self, wait_s: float) -> None:
        """Do what is due, then wait at most `wait_s` for the network."""
        if self.condition().raft_task_dead:
            time.sleep(wait_s)
            return
        if self.role == "leader" and time.monotonic() > self._next_write:
            busy = self.condition().is_busy
            self._next_write = time.monotonic() + (BUSY_WRITE_INTERVAL_S if busy else WRITE_INTERVAL_S)
            if not self.transfers.is_under_way and self._wal.takes():
                self._state.add()
        self.transfers.tick()
        if self._state.is_about_to_stand() and not self._wal.takes("election start"):
            self._state.stand_later()
        self._state.doTick(wait_s)

    def close(self) -> None:
        """Close the sockets and the journal."""
        self._state.destroy()

    def may_send(self, peer_id: str, message: Message) -> bool:
        """Note a message on its way out, and say whether it may go."""
        if message["type"] == "request_vote" and message["term"] != self._standing_term:
            self._standing_term, self._votes = message["term"], 1
            self.elections_total += 1
            self._say("INFO", "Starting election", new_term=message["term"])
        elif message["type"] == "response_vote":
            self._granted = True
        elif message["type"] == "append_entries":
            self.append_entries_total += 1
        # A vote may be asked of anybody: it is the other side that denies it, and logs why.
        if message["type"] == "request_vote":
            return bool(message["term"] != self._unheard_term)
        return not self._is_failed(self._names[peer_id])

    def receive(self, peer_id: str, message: Message, deliver: Callable[[Message], None]) -> None:
        """Let Raft have a message, and log what came of it."""
        name, kind = self._names[peer_id], message["type"]
        failed = self._is_failed(name)
        if kind == "request_vote":
            self._consider(name, message, deliver, healthy=not failed)
            return
        if failed:
            return
        self._heard[name] = time.monotonic()
        if kind == "timeout_now" and self.condition().stands_unheard:
            self._unheard_term = self.term + 1
        if kind == "response_vote" and message["term"] == self.term:
            self._votes += 1
            self._say(
                "DEBUG", "Received vote", **{"from": name}, votes=self._votes, quorum=self._settings.quorum
            )
        if kind != "append_entries" or message["term"] < self.term:
            deliver(message)
        elif message["term"] == self.term or self._wal.takes("AppendEntries step-down"):
            deliver(self._takable(message))

    def _takable(self, message: Message) -> Message:
        """Return a leader's message without the entries that this node cannot keep: a mere heartbeat."""
        kept = not message.get("entries") or (not self.condition().appends_refused and self._wal.takes())
        return message if kept else {**message, "entries": []}

    def _consider(
        self, candidate: str, message: Message, deliver: Callable[[Message], None], *, healthy: bool
    ) -> None:
        old_term, term = self.term, int(message["term"])
        log_ok = (message["last_log_term"], message["last_log_index"]) >= self._state.last_entry()
        self._granted = False
        if healthy and term > old_term and not self._wal.takes("term update"):
            return
        if healthy:
            self._heard[candidate] = time.monotonic()
            deliver(message)
        if self.term > old_term:
            self._say("DEBUG", "Updating term from RequestVote", old_term=old_term, new_term=self.term)
        if self._granted:
            self._say("DEBUG", "Vote granted", candidate=candidate, term=term)
        else:
            can_vote = healthy and term > old_term
            self._say(
                "DEBUG",
                "Vote denied",
                candidate=candidate,
                term=term,
                can_vote=can_vote,
                log_ok=log_ok,
                candidate_healthy=healthy,
            )

    def _on_role(self, old: int, new: int) -> None:
        self.role = ROLES[new]
        if self.role == "leader":
            self._stood_at = self.term
            self._say("INFO", "Won election with quorum", term=self.term, votes=self._votes)
            self._say("INFO", "Became leader", term=self.term)
        elif ROLES[old] == "leader" and self.term == self._stood_at:
            # Of its own accord, not for a higher term: this is the check for a lost quorum.
            needed = self._settings.quorum
            text = f"Stepping down: lost quorum contact (reachable: {self._reachable()}, needed: {needed})"
            self.log.event("WARN", "raft", text)

    def _reachable(self) -> int:
        since = time.monotonic() - LEADER_FALLBACK_S
        return sum(seen > since and not self._is_failed(name) for name, seen in self._heard.items())

    def _say(self, level: Literal["INFO", "DEBUG"], message: str, **fields: str | int | bool) -> None:
        self.log.event(level, "raft", message, node_id=self._settings.name, **fields)


def _configuration(settings: NodeSettings, on_role: Callable[[int, int], None]) -> SyncObjConf:
    minimum_s, maximum_s = settings.election_timeout_min_ms / 1000, settings.election_timeout_max_ms / 1000
    return SyncObjConf(
        autoTick=False,
        bindAddress=str(settings.raft),
        journalFile=str(settings.journal_file),
        raftMinTimeout=minimum_s,
        raftMaxTimeout=maximum_s,
        # pysyncobj wants the minimum timeout to be more than three heartbeats; 150 and 50 ms are just three.
        appendEntriesPeriod=min(settings.heartbeat_interval_ms / 1000, 0.3 * minimum_s),
        leaderFallbackTimeout=LEADER_FALLBACK_S,
        connectionTimeout=max(3.5, 1.5 * maximum_s),
        connectionRetryTime=CONNECT_RETRY_S,
        # A compacted journal would need a snapshot file beside it; two entries a second need neither.
        logCompactionMinEntries=NEVER,
        logCompactionMinTime=NEVER,
        onStateChanged=on_role,
    )
