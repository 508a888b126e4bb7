"""Faults around the processes: no service manager, no time source, a replayed log, agents without CPU."""

from __future__ import annotations

import asyncio

from lab.cluster.cluster import Lab
from lab.cluster.fake_commands import NO_SOURCE_FILE
from lab.live.inside import ail
from lab.live.scenario import Step
from lab.node.condition import Condition

NO_SYSTEMD = "#!/bin/sh\necho 'System has not been booted with systemd as init system.' >&2\nexit 1\n"
STOPPED_S, RUNNING_S = 0.4, 0.05
"""A process that gets a ninth of a CPU: late for everything, and never gone."""


async def take_managers_away(lab: Lab) -> None:
    """Leave no node a service manager, as in containers."""
    for node in lab.nodes:
        lab.node(node.name).command("systemctl").write_text(NO_SYSTEMD)


async def take_time_sources_away(lab: Lab) -> None:
    """Let chrony follow nothing on any node: it then prints an offset of nothing."""
    for node in lab.nodes:
        (node.folder / NO_SOURCE_FILE).touch()


def replay(*names: str) -> Step:
    """Restart these nodes' processes, which replay their log and listen nowhere yet."""

    async def inject(lab: Lab) -> None:
        await ail(Condition(replays=True), *names)(lab)
        for name in names:
            await lab.kill(name)
            await lab.services[name].start()

    return inject


async def starve_agents(lab: Lab) -> None:
    """Stop every agent again and again, for most of the time; each loop ends with its agent."""
    for agent in lab.agents.values():
        turn = f"kill -STOP {agent.pid} || exit; sleep {STOPPED_S}; kill -CONT {agent.pid}; sleep {RUNNING_S}"
        await asyncio.create_subprocess_exec(
            *("sh", "-c", f"while :; do {turn}; done"), stderr=asyncio.subprocess.DEVNULL
        )
