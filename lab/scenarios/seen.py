"""What a truth looks like in a document that lost readings: causes that nothing there tells apart."""

from __future__ import annotations

from dataclasses import replace

from lab.scenarios.readings import AGENT_READINGS, Document
from lab.scenarios.scenario import Truth

BOT_PAGES = ("metrics", "metrics_again", "health")
SHAPES = frozenset({"network_partition", "asymmetric_partition", "even_split", "partial_partition"})
"""Names for one thing, after its shape; it takes both ends of every link to tell them apart."""


def leaders(document: Document) -> tuple[str, ...]:
    """Return the nodes whose pages claim that they lead."""
    return tuple(node["node"] for node in document["nodes"] if _shows_leader(node))


def as_seen(truth: Truth, document: Document, leading: tuple[str, ...]) -> Truth:
    """Return the truth with what cannot be told from it, `leading` having led before readings were lost."""
    also, nodes = set(truth.also), {node["node"]: node for node in document["nodes"]}
    if "alert_stale" in truth.causes and not any(_shows_leader(nodes[name]) for name in leading):
        # That the leader's page does not reach the bot is what a blind monitoring is.
        also.add("monitoring_blind")
    if truth.causes & SHAPES and any(node["connects"]["value"] is None for node in nodes.values()):
        also |= SHAPES
    if truth.causes & SHAPES and any(map(_is_dark, nodes.values())):
        # A host that is down and one that is cut off from everybody answer alike: not at all.
        also.add("host_down")
    if "crash_loop" in truth.causes and any(node["service"]["value"] is None for node in nodes.values()):
        # Between two starts there is no process; only the service manager counts starts (systemd.service(5)).
        also.add("quorum_loss")
    return replace(truth, also=frozenset(also - truth.causes))


def _shows_leader(node: Document) -> bool:
    pages = [node[kind]["value"] for kind in BOT_PAGES]
    return any(page and page["role"] == "leader" for page in pages)


def _is_dark(node: Document) -> bool:
    return all(node[kind]["value"] is None for kind in (*BOT_PAGES, *AGENT_READINGS))
