"""`make real-nodes`: install the agent on a bare Debian as documented, and try what only a node shows."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from measure.real_nodes import cases, time_and_journal
from measure.real_nodes.container import Container
from measure.real_nodes.node import Node, head, version_of
from measure.real_nodes.root import make_root, missing_programs
from measure.real_nodes.time_services import put_time_services

CASES = {**cases.CASES, **time_and_journal.CASES}


def main() -> int:
    """Run the cases; return how many did not come out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="bookworm", help="Debian's release (%(default)s).")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/neumann-real-nodes"))
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    if lacks := missing_programs():
        print("\n".join(lacks), file=sys.stderr)
        return 2
    began = time.monotonic()
    root = make_root(options.folder, options.suite)
    put_time_services(root)
    print(f"{head()}: {options.suite} root with the agent, {time.monotonic() - began:.0f} s", flush=True)
    with Container(root, options.folder / "node1") as container:
        print(f"booted, {time.monotonic() - began:.0f} s", flush=True)
        node = Node(container, options.folder / "node1")
        for step in (node.prepare(), node.pair(), node.serve()):
            print(step if isinstance(step, str) else step.said, end="", flush=True)
        print(f"installed, {time.monotonic() - began:.0f} s: {version_of(node)}\n", flush=True)
        return sum(not _try(name, node) for name in options.only)


def _try(name: str, node: Node) -> bool:
    began = time.monotonic()
    result = CASES[name](node)
    took_s = time.monotonic() - began
    what = (CASES[name].__doc__ or "").rstrip(".")
    print(f"| {what} | {'right' if result.right else 'WRONG'} | {took_s:.0f} s | {result.said} |", flush=True)
    return result.right


if __name__ == "__main__":
    sys.exit(main())
