"""An agent that stands still at a step of an action: `stopping_agent.py FOLDER PYTHON -m agent.cli …`.

`FOLDER/stop_at` names the step and `FOLDER/stopped` says that it was reached; nothing in the process runs on
then. With `NO_SYNC` set its ledger does not wait for the disk: what a power cut must then lose shows that one
can.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent import cli
from agent.actions import ledger_file
from agent.actions.ledger import Ledger
from agent.neumann_config import edit
from shared.whole_files import sync_folder

FOLDER = Path(sys.argv[1])


def stop_at(step: str) -> None:
    """Stand still for good if this is the step."""
    if (FOLDER / "stop_at").read_text() == step:
        (FOLDER / "stopped").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
        # Another thread may be the one that takes the signal: this one goes nowhere meanwhile.
        threading.Event().wait()


def stopping(function: Callable[..., Any], *, before: str = "", after: str = "") -> Callable[..., Any]:
    """Return the function with a place to stand still before it and one after it."""

    @functools.wraps(function)
    def stops(*arguments: Any, **named: Any) -> Any:
        stop_at(before)
        result = function(*arguments, **named)
        stop_at(after)
        return result

    return stops


def main() -> None:
    """Serve, standing still where `stop_at` says."""
    vars(edit)["sync_folder"] = stopping(sync_folder, before="replaced")
    for name, places in {
        "intend": {"after": "INTENT"},
        "finish": {"before": "effect", "after": "DONE"},
    }.items():
        setattr(Ledger, name, stopping(getattr(Ledger, name), **places))
    if "NO_SYNC" in os.environ:
        schema = ledger_file._SCHEMA
        vars(ledger_file)["_SCHEMA"] = schema.replace("synchronous = FULL", "synchronous = OFF")
    with (FOLDER / "agent.log").open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    sys.argv = ["neumann-agent", *sys.argv[5:]]
    cli.main()


if __name__ == "__main__":
    main()
