"""The thread over three real nodes: `make real-nodes ARGS=thread`. Each case begins and ends with a leader."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure.real_nodes.cases import Result
from measure.real_nodes.cluster import CONFIG_FILE, HOSTS, NAMES, asked, config_of, three_nodes
from measure.real_nodes.container import Container
from measure.real_nodes.desk import Desk, Loop, desk_over
from tests.waiting import until

PACKAGE = "/root/neumann-agent.deb"
INSTALL = "set -e; cd /root; apt install ./neumann-agent.deb"
"""As in docs/install.md, but for the version in the name."""
HEALTH = "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://localhost:9090/health\").read().decode())'"
LEDGER = (
    "python3 -c 'import sqlite3; print(*sqlite3.connect(\"file:/var/lib/neumann-agent/ledger.sqlite3?mode=ro\","
    ' uri=True).execute("select kind, state from actions where state <> \\"PREPARED\\""), sep="\\n")\''
)
FILE = f"stat -c '%U:%G %a' {CONFIG_FILE}; sha256sum < {CONFIG_FILE}"


class Bed:
    """Three nodes and a desk."""

    def __init__(self, nodes: Mapping[str, Container], desk: Desk) -> None:
        self.nodes, self.desk = nodes, desk

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
            leads = [name for name, words in said.items() if '"raft_state": "leader"' in words]
            all_there = all('"healthy_members": 3' in words for words in said.values())
            return leads[0] if all_there and len(leads) == 1 else None

        return str(await until(who, "three healthy members and a leader", deadline_s=60))

    async def stop(self, *names: str, how: str = "systemctl stop neumann") -> None:
        """Stop Neumann on some nodes."""
        await asyncio.gather(*(self.on(name, how) for name in names))

    async def make_timeouts_short(self) -> None:
        """Give every node timeouts far below its heartbeat, as an administrator would: nobody leads for long."""
        short = "sed -i 's/_min_ms = .*/_min_ms = 5/; s/_max_ms = .*/_max_ms = 10/'"
        await self.everywhere(f"{short} {CONFIG_FILE}; systemctl restart neumann")

    async def acted(self) -> dict[str, str]:
        """Return what each node's own ledger has begun."""
        return {name: said.replace("\n", ", ") for name, said in (await self.everywhere(LEDGER)).items()}


async def rolling_restart(bed: Bed) -> Result:
    """Timeouts widened on all three, each restarted, the leader last."""
    await bed.make_timeouts_short()
    before = await bed.everywhere("systemctl show neumann --property=MainPID --value")
    loop = await bed.desk.loop("config_bump")
    after = await bed.everywhere("systemctl show neumann --property=MainPID --value")
    files = await bed.everywhere(f"grep _timeout_m {CONFIG_FILE} | tr '\\n' ' '; {FILE}")
    owners = {" ".join(said.split("\n")[1:2] or said.split("\n")[:1]) for said in files.values()}
    restarted = all(before[name] != after[name] for name in NAMES)
    kept = all("neumann-agent:neumann 640" in said for said in files.values())
    return Result(restarted and kept, f"{loop.run.splitlines()[-1]}; {owners}; {loop.took_s:.0f} s")


async def started_after_stop(bed: Bed) -> Result:
    """Two nodes that were stopped, the leader among them, are started."""
    lead = await bed.well()
    follower = next(name for name in NAMES if name != lead)
    await bed.stop(lead, follower)
    return _told(await bed.desk.loop("start_nodes"))


async def started_after_crash(bed: Bed) -> Result:
    """Two nodes that were killed are started."""
    lead = await bed.well()
    follower = next(name for name in NAMES if name != lead)
    await bed.stop(lead, follower, how="systemctl kill -s KILL neumann")
    return _told(await bed.desk.loop("start_nodes"))


def _told(loop: Loop) -> Result:
    return Result(loop.end.startswith("Leader verified") or "Leader verified" in loop.end,
                  f"{' / '.join(loop.run.splitlines()[-3:])}; {loop.took_s:.0f} s")  # fmt: skip


CASES: Mapping[str, Callable[[Bed], Awaitable[Result]]] = {
    each.__name__: each for each in (rolling_restart, started_after_stop, started_after_crash)
}


def install(nodes: Mapping[str, Container], package: Path) -> None:
    """Install the agent's package on each node."""
    for node in nodes.values():
        node.put(package, PACKAGE)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda node: asked(node, INSTALL), nodes.values()))


async def main() -> int:
    """Set everything up, run the cases; return how many did not come out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("suite")
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    began, wrong = time.monotonic(), 0

    def say(line: str) -> None:
        print(f"{options.suite} {time.monotonic() - began:4.0f} s: {line}", flush=True)

    root, package = options.folder / options.suite, options.folder / "neumann-agent.deb"
    for former in ("bot", "redis"):
        shutil.rmtree(options.folder / former, ignore_errors=True)
    with three_nodes(root, options.folder) as nodes:
        say("three nodes booted, Neumann runs")
        install(nodes, package)
        say("the agents' package is installed")
        async with desk_over(options.folder / "bot", nodes) as desk:
            bed = Bed(nodes, desk)
            say(f"paired, the bot serves; {await bed.well()} leads")
            for name in options.only:
                case_began = time.monotonic()
                desk.turn()
                try:
                    result = await CASES[name](bed)
                except (TimeoutError, LookupError, AssertionError) as error:
                    result = Result(right=False, said=str(error))
                took_s = time.monotonic() - case_began
                say(f"{'right' if result.right else 'WRONG'}: {name} ({took_s:.0f} s): {result.said}")
                wrong += not result.right
            say(f"ledgers: {await bed.acted()}")
            code, said = await desk.bot("audit", "verify", "--all")
            say(f"audit verify: {code} {said.strip().splitlines()[-1:]}")
    return wrong + (code != 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
