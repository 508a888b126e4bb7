"""Readings that are lost, by kind and by scope, as agents, networks and old versions lose them."""

from __future__ import annotations

from random import Random
from typing import Any

from lab.second_model.readings import AGENTS, BOTS, Document

GROUPS: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in (*BOTS, *AGENTS)),
    BOTS,
    (*BOTS, "local_metrics"),
    AGENTS,
    (*BOTS, *AGENTS),
    ("service", "log"),
    ("connects", "pings"),
    ("clock", "config"),
    ("metrics_again", "local_metrics"),
)
"""What is lost together."""

_LATE = {"bot": "no answer within 2 s", "agent": "the agent gave no answer within 10 s"}
_REFUSED = {"bot": "the page is no exporter's", "agent": "the agent does not take this reading"}


def lose(draw: Random, document: Document) -> str:
    """Take one group of readings away on one, some or all nodes; return what is lost."""
    group = draw.choice(GROUPS)
    nodes: list[dict[str, Any]] = document["nodes"]
    chosen = draw.sample(nodes, draw.choice((1, 1, draw.randint(1, len(nodes)), len(nodes))))
    # A node that answers no agent's question, or no bot's, is late; one kind alone is not supported.
    words = _LATE if len(group) > 2 else draw.choice((_LATE, _REFUSED))
    for node in chosen:
        for kind in group:
            if kind in node and (node[kind]["value"] is not None or len(group) > 2):
                # An agent that gives other readings has answered: what it lacks is one it does not take.
                who = words if set(AGENTS) <= set(group) or kind in BOTS else _REFUSED
                why = who["bot" if kind in BOTS else "agent"]
                node[kind] = {**node[kind], "value": None, "missing": why}
    names = [node["node"] for node in chosen]
    return f"lost: {', '.join(group)} of {sorted(names)}"
