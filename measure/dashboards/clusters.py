"""The dashboard of a cluster: does it have a leader, who is behind, and what is running out."""

from __future__ import annotations

from measure.dashboards.grafana import Dashboard, Panel, Query, Variable, figure

OF_CLUSTER = 'job="neumann",cluster="$cluster"'

LEADERS = f"""
count(
    tensor_chain_raft_state{{{OF_CLUSTER},state=~"(?i)leader"}} == 1
  or
    tensor_chain_raft_state{{{OF_CLUSTER},raft_state=~"(?i)leader"}} == 1
  or
    tensor_chain_raft_state{{{OF_CLUSTER},state="",raft_state=""}} == 2
) or vector(0)
"""
"""In any shape the exporters use, as the rule NoLeader has it; 0 and not nothing where there is none."""


def _of_nodes(metric: str) -> tuple[Query, ...]:
    return (Query(f"max by (node) ({metric}{{{OF_CLUSTER}}})", "{{node}}"),)


NOW = (
    figure(
        "Leaders",
        "Exactly one is well. None: writes fail. More than one: an old leader is cut off, or a split brain.",
        LEADERS,
        orange=1.5,
        red=2,
    ),
    figure(
        "Nodes that answer",
        "Targets of Prometheus that could be scraped just now.",
        f"sum(up{{{OF_CLUSTER}}})",
    ),
    figure(
        "Nodes configured",
        "A majority of these must answer before anybody can be elected.",
        f"count(up{{{OF_CLUSTER}}})",
    ),
    figure(
        "Elections in the last hour",
        "A failover costs one or two. Many are a cluster that cannot settle.",
        f"sum(increase(tensor_chain_elections_total{{{OF_CLUSTER}}}[1h]))",
        orange=5,
        red=20,
    ),
    figure(
        "Alerts that fire",
        "What Prometheus fires for this cluster now; the bot has a thread for each.",
        'count(ALERTS{alertstate="firing",cluster="$cluster"}) or vector(0)',
        red=1,
    ),
    figure(
        "Furthest behind",
        "Entries that a node has not applied of what the cluster has committed.",
        f"max(max(tensor_chain_commit_index{{{OF_CLUSTER}}}) - "
        f"min by (node) (tensor_chain_applied_index{{{OF_CLUSTER}}}))",
        orange=100,
        red=1000,
    ),
)

ELECTIONS = (
    Panel("Leaders over time", "Each gap is time without a leader.", (Query(LEADERS, "leaders"),)),
    Panel(
        "Elections a minute",
        "Which node starts them: one alone is often cut off, or slow.",
        (Query(f"sum by (node) (increase(tensor_chain_elections_total{{{OF_CLUSTER}}}[1m]))", "{{node}}"),),
    ),
    Panel(
        "Term",
        "It grows with each election; a node whose term stands lower has not heard of the newest.",
        _of_nodes("tensor_chain_term"),
    ),
    Panel(
        "Nodes that answer",
        "A line that breaks off is a node that cannot be scraped.",
        (Query(f"max by (node) (up{{{OF_CLUSTER}}})", "{{node}}"),),
        kind="state-timeline",
        red_below=True,
        red=1,
    ),
)

LOG = (
    Panel("Committed", "It must grow while anybody writes.", _of_nodes("tensor_chain_commit_index")),
    Panel("Applied", "A node whose line lies flat has stopped.", _of_nodes("tensor_chain_applied_index")),
    Panel(
        "AppendEntries a second",
        "Who leads sends them; two that send at once are two leaders.",
        (Query(f"sum by (node) (rate(tensor_chain_append_entries_total{{{OF_CLUSTER}}}[1m]))", "{{node}}"),),
        unit="ops",
    ),
    Panel("Log on disk", "The write-ahead log.", _of_nodes("tensor_chain_wal_size_bytes"), unit="bytes"),
)

GOSSIP = (
    Panel(
        "Members that a node holds failed or suspect",
        "A node whose clock is off holds the others failed, and they it.",
        (
            Query(f"max by (node) (tensor_chain_gossip_failed{{{OF_CLUSTER}}})", "{{node}} failed"),
            Query(f"max by (node) (tensor_chain_gossip_suspect{{{OF_CLUSTER}}})", "{{node}} suspect"),
        ),
    ),
    Panel("Members held healthy", "All of them is well.", _of_nodes("tensor_chain_gossip_healthy")),
    Panel("Memory", "Of the process.", _of_nodes("tensor_chain_memory_bytes"), unit="bytes"),
    Panel("Running transactions", "A clock is set back only at 0.", _of_nodes("tensor_chain_tx_active")),
)

CLUSTERS = Dashboard(
    uid="neumann-clusters",
    title="Neumann: a cluster",
    says="Does it have a leader, who is behind, and what is running out.",
    rows=(
        ("Now", NOW),
        ("Leadership and elections", ELECTIONS),
        ("The log", LOG),
        ("Gossip and processes", GOSSIP),
    ),
    variables=(Variable("cluster", 'label_values(up{job="neumann"}, cluster)'),),
)
