"""Measure the bot beside bare limits: `python -m measure.bench [BENCH …] [--quick] [--json FILE]`.

Each figure comes from a run of its own processes on this machine. A row that falls short says so; the exit
code is 0 all the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from measure.bench import clicks, intake, many, person, posting, posture, reading, start, storm, workers
from measure.bench.figures import Figure, as_json, table

Bench = Callable[[Path, argparse.Namespace], Awaitable[list[Figure]]]

BENCHES: dict[str, Bench] = {
    # First, since it looks at the peak of this process, which never falls.
    "reading": lambda _, how: reading.figures(1 if how.quick else 7),
    "intake": lambda folder, how: intake.measure(folder, *((2, 800) if how.quick else (7, 6_000))),
    "posting": lambda folder, how: posting.measure(folder, *((1, 20) if how.quick else (5, 60))),
    "clicks": lambda folder, how: clicks.measure(folder, *((1, 100) if how.quick else (3, 600))),
    "person": lambda folder, how: person.measure(folder, 1 if how.quick else 5),
    "many": lambda folder, how: many.measure(folder, (10, 200) if how.quick else many.SIZES),
    "workers": lambda folder, how: workers.measure(folder, *((1, 100) if how.quick else (3, 1_000))),
    "posture": lambda folder, how: posture.measure(folder, 1 if how.quick else 7),
    "start": lambda folder, how: start.measure(folder, 1 if how.quick else 5),
    "storm": lambda folder, how: storm.measure(folder, how.minutes or (0.1 if how.quick else 5.0)),
}


async def measure(names: list[str], how: argparse.Namespace) -> list[Figure]:
    """Run one bench after the other, and print each result as soon as it is known."""
    figures: list[Figure] = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            found = await BENCHES[name](Path(folder), how)
        print(table(found), end="\n\n", flush=True)
        figures += found
    return figures


def main() -> None:
    """Measure, print, and write the document where one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m measure.bench", description=__doc__)
    parser.add_argument("bench", nargs="*", help=f"one or more of {', '.join(BENCHES)}; all without one")
    parser.add_argument("--quick", action="store_true", help="whether it runs at all, not how fast")
    parser.add_argument("--minutes", type=float, help="how long the storm lasts; 5 without it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    unknown = set(options.bench) - BENCHES.keys()
    if unknown:
        parser.error(f"there is no bench {sorted(unknown)[0]}; there are {', '.join(BENCHES)}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    figures = uvloop.run(measure(options.bench or list(BENCHES), options))
    if options.json:
        options.json.write_text(as_json(figures))


if __name__ == "__main__":
    main()
