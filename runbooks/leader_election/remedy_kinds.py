"""What this runbook may do about a cause: a row for each remedy."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.model import UNDO, RemedyKind

CLOCK_SYNC, CONFIG_BUMP, START_NODES = "clock_sync", "config_bump", "start_nodes"

_ROWS = (
    RemedyKind(
        CLOCK_SYNC,
        button="Sync clocks",
        title="Set the clocks right",
        risk="A clock step can expire running transactions and locks on that node.",
        undo="A step is not undone; chrony keeps the clock right from there.",
        check="The offset is read again on the node: it must still be too large, in the same direction; a"
        " clock that is ahead is set back only where no transaction runs.",
    ),
    RemedyKind(
        CONFIG_BUMP,
        button="Widen election timeouts",
        title="Widen the election timeouts",
        risk="Each node restarts, so it is away for a moment; a longer timeout is a slower failover.",
        undo="The agent keeps each file's bytes from before; putting them back and a restart undo it.",
        check="The file is still the one shown (SHA-256), and a majority runs without the node.",
    ),
    RemedyKind(
        START_NODES,
        button="Start stopped nodes",
        title="Start the stopped nodes",
        risk="A starting node replays its log; nodes that run are not touched.",
        undo="By hand: stop the node again; the bot stops none.",
        check="The service is still stopped.",
    ),
    RemedyKind(
        UNDO,
        button="Put the timeouts back",
        title="Put the election timeouts back",
        risk="Each node restarts with its file of before, so it is away for a moment.",
        undo="Setting the timeouts again.",
        check=("The file is still as the change left it (SHA-256), and a majority runs without the node."),
    ),
)
REMEDIES: Mapping[str, RemedyKind] = {row.name: row for row in _ROWS}
