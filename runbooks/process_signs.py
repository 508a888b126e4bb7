"""What shows how a node's process is: stopped, crashing, hung, or not serving yet; for every runbook."""

from __future__ import annotations

from runbooks.evidence import Evidence, NodeEvidence, Service
from runbooks.missing_kind import MissingKind
from runbooks.wording import seconds

CRASH_LOOP_RESTARTS = 3
"""Restarts by the service manager from which on a node does not stay."""

START_LIMIT_HIT = "start-limit-hit"
"""systemd's result of a unit that it starts no more, for it was started too often (systemd.service(5))."""

YOUNG_S = 60.0
"""A process that was restarted often and has run for less than this is taken to be crashing still."""

JUST_STARTED_S = 600.0
"""A process younger than this may still be replaying its log."""

SILENT_S = 10.0
"""A running node writes something at least every few seconds; a hung one writes nothing."""

STOPPED = {"inactive": "is stopped", "failed": "has failed"}
"""The states in which the service manager runs no process, in words."""


def is_steady(node: NodeEvidence) -> bool:
    """Return whether a process answered the bot throughout, without having been restarted in between."""
    before, after = node.metrics.value, node.metrics_again.value
    if before is None or after is None:
        return False
    return (after.elections_total or 0) >= (before.elections_total or 0)


def is_mute(node: NodeEvidence) -> bool:
    """Return whether a node's page answers nobody in time, not even its agent on its own host."""
    answered = node.metrics.value or node.metrics_again.value or node.health.value or node.local_metrics.value
    stopped = node.service.value is not None and node.service.value.state in STOPPED
    asked = any(
        reading.value is not None for reading in (node.clock, node.log, node.config, node.disk, node.service)
    )
    late = node.local_metrics.kind is MissingKind.TIMEOUT and node.metrics.kind is MissingKind.TIMEOUT
    return bool(late and asked and not answered and not stopped)


def not_serving(node: NodeEvidence) -> str:
    """Return what a process does that its service manager calls active and that listens nowhere."""
    running_s = node.service.value.running_s if node.service.value else None
    since = f" for {seconds(running_s)}" if running_s is not None else ""
    return (
        f"its service has been active{since} and serves nothing, not even on its own host: "
        f"it replays its log, or could not bind ({node.service.by})"
    )


def crash_signs(node: NodeEvidence) -> list[str]:
    """Return what shows that a node's process ends again and again, a phrase each; empty where nothing does.

    The second phrase, where there is one, comes from another source than the service manager.
    """
    service = node.service.value
    if service is None or not (_is_given_up(node, service) or (service.restarts or 0) >= CRASH_LOOP_RESTARTS):
        return []
    # A service manager forgets how it ended as soon as it starts again, so a young process counts as well.
    young = service.running_s is not None and service.running_s < YOUNG_S
    if service.running_s is not None and not young and is_steady(node):
        return []  # what was restarted often some time ago, and has stayed since
    if service.result in (None, "success") and not young:
        return []
    how = f"running for {service.running_s:.0f} s" if young else f"ended last by {service.result}"
    often = "started too often" if service.restarts is None else f"restarted {service.restarts} times"
    signs = [f"{often}, {how} ({node.service.by})"]
    if not is_steady(node):
        away = node.metrics.missing or node.metrics_again.missing or "its counters were reset"
        signs.append(f"its metrics: {away} (bot)")
    return signs


def _is_given_up(node: NodeEvidence, service: Service) -> bool:
    """Return whether its manager starts a unit no more that ended too often, which a start does not mend.

    It counts every start (systemd.unit(5)): where none was its own, people or a tool started it.
    """
    return service.result == START_LIMIT_HIT and service.restarts != 0 and not is_steady(node)


def pings_to(evidence: Evidence, name: str) -> tuple[list[str], list[str]]:
    """Return whose pings a host answered, and who pinged it."""
    pings = {
        node.node: ping for node in evidence.nodes for ping in node.pings.value or () if ping.peer == name
    }
    return [one for one, ping in pings.items() if ping.received], list(pings)


def host_answers(node: NodeEvidence) -> bool:
    """Return whether a host gave any answer: a refusal is one as well."""
    refused = MissingKind.REFUSED in (node.metrics.kind, node.metrics_again.kind, node.health.kind)
    return refused or node.service.value is not None or node.clock.value is not None
