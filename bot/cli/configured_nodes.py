"""The nodes of a configuration: which there are, which agents are not paired with, where a pin is kept."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from bot.config import AgentSettings, Cluster, Node, Settings
from handlers.errors import Refused, UnknownCluster


def find(settings: Settings, cluster: str, node: str) -> Node:
    """Return the configured node.

    Raises:
        UnknownCluster: If there is no such cluster.
        Refused: If it has no such node.
    """
    known = settings.cluster(cluster)
    if known is None:
        names = ", ".join(each.name for each in settings.clusters)
        raise UnknownCluster(f"No cluster {cluster[:80]} is configured: {names}.")
    for found in known.nodes:
        if found.name == node:
            return found
    raise Refused(
        f"{cluster} has no node {node[:80]}: write a [[clusters.nodes]] for it first, since the quorum is"
        " counted from that list."
    )


def each_node(settings: Settings) -> list[tuple[Cluster, Node]]:
    """Return every configured node with its cluster."""
    return [(cluster, node) for cluster in settings.clusters for node in cluster.nodes]


def unpaired(settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each node whose agent nobody vouches for."""
    if settings.agents.authority:
        return ()
    return tuple(
        f"The agent on {node.name} of {cluster.name} is not paired with: {how_to_add(cluster, node)}"
        for cluster, node in each_node(settings)
        if node.agent_certificate is None
    )


def pin_file(agents: AgentSettings, cluster: str, node: str) -> Path:
    """Return where an agent's certificate is kept, beside the bot's own."""
    return agents.certificate.parent.resolve() / "agents" / f"{cluster}.{quote(node, safe='')}.pem"


def how_to_add(cluster: Cluster, node: Node) -> str:
    """Return the command that pairs with a node's agent."""
    return f"neumann-bot agents add --cluster {cluster.name} --node {node.name} --url {node.agent_url}"
