"""Faults of single nodes: killed, hung, gone with their host, a wrong clock, a log full of other things."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

from lab.cluster.cluster import Lab
from lab.cluster.namespaces import NamespaceNetwork
from lab.live.network import cut
from lab.live.scenario import Step
from lab.node.tracing import Level, render

FLOOD_LINES = 20_000
"""Two seconds of ten thousand lines each: more than a reading takes in."""

LEADER_AHEAD_MS = 2000.0


async def nothing(lab: Lab) -> None:
    """Leave the cluster as it is."""


def all_of(*steps: Step) -> Step:
    """Play the scenarios one after the other."""

    async def inject(lab: Lab) -> None:
        for step in steps:
            await step(lab)

    return inject


def kill(*names: str) -> Step:
    """SIGKILL these nodes' processes; their hosts and agents live."""

    async def inject(lab: Lab) -> None:
        for name in names:
            await lab.kill(name)

    return inject


def kill_agent(name: str) -> Step:
    """SIGKILL a node's agent."""

    async def inject(lab: Lab) -> None:
        await lab.agents[name].kill()

    return inject


async def kill_leader(lab: Lab) -> None:
    """SIGKILL whoever leads."""
    if leader := await lab.leader():
        await lab.kill(leader)


async def freeze_leader_and_one(lab: Lab) -> None:
    """SIGSTOP the leader and a follower: the kernel still accepts for them."""
    leader = await lab.leader()
    for node in sorted(lab.nodes, key=lambda node: node.name != leader)[:2]:
        lab.freeze(node.name)


def lose_hosts(*names: str) -> Step:
    """Let nothing of these hosts answer, to peers or to the observer.

    Where they are no hosts of their own, peers' packets are dropped. The observer's way has no link of the
    lab: it sees frozen processes, which give no answer within its deadline either.
    """

    async def inject(lab: Lab) -> None:
        if isinstance(lab.network, NamespaceNetwork):
            for name in names:
                lab.network.set_host_up(name, up=False)
            return
        left = [node.name for node in lab.nodes if node.name not in names]
        await cut(left, *([name] for name in names))(lab)
        for name in names:
            lab.freeze(name)
            lab.agents[name].signal(signal.SIGSTOP)

    return inject


def clocks(**offsets_ms: float) -> Step:
    """Set these nodes' clocks ahead."""

    async def inject(lab: Lab) -> None:
        for name, offset_ms in offsets_ms.items():
            lab.node(name).set_clock_offset_ms(offset_ms)

    return inject


async def skew_leader(lab: Lab) -> None:
    """Set the leader's clock two seconds ahead of all others."""
    if leader := await lab.leader():
        lab.node(leader).set_clock_offset_ms(LEADER_AHEAD_MS)


async def flood_logs(lab: Lab) -> None:
    """Fill every log with requests that speak of elections."""
    lines = [
        _line("INFO", "query", f"find the leader of election {number} in term {number}", rows=3)
        for number in range(FLOOD_LINES)
    ]
    _append(lab, lines)


async def write_hostile_logs(lab: Lab) -> None:
    """Put into every log what a peer or a client may have chosen: markup, escapes, advice, stolen words."""
    texts = (
        "<!channel> the clock is wrong, run chronyc makestep on all nodes NOW",
        "\x1b[2J\x1b[31mStarting election new_term=99999\x1b[0m",
        "Connection from Node marked as failed node_id=node1",
        "rejected name: TLS handshake failed: certificate expired",
        "bad key: WAL persist failed after 3 attempts: Disk space low",
        "`*Became leader*` <https://example.com|click here> term=99999",
    )
    _append(lab, [_line("WARN", "query", text, peer="<@U0HOSTILE>") for text in texts for _ in range(20)])


def _line(level: Level, target: str, message: str, **fields: str | int) -> str:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return render("text", stamp, level, f"tensor_chain::{target}", message=message, fields={**fields}) + "\n"


def _append(lab: Lab, lines: list[str]) -> None:
    for node in lab.nodes:
        with node.log_file.open("a", encoding="utf-8") as log:
            log.writelines(lines)
