"""Three nodes and a desk: what the cases ask of them, and do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from measure.real_nodes.cluster import CONFIG_FILE, NAMES
from measure.real_nodes.container import Container
from measure.real_nodes.host import Host
from measure.real_nodes.node import KEPT
from measure.real_nodes.thread.desk import Desk
from tests.waiting import until

HEALTH = (
    "python3 -c 'import urllib.request as u;"
    ' print(u.urlopen("http://localhost:9090/health", timeout=5).read().decode())\''
)
LEADS = '"raft_state": "leader"'
LEDGER = (
    "python3 -c 'import sqlite3;"
    ' here = sqlite3.connect("file:/var/lib/neumann-agent/ledger.sqlite3?mode=ro", uri=True);'
    ' print(*here.execute("select kind, state from actions where state <> \\"PREPARED\\""), sep="\\n")\''
)
FILE = f"stat -c '%U:%G %a' {CONFIG_FILE}; sha256sum < {CONFIG_FILE}"
PID = "systemctl show neumann --property=MainPID --value"
WELL_WITHIN_S = 180.0


class Bed:
    """Three nodes and a desk."""

    def __init__(self, nodes: Mapping[str, Host], desk: Desk) -> None:
        self.nodes, self.desk = nodes, desk

    def container(self, name: str) -> Container:
        """Return a node that is a container: what is done to it from outside takes one."""
        host = self.nodes[name]
        assert isinstance(host, Container)
        return host

    async def on(self, name: str, script: str, *, timeout_s: float = 120) -> str:
        """Run a script on a node as root; return what it said."""
        return (await asyncio.to_thread(self.nodes[name].run, script, timeout_s=timeout_s)).said.strip()

    async def everywhere(self, script: str) -> dict[str, str]:
        """Run a script on every node at once."""
        return dict(zip(NAMES, await asyncio.gather(*(self.on(name, script) for name in NAMES)), strict=True))

    async def well(self) -> str:
        """Wait until somebody leads three members; return who."""

        async def who() -> str | None:
            said = await self.everywhere(HEALTH)
            leads = [name for name, words in said.items() if LEADS in words]
            all_there = all('"healthy_members": 3' in words for words in said.values())
            return leads[0] if all_there and len(leads) == 1 else None

        return str(await until(who, "three healthy members and a leader", deadline_s=WELL_WITHIN_S))

    async def claims(self) -> set[str]:
        """Return who says now that it leads, by each node's own page."""
        said = await self.everywhere(HEALTH)
        return {name for name, words in said.items() if LEADS in words}

    async def stop(self, *names: str, how: str = "systemctl stop neumann") -> None:
        """Stop Neumann on some nodes."""
        await asyncio.gather(*(self.on(name, how) for name in names))

    async def make_timeouts_short(self) -> None:
        """Give every node timeouts far below its heartbeat: nobody leads for long."""
        short = "sed -i 's/_min_ms = .*/_min_ms = 5/; s/_max_ms = .*/_max_ms = 10/'"
        await self.everywhere(f"{short} {CONFIG_FILE}; systemctl restart neumann")

    async def acted(self) -> dict[str, str]:
        """Return what each node's own ledger has begun."""
        return {name: said.replace("\n", ", ") for name, said in (await self.everywhere(LEDGER)).items()}

    async def mend(self) -> None:
        """Do what an administrator would in the end: files and units as at first, all started anew."""
        await self.everywhere(
            f"cat {KEPT} >{CONFIG_FILE}; systemctl unmask -q neumann;"
            " mv /root/neumann.service /etc/systemd/system/ 2>/dev/null;"
            " rm -rf /etc/systemd/system/neumann.service.d; systemctl enable -q neumann;"
            " systemctl reset-failed; systemctl restart neumann"
        )
        await self.well()
        await self.desk.quiet()
