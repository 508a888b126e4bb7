"""Why a node's process does not serve: it crashes, stopped, hangs, is at its start, or nobody hears it."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence, Service
from runbooks.missing_kind import MissingKind
from runbooks.model import Verdict
from runbooks.node_recovery.causes import NodeCause
from runbooks.node_recovery.endings import (
    unread_endings,
    was_killed_for_memory,
    was_stopped_cleanly,
    why_it_ends,
)
from runbooks.node_recovery.judged import NODE, Judged, known, left_open
from runbooks.node_recovery.members import Members, bots_page, has_run_for_long
from runbooks.process_signs import (
    SILENT_S,
    STOPPED,
    crash_signs,
    host_answers,
    is_mute,
    not_serving,
    pings_to,
)
from runbooks.raft import is_page_refused
from runbooks.wording import MAX_NAMES, listed, seconds


def crashes(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that ends again and again; by what, where that was read."""
    signs = crash_signs(node)
    if not signs:
        return _waits_for_its_next_start(members, node)
    if reason := why_it_ends(node):
        cause, shown = reason
        return known(cause, [*shown, *signs], sources=len(signs) + 1)
    if was_killed_for_memory(node):
        return known(NodeCause.OUT_OF_MEMORY, signs, sources=len(signs))
    refused = members.refused_by(node.node)
    more = [f"connects from {listed(refused, MAX_NAMES)} are refused"] if refused else []
    return known(NodeCause.KEEPS_CRASHING, [*signs, *more], sources=len(signs) + len(more))


