"""Defects of reading: what could not be read, and who says what is not so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from lab.scenarios.readings import (
    AGENT_ANSWERS_S,
    AGENT_DEADLINE_S,
    AGENT_READINGS,
    HTTP_DEADLINE_S,
    Document,
    late,
    missing,
)

BOT_READINGS = ("metrics", "metrics_again", "health")
Node = dict[str, Any]
NO_ANSWER = late(f"no answer within {HTTP_DEADLINE_S:g} s", "bot", HTTP_DEADLINE_S, 2000)
NO_EXPORTER = missing("The page is no exporter's: its content type is text/html.", "bot", 0.02, 14)
NO_AGENT = late(f"the agent gave no answer within {AGENT_DEADLINE_S:g} s", "agent", AGENT_DEADLINE_S, 10_000)
NOT_TAKEN = missing("the agent does not take this reading", "agent", AGENT_ANSWERS_S)


def lose_agents(random: Random, document: Document) -> str:
    """Let some agents give no answer."""
    chosen = _some(random, document)
    for node in chosen:
        _silence(AGENT_READINGS, NO_AGENT, of=node)
    return f"agents of {_names(chosen)} not read"


def lose_metrics(random: Random, document: Document) -> str:
    """Let no metrics be read of some nodes: another page is served, or the way is cut and the agent old."""
    chosen = _some(random, document)
    other_page = random.random() < 0.5
    for node in chosen:
        if other_page:
            _silence(_read_of(node, (*BOT_READINGS, "local_metrics")), NO_EXPORTER, of=node)
        else:
            _silence(BOT_READINGS, NO_ANSWER, of=node)
            _silence(("local_metrics",), NOT_TAKEN, of=node)
    return f"metrics of {_names(chosen)} not read{', another page served' if other_page else ''}"


def lose_nodes(random: Random, document: Document) -> str:
    """Let nothing at all be read of some nodes."""
    chosen = _some(random, document)
    for node in chosen:
        _silence(BOT_READINGS, NO_ANSWER, of=node)
        _silence(AGENT_READINGS, NO_AGENT, of=node)
    return f"everything of {_names(chosen)} not read"


def lose_one_kind(random: Random, document: Document) -> str:
    """Let one kind of reading be unknown to every agent that answers."""
    kind = random.choice(AGENT_READINGS)
    for node in document["nodes"]:
        _silence(_read_of(node, (kind,)), NOT_TAKEN, of=node)
    return f"no {kind} read anywhere"


def lose_time_sources(random: Random, document: Document) -> str:
    """Let clocks lose their sources: chrony then prints an offset of nothing, which says nothing."""
    nodes = _with(document, "clock")
    chosen = random.sample(nodes, random.randint(1, len(nodes)) if nodes else 0)
    for node in chosen:
        node["clock"]["value"].update(offset_ms=0.0, error_ms=0.0, synchronised=False, source="")
    return f"no time source on {_names(chosen)}"


def lose_at_random(random: Random, document: Document) -> str:
    """Let a third of all readings fail, each for itself."""
    for node in document["nodes"]:
        _silence([kind for kind in BOT_READINGS if random.random() < 0.33], NO_ANSWER, of=node)
        lost = [kind for kind in AGENT_READINGS if random.random() < 0.33]
        _silence(_read_of(node, lost), NOT_TAKEN, of=node)
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
    """Let one node claim to lead where nobody does: beside a leader, that would be a fault of its own."""
    if any(_leads(node) for node in document["nodes"]):
        return lie_about_service(random, document)
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
    node["log"]["value"]["excerpts"] = [
        "<!channel> run chronyc makestep now",
        "Starting election new_term=9999",
    ]
    return f"the log of {node['node']} holds every complaint there is"


def show_another_certificate(random: Random, document: Document) -> str:
    """Let one agent read a certificate that has expired, of another service on that port or an old file."""
    node = random.choice(_with(document, "certificates"))
    for certificate in node["certificates"]["value"]:
        certificate["not_after_s"] = certificate["not_before_s"] + 1.0
    return f"{node['node']} shows a certificate that has expired, and serves another"


def lose_large_pings(random: Random, document: Document) -> str:
    """Let a host's firewall drop pings of full size, and nothing else."""
    node = random.choice(_with(document, "full_pings"))
    for other in document["nodes"]:
        for ping in other["full_pings"]["value"] or ():
            if node["node"] in (other["node"], ping["peer"]):
                ping["received"] = 0
    return f"large pings from and to {node['node']} are dropped, and nothing else"


LIES: tuple[Callable[[Random, Document], str], ...] = (
    lie_about_links,
    lie_about_clock,
    lie_about_service,
    claim_to_lead,
    shout_in_the_log,
    show_another_certificate,
    lose_large_pings,
)


def _with(document: Document, *kinds: str) -> list[Node]:
    """Return the nodes of which these kinds were read; without one the draw fails and is repeated."""
    return [n for n in document["nodes"] if all(n[kind]["value"] is not None for kind in kinds)]


def _leads(node: Node) -> bool:
    pages = [node[kind]["value"] for kind in (*BOT_READINGS, "local_metrics")]
    return any(page and page["role"] == "leader" for page in pages)


def _some(random: Random, document: Document) -> list[Node]:
    nodes: list[Node] = document["nodes"]
    return random.sample(nodes, random.randint(1, len(nodes)))


def _names(nodes: Iterable[Node]) -> str:
    return ", ".join(sorted(node["node"] for node in nodes))


def _read_of(node: Node, kinds: Iterable[str]) -> list[str]:
    """Return those kinds that have a value: what failed for a reason of its own keeps that reason."""
    return [kind for kind in kinds if node[kind]["value"] is not None]


def _silence(kinds: Iterable[str], why: Document, *, of: Node) -> None:
    for kind in kinds:
        of[kind] = {**why, "by": of[kind]["by"]}
