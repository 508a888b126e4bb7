"""What agents read of certificates, and by pings of full size, by X.509 and by what routers do with them."""

from __future__ import annotations

from copy import copy
from random import Random
from typing import Any

from lab.second_model.link_readings import passes_icmp
from lab.second_model.world import World, serves

Document = dict[str, Any]
DAY_S = 86_400.0
REFUSED = ("expired", "early", "authority", "name")
"""What peers refuse a certificate for; another authority is nothing that its reading shows."""


def port_readings(world: World, name: str, now_s: float, draw: Random) -> dict[str, Any]:
    """Return the values of both readings of one node, by draws apart: all else of a seed stays as it was."""
    apart = copy(draw)
    apart.seed(f"{apart.random()}/{name}")
    return {
        "certificates": _certificates(world, name, now_s, apart),
        "full_pings": _full_pings(world, name, apart),
    }


def _certificates(world: World, name: str, now_s: float, draw: Random) -> list[Document]:
    """Return what is served, where something is, and what is in the file, which may be newer than that."""
    why = "" if world.members[name].accepted else draw.choice(REFUSED)
    shown = {"origin": "served", **_certificate(name, why, now_s)}
    renewed = why == "expired" and draw.random() < 0.3
    file = {"origin": "file", **_certificate(name, "" if renewed else why, now_s)}
    return [shown, file] if serves(world.members[name]) else [{**shown, "origin": "file"}]


def _certificate(name: str, why: str, now_s: float) -> Document:
    from_days, to_days = {"expired": (-93, -3), "early": (2, 92)}.get(why, (-30, 60))
    return {
        "subject": f"CN={name}",
        "issuer": "CN=Another" if why == "authority" else "CN=Cluster CA",
        "not_before_s": now_s + from_days * DAY_S,
        "not_after_s": now_s + to_days * DAY_S,
        "names": ["template.example.net"] if why == "name" else [name, f"{name}.example.net"],
    }


def _full_pings(world: World, name: str, draw: Random) -> list[Document]:
    """Return pings of 1500 bytes, which are lost where small ones are, and all of them by a lower MTU.

    A router that cannot pass one on says so; here its word is dropped, or TCP would send smaller ones.
    """
    found = []
    for peer in world.names:
        if peer == name:
            continue
        link, back = world.links[name, peer], world.links[peer, name]
        through = passes_icmp(world, name, peer) and not world.stuck
        received = sum(draw.random() > link.loss and draw.random() > back.loss for _ in range(3))
        found.append({"peer": peer, "packet_bytes": 1500, "sent": 3, "received": received if through else 0})
    return found
