"""Parse a node's metrics page, in each of the shapes that Neumann's documentation shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from runbooks.evidence import Metrics, Role

PREFIX = "tensor_chain_"
WANTED = tuple(
    PREFIX + name
    for name in (
        "raft_state",
        "term",
        "commit_index",
        "applied_index",
        "elections",
        "gossip_healthy",
        "gossip_failed",
    )
)
NUMBERED_ROLES = {0.0: Role.FOLLOWER, 1.0: Role.CANDIDATE, 2.0: Role.LEADER}


class NotAnExporterError(ValueError):
    """The page holds no tensor_chain_ metric."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.__doc__)


def parse(text: str, content_type: str) -> Metrics:
    """Read the Raft and gossip gauges from a page in Prometheus' text format.

    Lines are filtered by name before the library parses them: a page has hundreds of others.

    Raises:
        NotAnExporterError: If the page is HTML or has none of the metrics.
    """
    if "html" in content_type or text.lstrip()[:1] == "<":
        raise NotAnExporterError("The page is HTML, not an exporter's.")
    lines = "\n".join(line for line in text.splitlines() if line.startswith(WANTED))
    try:
        samples = [s for family in text_string_to_metric_families(lines + "\n") for s in family.samples]
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
    """Return every other metric by its field's name, without NaN and infinities."""
    fields = set(Metrics.model_fields) - {"role"}
    numbers = {}
    for sample in samples:
        name = sample.name.removeprefix(PREFIX)
        if name in fields and abs(sample.value) < float("inf"):
            numbers[name] = int(sample.value)
    return numbers
