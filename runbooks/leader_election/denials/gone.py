"""Denials of nodes of which nothing is heard, or of which witnesses say the opposite of each other."""

from __future__ import annotations

from runbooks.electability import Denial, Known
from runbooks.evidence import NodeEvidence
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.process_signs import host_answers, pings_to
from runbooks.raft import is_page_refused, is_refused_by_all
from runbooks.wording import MAX_NAMES, listed


def connects_to(facts: Facts, name: str) -> dict[str, str]:
    """Return by observer what its connect to this node's Raft port gave."""
    return {pair[0]: result for pair, result in facts.raft_results.items() if pair[1] == name}


def gone(facts: Facts, node: NodeEvidence) -> Denial | None:
    """Return the denial of a node whose host answers nobody, or of which nobody can say."""
    if facts.up[node.node] is not None:
        return None
    results = connects_to(facts, node.node)
    if denial := _at_odds(facts, node, results):
        return denial
    if "open" in results.values() or host_answers(node):
        return None
    answered, pinged = pings_to(facts.evidence, node.node)
    if answered:
        if len(answered) > 1 or len(pinged) == 1:
            return None  # the host lives: what does not answer there is cut off, or only not read
        lacks = f"whether the host of {node.node} lives: it answers the pings of {answered[0]} alone"
        return Denial(RootCause.HOST_DOWN, Known.MAYBE, node=node.node, lacks=lacks)
    return _silent_host(node, results)


def _at_odds(facts: Facts, node: NodeEvidence, results: dict[str, str]) -> Denial | None:
    """Return the denial of a node of which one witness says that it runs, and another that it does not."""
    if is_page_refused(node) and not results and (holders := _who_misses(facts)):
        because = (
            f"{node.node}: its page is refused there and here, gossip on {listed(holders)} holds it failed"
        )
        return Denial(RootCause.QUORUM_LOSS, Known.BY_ONE, because=because, node=node.node)
    lacks = _contradiction(node, results)
    return Denial(RootCause.QUORUM_LOSS, Known.MAYBE, node=node.node, lacks=lacks) if lacks else None


def _who_misses(facts: Facts) -> list[str]:
    """Return the nodes that were read, if gossip on each holds as many failed as were not."""
    pages = {name: page for name in facts.names if (page := facts.metrics(name))}
    missed = [page.gossip_failed or 0 for page in pages.values()]
    return list(pages) if missed and min(missed) >= len(facts.names) - len(pages) else []


def _silent_host(node: NodeEvidence, results: dict[str, str]) -> Denial:
    silent = [observer for observer, result in results.items() if result in ("timeout", "unreachable")]
    if silent and len(silent) == len(results):
        because = (
            f"{node.node}: answers neither the bot, nor its agent's port, nor {listed(silent, MAX_NAMES)}"
        )
        lacks = f"a look at {node.node}'s console: a host that is down and one that is cut off look alike"
        return Denial(RootCause.HOST_DOWN, Known.BY_ONE, because=because, node=node.node, lacks=lacks)
    lacks = f"any reading of {node.node}, or from a peer of it"
    return Denial(RootCause.HOST_DOWN, Known.MAYBE, node=node.node, lacks=lacks)


def _contradiction(node: NodeEvidence, results: dict[str, str]) -> str | None:
    """Return what would decide whether a process runs whose witnesses are at odds."""
    if is_page_refused(node):
        return f"whether anything listens on {node.node}: its page is refused there and here"
    if node.service.value and is_refused_by_all(node, results.values()):
        return f"the page as read on {node.node}: it is refused here, and its Raft port by everybody"
    if (
        node.service.value
        and node.service.value.state in ("inactive", "failed")
        and "open" in results.values()
    ):
        return f"whether {node.node}'s process runs: its agent and its peers contradict each other"
    return None
