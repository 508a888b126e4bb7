"""Traps in a node's commands: what acts is noted, and stops, does nothing or waits where it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from lab.cluster.node_view import LabNode

At = Literal["before", "after", "nothing"]

WRAPPER = """#!/bin/sh
# Notes each verb that acts; where a trap is set for it, waits before or after, or does nothing.
hold() {
  echo $$ > FOLDER/held.new; mv FOLDER/held.new FOLDER/held
  while [ ! -e FOLDER/go ]; do sleep 0.05; done
}
case "$1" in start|stop|restart|makestep)
  trap=$(cat FOLDER/trap 2>/dev/null)
  [ "$trap" = "$1 before" ] && hold
  if [ "$trap" = "$1 nothing" ]; then echo "$1 swallowed" >> FOLDER/acted; echo "200 OK"; exit 0; fi
  echo "$1" >> FOLDER/acted
  FOLDER/bin/real-NAME "$@"; code=$?
  [ "$trap" = "$1 after" ] && hold
  exit $code;;
esac
exec FOLDER/bin/real-NAME "$@"
"""


class Traps:
    """The traps of one node."""

    def __init__(self, node: LabNode) -> None:
        self._folder = node.folder
        (self._folder / "acted").touch()
        for name in ("systemctl", "chronyc"):
            script = node.command(name)
            script.rename(script.with_name(f"real-{name}"))
            script.write_text(WRAPPER.replace("FOLDER", str(self._folder)).replace("NAME", name))
            script.chmod(0o755)

    def acted(self) -> list[str]:
        """Return the verbs that reached the real command, in order."""
        return [line for line in (self._folder / "acted").read_text().splitlines() if " " not in line]

    def set(self, verb: str, at: At) -> None:
        """Set the trap."""
        for name in ("held", "go"):
            (self._folder / name).unlink(missing_ok=True)
        (self._folder / "trap").write_text(f"{verb} {at}")

    async def until_held(self, timeout_s: float) -> None:
        """Wait until a command stands in the trap."""
        await until((self._folder / "held").exists, timeout_s, "no command came into the trap")

    def release(self) -> None:
        """Let the one that stands in the trap go on, and whoever comes after it through."""
        (self._folder / "trap").unlink(missing_ok=True)
        (self._folder / "go").touch()

    def kill_held(self) -> None:
        """End the command that stands in the trap: what it was to do never happens."""
        held = self._folder / "held"
        if held.exists():
            with suppress(ProcessLookupError):
                os.killpg(int(held.read_text()), signal.SIGKILL)
        self.release()


async def until(holds: Callable[[], object], timeout_s: float, otherwise: str, every_s: float = 0.02) -> None:
    """Poll until a condition holds.

    Raises:
        TimeoutError: With the words of `otherwise`.
    """
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {timeout_s:.0f} s")
        await asyncio.sleep(every_s)


def read_text(path: Path) -> str:
    """Return a file's text, empty where there is none."""
    return path.read_text() if path.exists() else ""
