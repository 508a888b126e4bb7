"""An agent that goes by its node's virtual clock: `python -m lab.node.on_its_clock FOLDER ARGUMENT...`."""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

from lab.node.clock import VirtualClock


def main() -> None:
    """Run `neumann-agent` with the arguments that follow the node's folder."""
    _, folder, *arguments = sys.argv
    clock = VirtualClock(Path(folder), machine_s=time.time)
    time.time = clock.now_s
    sys.argv = ["neumann-agent", *arguments]
    runpy.run_module("agent.cli", run_name="__main__")


if __name__ == "__main__":
    main()