def _waits_for_its_next_start(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that has ended more than once, and that its manager is about to start again."""
    service = node.service.value
    if service is None or node.metrics_again.value or service.state in ("active", *STOPPED):
        return None
    if not service.restarts or service.result in (None, "success"):
        return None
    said = f"ended by {service.result}, and restarted {service.restarts} times before ({node.service.by})"
    return Judged(NodeCause.KEEPS_CRASHING, Verdict.LIKELY, (said, *_gone(members, node)))


def starts(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that its service manager calls active and that listens nowhere yet."""
    service = node.service.value
    if members.up[node.node] is not False or service is None or service.state != "active":
        return None
    signs = [not_serving(node), *_gone(members, node)]
    before = [f"its manager has restarted it {service.restarts} times before"] if service.restarts else []
    return known(NodeCause.NOT_SERVING_YET, [*signs, *before], sources=len(signs))


def stopped(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that is gone, and whether anything would keep it from being started."""
    if members.up[node.node] is not False:
        return None
    gone, service = _gone(members, node), node.service.value
    if service is None:
        lacks = f"the service on {NODE}: a firewall that rejects, and a crash, look the same"
        return left_open(NodeCause.NODE_STOPPED, lacks, gone)
    if service.state not in STOPPED:
        lacks = f"another look at {NODE}: its service is between two states"
        return left_open(NodeCause.NODE_STOPPED, lacks, gone)
    return _ended(node, service, gone)


def _ended(node: NodeEvidence, service: Service, gone: list[str]) -> Judged:
    ended = f", ended by {service.result}" if service.result not in (None, "success") else ""
    signs = [f"the service {STOPPED[service.state]}{ended} ({node.service.by})", *gone]
    if reason := why_it_ends(node):
        cause, shown = reason
        return known(cause, [*shown, *signs], sources=len(signs))
    unread = [] if was_stopped_cleanly(node) else unread_endings(node)
    if unread:
        return left_open(NodeCause.NODE_STOPPED, listed(unread), signs)
    return known(NodeCause.NODE_STOPPED, signs, sources=len(signs))


def _gone(members: Members, node: NodeEvidence) -> list[str]:
    """Return what shows that nothing listens on a node, besides its service manager."""
    signs = []
    if node.metrics.kind is MissingKind.REFUSED:
        signs.append("its page refuses the bot")
    if is_page_refused(node):
        signs.append(f"its page is refused on its own host ({node.local_metrics.by})")
    if refused := members.refused_by(node.node):
        signs.append(f"connects from {listed(refused, MAX_NAMES)} are refused")
    return signs


def hangs(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a process that runs and answers nobody: neither the bot nor its own host."""
    if not is_mute(node):
        return None
    name, signs = node.node, [f"its page answers nobody (bot, {node.local_metrics.by})"]
    silent_s = node.log.value.silent_s if node.log.value else None
    if silent_s is not None and silent_s < SILENT_S:
        return left_open(NodeCause.NODE_HANGS, f"whether {name} does its work: its log is written", signs)
    if silent_s is not None:
        signs.append(f"nothing in its log for {seconds(silent_s)} ({node.log.by})")
    holders = _who_holds_it_failed(members)
    if holders:
        signs.append(f"gossip on {listed(holders, MAX_NAMES)} holds a peer failed that runs (bot)")
    if len(signs) < 3:
        lacks = "gossip of the others" if not holders else f"the log of {NODE}"
        return left_open(NodeCause.NODE_HANGS, lacks, signs)
    return known(NodeCause.NODE_HANGS, signs, sources=2)


def _who_holds_it_failed(members: Members) -> list[str]:
    """Return the nodes that were read, if gossip on each holds as many running peers failed as are mute."""
    nodes = members.evidence.nodes
    down = sum(is_up is False for is_up in members.up.values())
    mute = sum(is_mute(node) for node in nodes)
    held = {n.node: page.gossip_failed for n in nodes if (page := n.newest_metrics)}
    enough = [name for name, failed in held.items() if failed is not None and failed - down >= mute]
    return enough if enough and len(enough) == len(held) else []


def unreachable(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a node of which nothing answers anybody: the bot, its peers' connects, their pings."""
    name = node.node
    if members.up[name] is not None or host_answers(node) or node.log.value or node.disk.value:
        return None
    told = members.told_by_peers(name)
    silent = [peer for peer, result in told.items() if result in ("timeout", "unreachable")]
    answered, pinged = pings_to(members.evidence, name)
    if not silent or len(silent) < len(told) or answered:
        return None
    signs = [
        f"its page: {node.metrics.missing} (bot)",
        f"connects from {listed(silent, MAX_NAMES)} time out",
    ]
    if pinged:
        signs.append(f"no ping of {listed(pinged, MAX_NAMES)} comes back")
    return known(NodeCause.NODE_UNREACHABLE, signs, sources=len({*silent, *pinged}))


def unread(members: Members, node: NodeEvidence) -> Judged | None:
    """Leave open how a node is of which no page was read, or whose page went away between two looks."""
    if node.newest_metrics is None:
        runs = members.up[node.node] is True
        lacks = f"the page of {NODE}" + (": it runs, by what was read" if runs else "")
        return left_open(NodeCause.NODE_NOT_KNOWN, lacks)
    if not bots_page(node) and _is_refused_here(members, node):
        lacks = f"a look at {NODE} itself: its agent reads its page, and others are refused"
        return left_open(NodeCause.NODE_NOT_KNOWN, lacks)
    if node.metrics.value and node.metrics_again.kind is MissingKind.REFUSED:
        lacks = f"another look at {NODE}: its page answered, and then refused"
        return left_open(NodeCause.NODE_NOT_KNOWN, lacks)
    return None


def _is_refused_here(members: Members, node: NodeEvidence) -> bool:
    """Return whether a peer, or the bot without a peer that says otherwise, is refused by a node."""
    told = set(members.told_by_peers(node.node).values())
    return "refused" in told or (node.metrics.kind is MissingKind.REFUSED and "open" not in told)


def unseen(members: Members, node: NodeEvidence) -> Judged | None:
    """Judge a node whose page its agent reads, and the bot does not: it serves, and nobody here sees it."""
    if bots_page(node) or not node.local_metrics.value:
        return None
    signs = [f"its page answers on its own host ({node.local_metrics.by})"]
    if node.metrics.kind is MissingKind.REFUSED and not has_run_for_long(node):
        return left_open(NodeCause.PAGE_UNSEEN, f"another look at {NODE}: it may just have begun", signs)
    open_to = [peer for peer, result in members.told_by_peers(node.node).items() if result == "open"]
    if open_to:
        signs.append(f"its Raft port is open to {listed(open_to, MAX_NAMES)}")
    signs.append(f"its page: {node.metrics.missing} (bot)")
    return known(NodeCause.PAGE_UNSEEN, signs, sources=len(signs) - 1)
