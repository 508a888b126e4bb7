"""Whether a file system takes writes, by what the kernel lists of its mounts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.actions.ledger import Ledger
from agent.errors import LedgerError
from agent.mounts import is_mounted_read_only, is_read_only
from agent.neumann_config.planned_edit import why_not_editable
from agent.readings.disk import read_disk
from tests.agent.bed import CONFIG

MOUNTS = """\
36 35 98:0 / / ro,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
37 36 98:0 / /var/lib/neumann rw,noatime - ext4 /dev/vdb ro,errors=remount-ro
38 36 98:0 / /srv rw,relatime - ext4 /dev/loop0 rw,abort,errors=remount-ro,emergency_ro
39 36 98:0 / /opt rw,relatime - ext4 /dev/loop1 rw,shutdown
137 36 0:35 / /srv/with\\040ro,rw rw - tmpfs tmpfs rw,size=10k
"""


@pytest.mark.parametrize(
    ("mount_id", "told"),
    [("36", False), ("37", True), ("38", True), ("39", True), ("137", False), ("3", False)],
)
def test_what_counts_is_the_file_system_and_not_how_this_process_has_it_mounted(mount_id: str, told: bool):
    assert is_mounted_read_only(MOUNTS, mount_id) is told


@pytest.fixture
def failed(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on an ext4 that has found an error, with Neumann's file in it."""
    if os.geteuid() != 0 or shutil.which("mke2fs") is None:
        pytest.skip("needs root and mke2fs")
    image, at = tmp_path / "image", tmp_path / "at"
    at.mkdir()
    with image.open("wb") as file:
        file.truncate(8 * 2**20)
    subprocess.run(("mke2fs", "-q", "-t", "ext4", "-F", image), check=True)
    mount = ("mount", "-o", "loop,errors=remount-ro", image, at)
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no loop device can be mounted here")
    try:
        (at / "config.toml").write_text(CONFIG)
        subprocess.run(("mount", "-o", "remount,abort", at), check=True)
        yield at
    finally:
        subprocess.run(("umount", at), check=True)


@pytest.mark.process
def test_an_ext4_that_found_an_error_takes_no_writes_whatever_else_the_kernel_says_of_it(failed: Path):
    """Newer kernels leave it `rw`; so a node whose root had failed looked well, seen on a real one."""
    assert is_read_only(failed)
    assert read_disk(failed).read_only is True
    assert why_not_editable(failed / "config.toml") == f"{failed} is on a file system that is read-only."


@pytest.mark.process
def test_a_ledger_on_it_is_not_written_to_and_says_why(failed: Path):
    with pytest.raises(LedgerError, match=r"cannot be opened: its file system is read-only\.$"):
        Ledger(failed / "ledger.sqlite3")
