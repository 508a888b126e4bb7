"""What is seen from outside, beside the bot's own word: processes, files, clocks, and the agents' ledgers."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from lab.cluster.cluster import Lab
from lab.cluster.node_view import LabNode
from measure.chaos.traps import Traps, read_text

SAMPLE_S = 0.02
KINDS = {"start": "start_service", "restart": "restart_service", "makestep": "clock_sync"}
BEGUN = ("INTENT", "DONE", "NOT_DONE", "UNKNOWN")
FILE_KIND = "set_election_timeouts"
UNDO_KIND = "restore_config"


@dataclass(frozen=True)
class Entry:
    """A row of a node's ledger."""

    node: str
    action_id: str
    kind: str
    state: str
    fence: int | None
    confirmed_by: str | None


@dataclass
class Witness:
    """Samples the lab. `fewest` is the least number of running nodes since `began`."""

    lab: Lab
    traps: dict[str, Traps]
    starts: dict[str, list[int]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    fewest: int = 0
    at_first: int = 0
    ours_down: set[str] = field(default_factory=set)

    async def watch(self) -> None:
        """Sample until cancelled."""
        while True:
            if self.at_first:
                self.sample()
            await asyncio.sleep(SAMPLE_S)

    def begin(self) -> None:
        """Take what is there as what was there before anybody confirmed anything."""
        for node in self.lab.nodes:
            self.starts[node.name] = [self.lab.services[node.name].started_monotonic_us]
            self.files[node.name] = [_sha256(node)]
        self.at_first = self.fewest = self._running()

    def sample(self) -> None:
        """Note what has changed."""
        for node in self.lab.nodes:
            started, file = self.lab.services[node.name].started_monotonic_us, _sha256(node)
            if started != self.starts[node.name][-1]:
                self.starts[node.name].append(started)
            if file != self.files[node.name][-1]:
                self.files[node.name].append(file)
        self.fewest = min(self.fewest, self._running())

    def excuse_file(self, name: str) -> None:
        """Note that chaos itself changed the file just now."""
        self.files[name][-1] = _sha256(self.lab.node(name))

    def _running(self) -> int:
        """Return the nodes that run; those that chaos itself took down count as running."""
        return sum(self.lab.is_running(node.name) or node.name in self.ours_down for node in self.lab.nodes)

    def effects(self) -> Counter[tuple[str, str]]:
        """Return how often each node was really changed, by kind of action."""
        seen: Counter[tuple[str, str]] = Counter()
        for node in self.lab.nodes:
            for verb in self.traps[node.name].acted():
                seen[node.name, KINDS[verb]] += 1
            if changes := len(self.files.get(node.name, [""])) - 1:
                seen[node.name, FILE_KIND] += changes
        return seen

    def unexplained_starts(self) -> list[str]:
        """Return the nodes whose process began more often than a command of the agent's asked for it."""
        effects = self.effects()
        return [
            name
            for name, starts in self.starts.items()
            if name not in self.ours_down
            and len(starts) - 1 > effects[name, "start_service"] + effects[name, "restart_service"]
        ]

    def ledger(self, name: str) -> list[Entry]:
        """Return a node's ledger, read from its file, in the order in which it was written."""
        path = self.lab.node(name).folder / "agent" / "ledger.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            rows = database.execute(
                "SELECT action_id, kind, state, fence, confirmed_by FROM actions ORDER BY at_boottime_s"
            ).fetchall()
        return [Entry(name, *row) for row in rows]

    def ledgers(self) -> list[Entry]:
        """Return all ledgers."""
        return [entry for node in self.lab.nodes for entry in self.ledger(node.name)]

    def states(self, name: str) -> list[str]:
        """Return the states in a node's ledger; empty while it cannot be read."""
        try:
            return [entry.state for entry in self.ledger(name)]
        except sqlite3.Error:
            return []


def _sha256(node: LabNode) -> str:
    return hashlib.sha256(read_text(node.config_file).encode()).hexdigest()
