"""One Neumann node as a process: `python -m lab.node --folder DIR`."""

from __future__ import annotations

import argparse
import shutil
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from lab.node.clock import VirtualClock
from lab.node.condition import ConditionFile
from lab.node.exporter import Exporter, NodeStatus
from lab.node.gossip import Gossip
from lab.node.raft import RaftMember
from lab.node.settings import NodeSettings, read_settings
from lab.node.strain import Strain
from lab.node.tracing import TracingLog

TICK_S = 0.01
REPLAY_STEP_S = 0.05
LEAST_FREE_BYTES = 20 << 30
"""A lab on a small disk is to raise the alert of its own fault, and not DiskSpaceLow."""


def run(settings: NodeSettings, stop: threading.Event) -> None:
    """Run the node until `stop` is set, then leave nothing open."""
    clock, condition = VirtualClock(settings.folder), ConditionFile(settings.folder)
    condition.end_if_due()
    while condition.now().replays:
        if stop.wait(REPLAY_STEP_S):
            return
    with ExitStack() as parts:
        log = TracingLog(settings.log_file, settings.log_format, clock.now_s)
        parts.callback(log.close)
        gossip = Gossip(settings, log, clock.now_s)
        member = RaftMember(settings, log, gossip.is_failed, condition.now)
        parts.callback(member.close)
        strain = Strain(condition)
        exporter = Exporter(
            settings.metrics,
            lambda: status(settings, member, gossip, strain),
            settings.metrics_shape,
            member.transfers.ask,
        )
        gossip.start()
        parts.callback(gossip.stop)
        exporter.start()
        parts.callback(exporter.stop)
        while not stop.is_set():
            condition.end_if_due()
            member.tick(TICK_S)


def status(settings: NodeSettings, member: RaftMember, gossip: Gossip, strain: Strain) -> NodeStatus:
    """Read the node at this moment."""
    wal_bytes = settings.journal_file.stat().st_size
    return NodeStatus(
        role=member.role,
        term=member.term,
        commit_index=member.commit_index,
        applied_index=member.applied_index,
        elections_total=member.elections_total,
        append_entries_total=member.append_entries_total,
        entries=member.entries,
        memory_bytes=strain.memory_bytes(),
        disk_free_bytes=max(shutil.disk_usage(settings.folder).free, LEAST_FREE_BYTES),
        cpu_seconds_total=time.process_time(),
        transactions_active=strain.transactions_active(),
        deadlocks_total=strain.deadlocks_total(),
        disk_bytes=wal_bytes + settings.log_file.stat().st_size,
        wal_size_bytes=wal_bytes,
        membership=gossip.membership(),
    )


def main() -> None:
    """Read the command line and run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A node of the lab's Neumann cluster.")
    parser.add_argument("--folder", type=Path, required=True, help="with config.toml and lab.toml")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(read_settings(arguments.folder), stop)


if __name__ == "__main__":
    main()
