"""Denials of a whole node's votes by its process: stopped, not serving, gone, hung, crashing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runbooks.electability import Denial, Known
from runbooks.evidence import Metrics, NodeEvidence, Reading
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.gone import connects_to, gone
from runbooks.leader_election.facts import Facts
from runbooks.missing_kind import MissingKind
from runbooks.process_signs import SILENT_S, STOPPED, crash_signs, not_serving
from runbooks.raft import is_page_refused
from runbooks.wording import MAX_NAMES, listed, seconds


def node_denials(facts: Facts) -> Iterator[Denial]:
    """Yield the denials of nodes whose process takes no part, at most one for each."""
    finds = (_crash_loop, _stopped, _hung, gone)
    found = [
        denial
        for node in facts.evidence.nodes
        if (denial := next(filter(None, (find(facts, node) for find in finds)), None))
    ]
    unheard = [denial for denial in found if denial.cause == RootCause.HOST_DOWN]
    if len(unheard) < facts.needed:
        yield from found
        return
    # A majority that nobody here hears may hear itself, and have a leader: silence says nothing of the kind.
    hosts = listed([denial.nodes[0] for denial in unheard], MAX_NAMES)
    lacks = f"{hosts} from elsewhere, such as their consoles"
    for denial in found:
        yield replace(denial, known=Known.MAYBE, lacks=lacks) if denial in unheard else denial


def _denial(cause: RootCause, node: NodeEvidence, signs: list[str], sources: int) -> Denial | None:
    if not signs:
        return None
    known = Known.CORROBORATED if sources > 1 else Known.BY_ONE
    return Denial(cause, known, because=f"{node.node}: {'; '.join(signs)}", node=node.node)


def _refused_by(facts: Facts, node: NodeEvidence) -> list[str]:
    return [
        observer
        for observer, result in connects_to(facts, node.node).items()
        if result == "refused" and observer != node.node
    ]


def _stopped(facts: Facts, node: NodeEvidence) -> Denial | None:
    if facts.up[node.node] is not False:
        return None
    signs = []
    service = node.service.value
    if service and service.state in STOPPED:
        signs.append(f"the service {STOPPED[service.state]} ({node.service.by})")
    elif service:
        signs.append(not_serving(node))
    if refused := _refused_by(facts, node):
        signs.append(f"connects from {listed(refused)} are refused")
    if node.metrics.kind not in (MissingKind.TIMEOUT, MissingKind.PENDING):
        signs.append(f"its metrics: {node.metrics.missing} (bot)")
    if len(signs) == 1 and not service:
        lacks = f"the service on {node.node}: a firewall that rejects looks the same"
        return Denial(RootCause.QUORUM_LOSS, Known.MAYBE, because=signs[0], node=node.node, lacks=lacks)
    # Stopped, or between two crashes? Only the service manager tells, so without it nothing is certain.
    return _denial(RootCause.QUORUM_LOSS, node, signs, len(signs) if service else 1)


def _crash_loop(_: Facts, node: NodeEvidence) -> Denial | None:
    signs = crash_signs(node)
    return _denial(RootCause.CRASH_LOOP, node, signs, len(signs))


def _timed_out(reading: Reading[Metrics]) -> bool:
    return reading.kind is MissingKind.TIMEOUT


def _hung(facts: Facts, node: NodeEvidence) -> Denial | None:
    """Return the denial of a process that runs and answers neither the bot nor its own host."""
    answered = node.metrics.value or node.metrics_again.value or node.health.value or node.local_metrics.value
    active = node.service.value is not None and node.service.value.state == "active"
    if answered or not (active or node.node in facts.mute):
        return None
    if is_page_refused(node) or not (_timed_out(node.local_metrics) or _timed_out(node.metrics)):
        return None
    silent_s = node.log.value.silent_s if node.log.value else None
    if silent_s is not None and silent_s < SILENT_S:
        return _mute_and_writing(facts, node)
    asked = ("bot", node.local_metrics.by) if _timed_out(node.local_metrics) else ("bot",)
    signs = [f"its page does not answer ({', '.join(asked)})"]
    witnesses = [name for name in facts.names if name != node.node and facts.metrics(name)]
    logs = [log for name in witnesses if (log := facts.log(name))]
    if silent_s is not None and any((log.silent_s or SILENT_S) < SILENT_S for log in logs):
        silence = seconds(silent_s)
        signs.append(f"nothing in its log for {silence}, while others write ({node.log.by})")
    held = _held_by_all(facts, witnesses) and not _any_cut(facts) and not _is_apart(facts, node.node)
    if held:
        signs.append(f"gossip on {listed(witnesses)} holds a running peer failed (bot)")
    elif all(facts.gossip_failed(name) is None for name in witnesses):
        signs.append("no answer in time, over the network or on its own host")
    # A follower that hears its leader writes nothing either: silence alone is no second sign.
    # A log that was not read may be written to, and then only the page does not answer.
    nowhere = _timed_out(node.metrics) and _timed_out(node.local_metrics)
    known = (
        Known.CORROBORATED
        if held and silent_s is not None
        else Known.BY_ONE
        if held or (nowhere and len(signs) > 1)
        else Known.MAYBE
    )
    return Denial(
        RootCause.PROCESS_HUNG,
        known,
        because=f"{node.node}: {'; '.join(signs)}",
        node=node.node,
        lacks=None if held else f"whether {node.node} answers anything but connects",
    )


def _mute_and_writing(facts: Facts, node: NodeEvidence) -> Denial | None:
    """Return that a node may hang whose log is written: only its page does not answer, if gossip is well."""
    witnesses = [name for name in facts.names if name != node.node and facts.metrics(name)]
    if node.node not in facts.mute or not witnesses or not _held_by_all(facts, witnesses):
        return None
    lacks = f"whether {node.node} answers: its log is written, and gossip holds it failed"
    return Denial(RootCause.PROCESS_HUNG, Known.MAYBE, node=node.node, lacks=lacks)


def _held_by_all(facts: Facts, witnesses: list[str]) -> bool:
    """Return whether gossip on every witness holds as many running peers failed as give no metrics."""
    counts = [failed for name in witnesses if (failed := facts.gossip_failed(name)) is not None]
    mute = sum(facts.metrics(name) is None and facts.up[name] is True for name in facts.names)
    return bool(counts) and min(counts) >= mute


def _is_apart(facts: Facts, name: str) -> bool:
    """Return whether the node's clock is surely apart from another one, which explains gossip as well."""
    return any(name in pair and found.is_surely_beyond for pair, found in facts.clocks_apart.items())


def _any_cut(facts: Facts) -> bool:
    """Return whether any connect failed that no stopped process explains, which explains gossip as well."""
    results = (*facts.raft_results.items(), *facts.gossip_results.items())
    return any(
        result != "open" and facts.up[pair[1]] is not False and pair[1] not in facts.mute
        for pair, result in results
    )
