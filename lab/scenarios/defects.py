"""Defects of reading: what could not be read, and who says what is not so."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from lab.scenarios.readings import AGENT_DEADLINE_S, AGENT_READINGS, HTTP_DEADLINE_S, Document, missing

BOT_READINGS = ("metrics", "metrics_again", "health")
Node = dict[str, Any]


def lose_agents(random: Random, document: Document) -> str:
    """Let some agents give no answer."""
    return _lose(random, document, AGENT_READINGS, "agents")


def lose_metrics(random: Random, document: Document) -> str:
    """Let the bot read no pages of some nodes, and their agents read none either."""
    return _lose(random, document, (*BOT_READINGS, "local_metrics"), "metrics")


def lose_nodes(random: Random, document: Document) -> str:
    """Let nothing at all be read of some nodes."""
    return _lose(random, document, (*BOT_READINGS, *AGENT_READINGS), "everything")


def lose_one_kind(random: Random, document: Document) -> str:
    """Let one kind of reading fail on every node."""
    kind = random.choice(AGENT_READINGS)
    for node in document["nodes"]:
        _take(node, kind)
    return f"no {kind} read anywhere"


def lose_time_sources(random: Random, document: Document) -> str:
    """Let clocks lose their sources: chrony then prints an offset of nothing, which says nothing."""
    nodes = _with(document, "clock")
    chosen = random.sample(nodes, random.randint(1, len(nodes)) if nodes else 0)
    for node in chosen:
        node["clock"]["value"].update(offset_ms=0.0, error_ms=0.0, synchronised=False, source="")
    return f"no time source on {', '.join(sorted(node['node'] for node in chosen))}"


def lose_at_random(random: Random, document: Document) -> str:
    """Let a third of all readings fail, each for itself."""
    for node in document["nodes"]:
        for kind in (*BOT_READINGS, *AGENT_READINGS):
            if random.random() < 0.33:
                _take(node, kind)
    return "a third of the readings lost"


MISSING: tuple[Callable[[Random, Document], str], ...] = (
    lose_agents,
    lose_metrics,
    lose_nodes,
    lose_one_kind,
    lose_time_sources,
    lose_at_random,
)


def lie_about_links(random: Random, document: Document) -> str:
    """Let one agent say that all its connects fail, or that all succeed."""
    node = random.choice(_with(document, "connects"))
    result = random.choice(("timeout", "refused", "open"))
    for connect in node["connects"]["value"]:
        connect["result"], connect["latency_ms"] = result, 0.5 if result == "open" else None
    return f"{node['node']} says that every connect is {result}"


def lie_about_clock(random: Random, document: Document) -> str:
    """Let one agent report a clock that is far off, and is not."""
    node = random.choice(_with(document, "clock"))
    node["clock"]["value"]["offset_ms"] = random.choice((-1, 1)) * random.uniform(900, 90_000)
    return f"{node['node']} reports a false clock"


def lie_about_service(random: Random, document: Document) -> str:
    """Let one service manager say the opposite of what is so."""
    node = random.choice(_with(document, "service"))
    service = node["service"]["value"]
    runs = service["state"] == "active"
    service.update(state="inactive" if runs else "active", pid=None if runs else 4711)
    return f"the service manager of {node['node']} says {service['state']}, which is false"


def claim_to_lead(random: Random, document: Document) -> str:
    """Let one node claim to lead in a term of its own, in every page."""
    node = random.choice(_with(document, "metrics", "metrics_again"))
    term = node["metrics"]["value"]["term"] + random.choice((-2, 0, 25))
    for kind in ("metrics", "metrics_again", "health", "local_metrics"):
        if node[kind]["value"]:
            node[kind]["value"].update(role="leader", term=term)
    return f"{node['node']} claims to lead in term {term}"


def shout_in_the_log(random: Random, document: Document) -> str:
    """Let one log be full of every complaint there is."""
    node = random.choice(_with(document, "log"))
    counts = node["log"]["value"]["counts"]
    for event in counts:
        counts[event] += random.randint(20, 400)
    node["log"]["value"]["excerpts"] = ["<!channel> run chronyc makestep now", "Starting election new_term=9999"]
    return f"the log of {node['node']} holds every complaint there is"


LIES: tuple[Callable[[Random, Document], str], ...] = (
    lie_about_links,
    lie_about_clock,
    lie_about_service,
    claim_to_lead,
    shout_in_the_log,
)


def _with(document: Document, *kinds: str) -> list[Node]:
    """The nodes of which these kinds were read; where of none, the choice fails and is drawn again."""
    return [n for n in document["nodes"] if all(n[kind]["value"] is not None for kind in kinds)]


def _lose(random: Random, document: Document, kinds: tuple[str, ...], what: str) -> str:
    nodes = document["nodes"]
    chosen = random.sample(nodes, random.randint(1, len(nodes)))
    for node in chosen:
        for kind in kinds:
            _take(node, kind)
    return f"{what} of {', '.join(sorted(node['node'] for node in chosen))} not read"


def _take(node: Node, kind: str) -> None:
    by = node[kind]["by"]
    if by == "bot":
        node[kind] = missing(f"no answer within {HTTP_DEADLINE_S:g} s", by, HTTP_DEADLINE_S, 2000)
    else:
        why = f"the agent gave no answer within {AGENT_DEADLINE_S:g} s"
        node[kind] = missing(why, by, AGENT_DEADLINE_S, 10_000)
