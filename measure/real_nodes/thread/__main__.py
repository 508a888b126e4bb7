"""The thread over three real nodes, `make real-nodes ARGS=thread`: each case ends with a leader."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from measure.real_nodes.cases import Result
from measure.real_nodes.cluster import as_machines, three_nodes
from measure.real_nodes.package import PACKAGE, install_on
from measure.real_nodes.thread import cases, machine_cases, pictures, upkeep
from measure.real_nodes.thread.bed import Bed
from measure.real_nodes.thread.desk_set_up import desk_over

CASES: Mapping[str, Callable[[Bed], Awaitable[Result]]] = {
    each.__name__: each for each in (*cases.CASES, *upkeep.CASES, *machine_cases.CASES)
}
ON_CONTAINERS = [each.__name__ for each in (*cases.CASES, *upkeep.CASES)]


async def tried(name: str, bed: Bed) -> Result:
    """Return what came of a case; one that goes wrong leaves the next a cluster that is well."""
    bed.desk.turn()
    try:
        return await CASES[name](bed)
    except (TimeoutError, LookupError, AssertionError) as error:
        with suppress(AssertionError):
            await bed.mend()
        return Result(right=False, said=str(error))


async def main() -> int:
    """Set everything up, run the cases; return how many did not come out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("suite")
    parser.add_argument("--only", nargs="*", default=ON_CONTAINERS, choices=list(CASES))
    parser.add_argument("--machines", nargs="*", default=(), help="the nodes that are virtual machines")
    parser.add_argument("--screenshots", default="", help="write docs/images/real-nodes-*.png, so called")
    options = parser.parse_args()
    began, wrong = time.monotonic(), 0

    def say(line: str) -> None:
        print(f"{options.suite} {time.monotonic() - began:4.0f} s: {line}", flush=True)

    root, package = options.folder / options.suite, options.folder / PACKAGE
    for former in ("bot", "redis"):
        shutil.rmtree(options.folder / former, ignore_errors=True)
    with three_nodes(root, options.folder, options.machines) as nodes:
        say("three nodes booted, Neumann runs")
        install_on(nodes, package)
        say("the agents' package is installed")
        patient = bool(options.machines)
        async with (
            desk_over(options.folder / "bot", nodes, patient=patient) as desk,
            AsyncExitStack() as parts,
        ):
            bed = Bed(nodes, desk)
            say(f"paired, the bot serves; {await bed.well()} leads")
            if options.machines:
                await desk.serving.stop()  # whom it would ask is away for minutes
                machines = as_machines(nodes, root, options.folder, options.machines)
                await asyncio.to_thread(parts.enter_context, machines)
                await desk.restart_bot()
                say(f"{', '.join(options.machines)} booted as machines; {await bed.well()} leads")
                await desk.quiet()
            if options.screenshots:
                await parts.enter_async_context(pictures.camera(desk, options.screenshots))
            for name in options.only:
                case_began = time.monotonic()
                result = await tried(name, bed)
                took_s = time.monotonic() - case_began
                say(f"{'right' if result.right else 'WRONG'}: {name} ({took_s:.0f} s): {result.said}")
                wrong += not result.right
            say(f"ledgers: {await bed.acted()}")
            code, said = await desk.bot("audit", "verify", "--all")
            unsound = [line for line in said.strip().splitlines() if " sound" not in line]
            say(f"audit verify: {code} {unsound or said.strip().splitlines()[-1:]}")
    return wrong + (code != 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
