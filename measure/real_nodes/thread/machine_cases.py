"""What takes a kernel of one's own: links that are slow, and agents killed for want of memory."""

from __future__ import annotations

import asyncio
import shlex

from measure.real_nodes.cases import Result
from measure.real_nodes.cluster import CONFIG_FILE, HOSTS
from measure.real_nodes.thread.bed import Bed
from measure.real_nodes.thread.cases import STATE, WITHOUT, with_lines
from measure.real_nodes.thread.clock_cases import CASES as CLOCK_CASES
from measure.real_nodes.thread.clock_cases import MACHINES
from measure.real_nodes.thread.desk import RUN_WITHIN_S

EATER = """
import os
group = "/sys/fs/cgroup/system.slice/neumann-agent.service/"
open(group + "cgroup.procs", "w").write(str(os.getpid()))
open("/proc/self/oom_score_adj", "w").write("-500")
open(group + "memory.max", "w").write("64M")
eaten = [bytearray(2**20) for _ in range(512)]
"""
"""Enters the agent's group, makes it small and fills it; the agent is the one that the kernel chooses."""
OOM_KILLS = "journalctl -u neumann-agent -o cat --no-pager | grep -c oom-kill"
SLOW_START = with_lines("[Service]", "ExecStartPre=/bin/sleep 6")

DELAY_MS = 400
"""Below 500 ms: what comes later in gossip looks like a clock that is off."""
HEARTBEAT_MS, SHORT_MS = 100, (250, 300)
"""Over such links no answer is back in time."""
SLOW = (
    "tc qdisc add dev eth0 root handle 1: prio bands 4; tc qdisc add dev eth0 parent 1:4 netem delay {ms}ms;"
    " tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dport 11123 0xffff flowid 1:1"
)
SLOWLY_TO = "tc filter add dev eth0 parent 1: protocol ip prio 2 u32 match ip dst {host} flowid 1:4"
QUICK = "tc qdisc del dev eth0 root"


async def agent_out_of_memory(bed: Bed) -> Result:
    """Agents that the kernel kills for memory as they start the service: back again, they say it is done."""
    await bed.well()
    await bed.everywhere(SLOW_START)
    await bed.stop(*MACHINES)
    eat = f"until {STATE} | grep -q ^activating; do sleep 0.1; done; python3 -c {shlex.quote(EATER)}"
    eating = [asyncio.create_task(bed.on(name, eat, timeout_s=RUN_WITHIN_S)) for name in MACHINES]
    loop = await bed.desk.loop("start_nodes")
    await asyncio.gather(*eating)
    killed = await asyncio.gather(*(bed.on(name, OOM_KILLS) for name in MACHINES))
    ledgers = await bed.acted()
    await bed.everywhere(WITHOUT)
    right = killed == ["1", "1"] and "INTENT" not in str(ledgers) and "Every action is done" in loop.run
    return Result(right, f"{loop.run} {loop.end.splitlines()[0]} {loop.took_s:.0f} s")


async def slow_links(bed: Bed) -> Result:
    """Links of 400 ms a round trip, by netem: the timeouts are widened to fit, and somebody leads."""
    await bed.well()
    low_ms, high_ms = SHORT_MS
    await asyncio.gather(
        bed.on("node2", "; ".join((SLOW.format(ms=DELAY_MS), _slowly_to("node1"), _slowly_to("node3")))),
        bed.on("node3", "; ".join((SLOW.format(ms=DELAY_MS), _slowly_to("node1")))),
    )
    short = {"_min_ms": low_ms, "_max_ms": high_ms, "heartbeat_interval_ms": HEARTBEAT_MS}
    edits = "; ".join(f"s/{key} = .*/{key} = {value}/" for key, value in short.items())
    await bed.everywhere(f"sed -i '{edits}' {CONFIG_FILE}; systemctl restart neumann")
    try:
        loop = await bed.desk.loop("config_bump")
    finally:
        await asyncio.gather(*(bed.on(name, QUICK) for name in MACHINES))
        await bed.mend()
    why = next((line for line in loop.findings.splitlines() if "too aggressive" in line), "")
    said = f"{why}; {loop.end.splitlines()[0]} {loop.took_s:.0f} s"
    return Result(bool(why) and "Every action is done" in loop.run, said)


def _slowly_to(name: str) -> str:
    return SLOWLY_TO.format(host=HOSTS[name])


CASES = (*CLOCK_CASES, agent_out_of_memory, slow_links)
