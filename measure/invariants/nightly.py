"""The long run: `python -m measure.invariants.nightly`; exit code 1 where a promise broke.

It goes in rounds of a few hundred runs, each with a seed of its own that is printed, so that what a round
found is found again by `--seed` with that number and as many runs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

from lab.redis_server import redis_url
from measure.invariants.running import run_machine

ROUND = 250


def main() -> int:
    """Play until all runs are played or a promise is broken."""
    parser = argparse.ArgumentParser(prog="make nightly ARGS=...", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="how many runs")
    parser.add_argument("--steps", type=int, default=50, help="the longest run")
    parser.add_argument("--seed", type=int, default=None, help="the first round's seed")
    parser.add_argument("--shrink", action="store_true", help="make what is found as short as can be (slow)")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as folder:
        server = redis_url(Path(folder))
        url = runner.run(server.__aenter__())
        try:
            return _rounds(url, asked.runs, asked.steps, asked.seed, shrink=asked.shrink)
        finally:
            runner.run(server.__aexit__(None, None, None))


def _rounds(url: str, runs: int, steps: int, seed: int | None, *, shrink: bool) -> int:
    seed = secrets.randbelow(2**32) if seed is None else seed
    tally: Counter[str] = Counter()
    began = time.monotonic()
    for done in range(0, runs, ROUND):
        try:
            tally += run_machine(url, runs=min(ROUND, runs - done), steps=steps, seed_=seed, shrink=shrink)
        except Exception as error:
            print(f"seed {seed}: {type(error).__name__}: {error}", file=sys.stderr)
            print("\n".join(getattr(error, "__notes__", ())), file=sys.stderr)
            again = f"--seed {seed} --runs {ROUND} --steps {steps} --shrink"
            print(f"again, and shorter: make nightly ARGS='{again}'", file=sys.stderr)
            return 1
        told = ", ".join(f"{count:,} {what}" for what, count in tally.items())
        print(f"seed {seed}: {told}; {time.monotonic() - began:.0f} s", flush=True)
        seed = (seed + 1) % 2**32
    return 0


if __name__ == "__main__":
    sys.exit(main())
