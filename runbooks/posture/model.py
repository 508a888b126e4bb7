"""What a posture says: one line for each check, with its severity, what is so, and what to do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from runbooks.evidence import Frozen


class Severity(StrEnum):
    """How much a line matters. What is not known is never taken for fine."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"
    UNKNOWN = "not known"
    FINE = "fine"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Severity).index(self)

    @property
    def is_told(self) -> bool:
        """Return whether people are told by themselves when a line becomes this."""
        return self in (Severity.CRITICAL, Severity.WARNING)


class Check(StrEnum):
    """What is checked, in the order in which lines of the same severity are shown."""

    SPARE_NODES = "spare-nodes"
    ZONES = "zones"
    HOSTS = "hosts"
    VOTERS = "voters"
    LINKS = "links"
    LINK_LOSS = "link-loss"
    LINK_LATENCY = "link-latency"
    ELECTIONS = "elections"
    ELECTION_TIMEOUTS = "election-timeouts"
    EQUAL_TIMEOUTS = "equal-timeouts"
    CONFIGURATION = "configuration"
    CLOCK_OFFSET = "clock-offset"
    CLOCK_DRIFT = "clock-drift"
    TIME_SERVICE = "time-service"
    TIME_SOURCES = "time-sources"
    CERTIFICATES = "certificates"
    DISK = "disk"
    LAG = "lag"
    RESTARTS = "restarts"
    AGENTS = "agents"


READ_BY_AGENTS = frozenset(
    {
        *(Check.LINKS, Check.LINK_LOSS, Check.LINK_LATENCY, Check.CERTIFICATES, Check.DISK),
        *(Check.ELECTION_TIMEOUTS, Check.EQUAL_TIMEOUTS, Check.CONFIGURATION),
        *(Check.CLOCK_OFFSET, Check.TIME_SERVICE, Check.TIME_SOURCES),
    }
)
"""Of what is checked, all that agents alone can read: without them there is no fact at all."""


class Line(Frozen):
    """One check's result. `since` is when it became this severe, where the bot has watched it.

    `muted_until` and `muted_by` say who wants to hear no more of it, and for how long.
    """

    check: Check
    severity: Severity
    fact: str
    advice: str = ""
    nodes: tuple[str, ...] = ()
    since: AwareDatetime | None = None
    muted_until: AwareDatetime | None = None
    muted_by: str = ""

    def is_muted(self, now: datetime) -> bool:
        """Return whether somebody wants to hear no more of it now."""
        return self.muted_until is not None and now < self.muted_until


class Posture(Frozen):
    """A cluster's lines, the worst first; `at` is when the cluster was read, `samples` how many were kept."""

    cluster: str
    at: AwareDatetime
    lines: tuple[Line, ...]
    samples: int = 0
    sampled_since: AwareDatetime | None = None

    def of(self, *severities: Severity) -> tuple[Line, ...]:
        """Return the lines of these severities."""
        return tuple(line for line in self.lines if line.severity in severities)

    def line(self, check: Check) -> Line | None:
        """Return a check's line."""
        return next((line for line in self.lines if line.check is check), None)

    @property
    def for_want_of_agents(self) -> tuple[Line, ...]:
        """Return the lines that are not known only since agents do not answer."""
        agents = self.line(Check.AGENTS)
        if agents is None or not agents.severity.is_told:
            return ()
        return tuple(
            line
            for line in self.of(Severity.UNKNOWN)
            if line.check in READ_BY_AGENTS and line.nodes and set(line.nodes) <= set(agents.nodes)
        )

    @property
    def worst(self) -> Severity:
        """Return the severity of the first line."""
        return self.lines[0].severity if self.lines else Severity.UNKNOWN


def in_order(lines: list[Line]) -> tuple[Line, ...]:
    """Return the lines, the worst first."""
    checks = list(Check)
    return tuple(sorted(lines, key=lambda line: (line.severity.rank, checks.index(line.check))))
