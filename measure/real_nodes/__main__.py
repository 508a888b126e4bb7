"""`make real-nodes`: install the agent on bare Debians as documented, and try what only a node shows."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure.real_nodes import cases, links, machine, power, time_and_journal
from measure.real_nodes.cases import Result
from measure.real_nodes.container import Container
from measure.real_nodes.node import Node, head, version_of
from measure.real_nodes.package import built_package
from measure.real_nodes.root import NEEDED, make_root, missing_programs
from measure.real_nodes.thread import clock_cases, machine_cases
from measure.real_nodes.time_services import put_time_services

CASES = {**cases.CASES, **time_and_journal.CASES, **links.CASES}
SUITES = ("bookworm", "trixie")
WAYS = ("cases", "catalogue", "clock", "power", "thread")
ON_BOOKWORM = ("catalogue", "clock")
FOLDER = Path("/var/tmp/neumann-real-nodes")


def main() -> int:
    """Run the cases on each release at once; return how many did not come out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="cases", choices=["cases", "catalogue", "clock", "power", "thread"]
    )
    parser.add_argument(
        "--suite", nargs="*", help="Debian's releases: both, for `catalogue` and `clock` bookworm alone"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="*", default=[], help="these cases alone")
    parser.add_argument(
        "--screenshots", action="store_true", help="of the thread: docs/images/real-nodes-*.png"
    )
    parser.add_argument("--cuts", type=int, default=40, help="power cuts at each step (%(default)s)")
    options = parser.parse_args()
    options.suite = options.suite or (SUITES[:1] if options.what in ON_BOOKWORM else SUITES)
    needed = {
        "power": power.NEEDED,
        "clock": NEEDED | machine.NEEDED,
        "catalogue": NEEDED | {"nft": "nftables"},
    }.get(options.what, NEEDED)
    if lacks := missing_programs(needed):
        print("\n".join(lacks), file=sys.stderr)
        return 2
    if options.what == "power":
        program = (sys.executable, "-m", "measure.real_nodes.power", str(options.cuts))
        os.execvp("unshare", ("unshare", "--mount", *program))  # its mounts end with it
    if options.what in ("catalogue", "clock", "thread"):
        room = "catalogue" if options.what == "catalogue" else "thread"
        return sum(_over_three(options.folder, suite, room, _asked(options)) for suite in options.suite)
    names = options.only or list(CASES)
    with ThreadPoolExecutor(len(options.suite)) as pool:
        columns = pool.map(lambda suite: on_one(options.folder, suite, names), options.suite)
        results = dict(zip(options.suite, columns, strict=True))
    print(f"\n| case | {' | '.join(results)} |\n|{'---|' * (len(results) + 1)}")
    for name in names:
        what = (CASES[name].__doc__ or "").rstrip(".")
        print(f"| {what} | {' | '.join(column[name].said for column in results.values())} |")
    return sum(not result.right for column in results.values() for result in column.values())


def _asked(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the arguments of `measure.real_nodes.thread` or `.catalogue`."""
    only, asked = options.only, list[str]()
    if options.what == "clock":
        only = only or [case.__name__ for case in machine_cases.CASES]
        asked += ["--machines", *clock_cases.MACHINES]
    if only:
        asked += ["--only", *only]
    if options.screenshots:
        asked += ["--screenshots", "real-nodes-clock" if options.what == "clock" else "real-nodes"]
    return tuple(asked)


def _over_three(folder: Path, suite: str, room: str, asked: tuple[str, ...]) -> int:
    """Play the thread or the catalogue over three nodes of this release, in a network of their own."""
    root = make_root(folder, suite)
    if "--machines" in asked:
        machine.with_kernel(root, folder)  # while there is a way to Debian's mirror
    built_package(folder)
    program = (sys.executable, "-m", f"measure.real_nodes.{room}", str(folder), suite, *asked)
    return subprocess.run(("unshare", "--mount", "--net", *program), check=False).returncode


def on_one(folder: Path, suite: str, names: list[str]) -> dict[str, Result]:
    """Return what came of each case on a node of this release."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{suite} {time.monotonic() - began:4.0f} s: {line}", flush=True)

    root = make_root(folder, suite)
    put_time_services(root)
    links.put_pings(root)
    say(f"root with the agent of {head()}")
    with Container(root, folder / f"{suite}-node") as container:
        say("booted")
        node = Node(container, folder / f"{suite}-node")
        for step in (node.prepare(), node.pair(), node.serve()):
            print(step if isinstance(step, str) else step.said, end="", flush=True)
        say(f"installed: {version_of(node)}")
        results = {}
        for name in names:
            results[name] = CASES[name](node)
            say(f"{'right' if results[name].right else 'WRONG'}: {name}: {results[name].said}")
        return results


if __name__ == "__main__":
    sys.exit(main())
