"""Configuration files: do the election timeouts fit the network, and are the files alike?"""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.evidence import Config, Evidence
from runbooks.leader_election.configured import election_timeouts_of
from runbooks.leader_election.timeouts import (
    DEFAULT_HEARTBEAT_MS,
    MIN_HEARTBEATS_PER_TIMEOUT,
    asked_ms,
    fitting_timeouts_ms,
)
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.peer_lists import not_comparable, wrong_entries
from runbooks.posture.trends import Trends
from runbooks.wording import MAX_NAMES, listed

MAX_KINDS = 3
"""Kinds of timeouts that are told, with their nodes."""


def configuration_lines(evidence: Evidence, trends: Trends) -> Iterator[Line]:
    """Yield what the nodes' configuration files say; what was not read is not known to be right."""
    configs = {
        node.node: node.config.value
        for node in evidence.nodes
        if node.config.value and not node.config.value.malformed
    }
    unread = tuple(name for name in evidence.names if name not in configs)
    yield _fit(configs, unread, trends)
    yield _equal(configs, unread)
    yield _alike(evidence, configs, unread)


def _heartbeat_ms(config: Config) -> int:
    return config.heartbeat_interval_ms or DEFAULT_HEARTBEAT_MS


def _fit(configs: dict[str, Config], unread: tuple[str, ...], trends: Trends) -> Line:
    check = Check.ELECTION_TIMEOUTS
    usual, high = trends.usual_round_trip_ms, trends.high_round_trip_ms
    if not configs:
        return _unread(check, unread)
    timeouts = {name: election_timeouts_of(config) for name, config in configs.items()}
    heartbeat_ms = max(map(_heartbeat_ms, configs.values()))
    shortest = min(low for low, _ in timeouts.values())
    if usual is None or high is None:
        fact = f"from {shortest} ms, but no round trip was measured"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice="allow the agents to run ping")
    state = (
        f"election timeout from {shortest} ms, heartbeat {heartbeat_ms} ms, round trip of the slowest pair"
        f" {usual:.1f} ms (median of a day), {high:.1f} ms (95th percentile)"
    )
    tight = tuple(
        name
        for name, (low, _) in timeouts.items()
        if low < asked_ms(high) or low < MIN_HEARTBEATS_PER_TIMEOUT * heartbeat_ms
    )
    if tight:
        low, most = fitting_timeouts_ms(high, heartbeat_ms)
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"too short on {listed(tight, MAX_NAMES)}: {state}",
            advice=f"set {low} to {most} ms on every node",
            nodes=tight,
        )
    return _unread(check, unread, state) if unread else Line(check=check, severity=Severity.FINE, fact=state)


def _equal(configs: dict[str, Config], unread: tuple[str, ...]) -> Line:
    check = Check.EQUAL_TIMEOUTS
    timeouts = {name: election_timeouts_of(config) for name, config in configs.items()}
    kinds: dict[tuple[int, int], list[str]] = {}
    for name, each in timeouts.items():
        kinds.setdefault(each, []).append(name)
    if len(kinds) > 1:
        usual = max(kinds, key=lambda each: len(kinds[each]))
        are_most = 2 * len(kinds[usual]) > len(timeouts)
        said = [
            f"{low}/{high} ms on {'most' if are_most and (low, high) == usual else listed(names, MAX_NAMES)}"
            for (low, high), names in sorted(kinds.items(), key=lambda each: -len(each[1]))
        ]
        others = [name for name in timeouts if not (are_most and timeouts[name] == usual)]
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=listed(said, MAX_KINDS),
            advice="finish the change that stopped half-way: set the same on every node",
            nodes=tuple(others),
        )
    if unread:
        return _unread(check, unread)
    low, high = next(iter(kinds))
    return Line(check=check, severity=Severity.FINE, fact=f"{low}/{high} ms on every node")


def _alike(evidence: Evidence, configs: dict[str, Config], unread: tuple[str, ...]) -> Line:
    check = Check.CONFIGURATION
    broken = tuple(node.node for node in evidence.nodes if node.config.value and node.config.value.malformed)
    if broken:
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"{listed(broken, MAX_NAMES)}: not valid TOML, so the process would not start again",
            advice="fix the file before anything restarts",
            nodes=broken,
        )
    heartbeats = sorted(set(map(_heartbeat_ms, configs.values())))
    wrong = wrong_entries(evidence)
    said = [f"heartbeats of {listed([f'{ms} ms' for ms in heartbeats], MAX_NAMES)}"] if heartbeats[1:] else []
    if said or wrong:
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"the files differ: {listed([*said, *wrong.values()], MAX_NAMES)}",
            advice="set the same members and heartbeat on every node",
            nodes=tuple(wrong),
        )
    if unread:
        return _unread(check, unread)
    if apart := not_comparable(evidence):
        whose = f"{listed(apart, MAX_NAMES)} {'names' if len(apart) == 1 else 'name'}"
        fact = f"{whose} the members in another form than the rest: whether they are the same is not known"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, nodes=apart)
    return Line(check=check, severity=Severity.FINE, fact="heartbeat and members agree on every node")


def _unread(check: Check, unread: tuple[str, ...], rest: str = "") -> Line:
    fact = f"configuration of {listed(unread, MAX_NAMES)} not read"
    return Line(
        check=check,
        severity=Severity.UNKNOWN,
        fact=f"{fact}; of the others: {rest}" if rest else fact,
        advice="see Agents",
        nodes=unread,
    )
