"""A fixed share of a core for a process, by a cgroup's quota: so that the machine is not what limits it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PERIOD_US = 10_000
"""Short, so that whoever has used its share is held up no longer than a scheduler would."""

V1 = Path("/sys/fs/cgroup/cpu")
V2 = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def cpu_share(cores: float) -> Iterator[Callable[[int], None]]:
    """Make a control group whose processes share so much CPU; it is removed afterwards, once they are gone.

    Args:
        cores: How much of a core, or how many.

    Yields:
        What puts a process into it, by its id.

    Raises:
        OSError: If this machine, or this user, can make none.
    """
    name, quota_us = f"neumann-bench-{os.getpid()}-{time.monotonic_ns()}", int(cores * PERIOD_US)
    is_v1 = (V1 / "cpu.cfs_quota_us").exists()
    group = (V1 if is_v1 else V2) / name
    group.mkdir()
    try:
        if is_v1:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        yield lambda pid: _join(group, pid)
    finally:
        group.rmdir()


def _join(group: Path, pid: int) -> None:
    (group / "cgroup.procs").write_text(str(pid))
