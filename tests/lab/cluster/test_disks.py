"""A node's data on a file system of its own: what is free there is what the agent reads. Needs root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.cluster.disks import disk, resize_disk, why_no_disks
from lab.node.condition import SOUND
from lab.node.tracing import TracingLog
from lab.node.write_ahead_log import WriteAheadLog


@pytest.fixture
def folder(tmp_path: Path):
    if why := why_no_disks():
        pytest.skip(why)
    folder = tmp_path / "data"
    folder.mkdir()
    with disk(folder, 256):
        yield folder


@pytest.mark.process
def test_a_disk_without_room_takes_no_write_until_it_has_room_again(folder: Path, tmp_path: Path):
    log = TracingLog(tmp_path / "log", "text", lambda: 0.0)
    wal = WriteAheadLog(folder, log, lambda: SOUND)
    assert wal.takes()
    resize_disk(folder, 8)
    assert not wal.takes()
    resize_disk(folder, 256)
    assert wal.takes()
    log.close()
    assert "attempts: Disk space low: 8388608 bytes available, 104857641" in (tmp_path / "log").read_text()


def test_what_lies_on_a_disk_stays_when_it_shrinks_and_goes_with_it(folder: Path):
    inner = folder / "inner"
    inner.mkdir()
    with disk(inner, 16):
        (inner / "raft.wal").write_bytes(b"entries")
        resize_disk(inner, 8)
        assert (inner / "raft.wal").read_bytes() == b"entries"
    assert not list(inner.iterdir())


def test_no_other_process_sees_the_disk(folder: Path):
    assert str(folder) in Path("/proc/self/mountinfo").read_text()
    assert str(folder) not in Path(f"/proc/{os.getppid()}/mountinfo").read_text()


def test_what_cannot_be_mounted_is_told(folder: Path):
    with pytest.raises(FileNotFoundError), disk(folder / "none", 8):
        pass
