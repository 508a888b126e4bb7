"""What a node's own pages say of it, and what the pages of days say together."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from runbooks.node_readings import Frozen, is_none


class Role(StrEnum):
    """A node's Raft role, as it claims it."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Metrics(Frozen):
    """What a node's metrics page says of Raft, gossip and what the node uses; `None` where it does not say.

    `disk_bytes` is what Neumann has stored, `wal_size_bytes` its write-ahead log, which the former may hold.
    """

    role: Role | None = None
    term: int | None = None
    commit_index: int | None = None
    applied_index: int | None = None
    elections_total: int | None = None
    gossip_healthy: int | None = None
    gossip_failed: int | None = None
    memory_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None
    memory_limit_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None
    disk_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None
    disk_free_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None
    wal_size_bytes: Annotated[int | None, Field(exclude_if=is_none)] = None
    cpu_seconds_total: Annotated[float | None, Field(exclude_if=is_none)] = None
    tx_active: Annotated[int | None, Field(exclude_if=is_none)] = None
    tx_commits_total: Annotated[int | None, Field(exclude_if=is_none)] = None
    tx_aborts_total: Annotated[int | None, Field(exclude_if=is_none)] = None
    deadlocks_total: Annotated[int | None, Field(exclude_if=is_none)] = None
    deadlock_victims_total: Annotated[int | None, Field(exclude_if=is_none)] = None
    wait_graph_size: Annotated[int | None, Field(exclude_if=is_none)] = None

    @property
    def transactions_total(self) -> int | None:
        """Return how many transactions have ended, committed or aborted."""
        commits, aborts = self.tx_commits_total, self.tx_aborts_total
        return None if commits is None or aborts is None else commits + aborts


class Health(Frozen):
    """What a node's `/health` says. Its status is a process's, not a leader's."""

    status: str
    role: Role | None = None
    term: int | None = None
    commit_index: int | None = None
    members: int | None = None
    healthy_members: int | None = None


class Trend(Frozen):
    """Where a figure goes: by so much a day, true within `error_per_day`; less than that is no change."""

    per_day: float
    error_per_day: float

    @property
    def falls(self) -> bool:
        """Return whether the figure falls for sure."""
        return self.per_day < 0 and -self.per_day >= self.error_per_day

    @property
    def rises(self) -> bool:
        """Return whether the figure rises for sure."""
        return self.per_day > 0 and self.per_day >= self.error_per_day


class History(Frozen):
    """What the samples that the posture keeps say of a node; `None` where they are too few or too new.

    The bytes free, of the log and of the data go by one span, `disk_span_s`; memory by that of one process.
    What is usual is a median over days; `lately` is since the newest sample of five minutes ago or more.
    """

    disk_span_s: float | None = None
    free_bytes: Trend | None = None
    log_bytes: Trend | None = None
    data_bytes: Trend | None = None
    memory_bytes: Trend | None = None
    usual_cores: float | None = None
    usual_commits_per_s: float | None = None
    usual_transactions_per_s: float | None = None
    usual_deadlocks_per_s: float | None = None
    lately_deadlocks_per_s: float | None = None
