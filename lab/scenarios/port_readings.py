"""What an agent reads of its node's certificate, and of paths by pings of full size; a cluster speaks TLS."""

from __future__ import annotations

from copy import copy
from random import Random
from typing import Any

from lab.scenarios.world import World

Document = dict[str, Any]
DAY_S = 86_400.0
FULL_PINGS, FULL_BYTES = 3, 1500


def certificates(world: World, name: str, now_s: float) -> list[Document]:
    """Return the certificate that is served, and the file's: one that no peer accepts has expired."""
    node, draw = world.nodes[name], _apart(world, name)
    life_s = draw.choice((90, 365)) * DAY_S
    left_s = draw.uniform(0.3, 0.9) * life_s if node.tls_ok else -draw.uniform(0.01, 20) * DAY_S
    one = {
        "subject": f"CN={name}",
        "issuer": "CN=Cluster CA",
        "not_before_s": round(now_s + left_s - life_s),
        "not_after_s": round(now_s + left_s),
        "names": [name],
    }
    served = node.listens and node.process != "hung"
    return [{"origin": origin, **one} for origin in (("served", "file") if served else ("file",))]


def full_pings(world: World, name: str) -> list[Document]:
    """Return three pings of full size to each peer: they are lost where small ones are, and as often."""
    draw = _apart(world, name)
    found = []
    for peer in world.names:
        if peer == name:
            continue
        link, back = world.links[name, peer, "ping"], world.links[peer, name, "ping"]
        through = link.mode == back.mode == "open" and world.nodes[peer].host_up
        received = sum(draw.random() > link.loss for _ in range(FULL_PINGS)) if through else 0
        found.append({"peer": peer, "packet_bytes": FULL_BYTES, "sent": FULL_PINGS, "received": received})
    return found


def _apart(world: World, name: str) -> Random:
    """Return draws apart from the world's, so that these readings leave all others of a seed as they were."""
    own = copy(world.random)
    own.seed(f"{own.random()}/{name}")
    return own
