"""What a node's configuration file sets, and what holds where it sets nothing."""

from __future__ import annotations

from runbooks.evidence import Config, Evidence

DOCUMENTED_TIMEOUTS_MS = (150, 300)
"""The election timeouts of a file that sets none (Neumann, operations/configuration)."""


def election_timeouts_of(config: Config) -> tuple[int, int]:
    """Return the (min, max) election timeout in ms; a single value counts as both."""
    low, high = config.election_timeout_min_ms, config.election_timeout_max_ms
    if low is None and high is None:
        return DOCUMENTED_TIMEOUTS_MS
    if low is None:
        return DOCUMENTED_TIMEOUTS_MS[0], high or DOCUMENTED_TIMEOUTS_MS[1]
    return low, high or low


def without_timeouts(evidence: Evidence) -> tuple[str, ...]:
    """Return the nodes whose file names no election timeout, so that the documented ones hold."""
    configs = {node.node: node.config.value for node in evidence.nodes}
    return tuple(
        name
        for name, config in configs.items()
        if config
        and not config.malformed
        and config.election_timeout_min_ms is None
        and config.election_timeout_max_ms is None
    )


def malformed(evidence: Evidence) -> tuple[str, ...]:
    """Return the nodes whose file is no TOML, so that they would not start with it."""
    return tuple(node.node for node in evidence.nodes if node.config.value and node.config.value.malformed)
