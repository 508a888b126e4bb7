"""Parse a node's metrics page, in each of the shapes that Neumann's documentation shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from runbooks.evidence import Metrics, Role

PREFIX = "tensor_chain_"
NUMBERS = frozenset(Metrics.model_fields) - {"role"}
ALIASES = {"memory_usage_bytes": "memory_bytes"}
"""Other names that Neumann's documents give the same figure."""

SUMMED = frozenset({"deadlocks_total", "deadlock_victims_total", "tx_aborts_total", "tx_commits_total"})
"""Counters that a page may show apart by a label, such as the policy by which a victim is chosen."""

FRACTIONS = frozenset({"cpu_seconds_total"})
NUMBERED_ROLES = {0.0: Role.FOLLOWER, 1.0: Role.CANDIDATE, 2.0: Role.LEADER}

MAX_LINES = 20_000
MAX_SAMPLES = 64
"""Of the metrics that are read; a node has ten or so."""
MAX_LINE_BYTES = 1_000
MAX_COUNT = 2**63
"""Larger numbers, and negative ones, count nothing that Neumann counts."""

_WANTED = re.compile(
    rb"^%s(?:raft_state|%s)(?![a-zA-Z0-9_:])[^\n]*"
    % (PREFIX.encode(), "|".join(sorted({*NUMBERS, *ALIASES})).encode()),
    re.MULTILINE,
)


class NotAnExporterError(ValueError):
    """The page holds no tensor_chain_ metric."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.__doc__)


def parse(page: bytes, content_type: str) -> Metrics:
    """Read the gauges and counters that runbooks go by from a page in Prometheus' text format.

    Lines are filtered by the metric's whole name before the library parses them, and what is left is
    bounded: the library takes a microsecond a byte, in the event loop. A line ends at a line feed alone,
    since a label may hold what else Unicode calls the end of a line.

    Raises:
        NotAnExporterError: If the page is HTML, has none of the metrics, or more than any node has.
    """
    if "html" in content_type or page[:1_000].lstrip()[:1] == b"<":
        raise NotAnExporterError("The page is HTML, not an exporter's.")
    if page.count(b"\n") > MAX_LINES:
        raise NotAnExporterError(f"The page has more than {MAX_LINES} lines.")
    lines = [found[0].rstrip(b"\r") for found in _WANTED.finditer(page)]
    if len(lines) > MAX_SAMPLES or any(len(line) > MAX_LINE_BYTES for line in lines):
        raise NotAnExporterError("The page has more samples of Raft, or longer ones, than any node has.")
    text = b"\n".join([*lines, b""]).decode(errors="replace")
    try:
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    except (ValueError, IndexError) as error:
        raise NotAnExporterError("The page is not in Prometheus' text format.") from error
    if not samples:
        raise NotAnExporterError
    return Metrics(role=_role(samples), **_numbers(samples))


def _role(samples: Iterable[Sample]) -> Role | None:
    """Return the role that the page claims.

    It may be one-hot by label, the active series alone, or a bare 0/1/2; in any letter case, with any further
    labels.
    """
    for sample in samples:
        if sample.name != PREFIX + "raft_state":
            continue
        label = sample.labels.get("state") or sample.labels.get("raft_state")
        if label is None:
            return NUMBERED_ROLES.get(sample.value)
        if sample.value == 1 and label.lower() in set(Role):
            return Role(label.lower())
    return None


def _numbers(samples: Iterable[Sample]) -> dict[str, Any]:
    """Return every other metric by its field's name, without what is no count."""
    shown: dict[str, float] = {}
    for sample in samples:
        name = sample.name.removeprefix(PREFIX)
        if 0 <= sample.value <= MAX_COUNT:
            shown[name] = sample.value + (shown.get(name, 0.0) if name in SUMMED else 0.0)
    # Where a page has both names, the one that the alerts go by counts.
    aliases_last = sorted(shown.items(), key=lambda item: item[0] in ALIASES)
    named = {ALIASES.get(name, name): value for name, value in aliases_last}
    return {
        name: value if name in FRACTIONS else int(value) for name, value in named.items() if name in NUMBERS
    }
