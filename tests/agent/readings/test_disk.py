"""Room on a file system, and what the kernel says of waiting for disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import UNSET

from agent.errors import ReadingError
from agent.readings.disk import read_disk

PRESSURE = """\
some avg10=12.50 avg60=7.07 avg300=0.05 total=10445302
full avg10=9.25 avg60=0.06 avg300=0.05 total=7956554
"""


def test_the_room_is_what_df_says(tmp_path: Path):
    disk, usage = read_disk(tmp_path), shutil.disk_usage(tmp_path)
    assert (disk.path, disk.total_bytes) == (str(tmp_path), usage.total)
    assert disk.free_bytes == pytest.approx(usage.free, abs=64 * 1024 * 1024)  # others write meanwhile


def test_stalled_is_when_all_wait(tmp_path: Path):
    pressure = tmp_path / "io"
    pressure.write_text(PRESSURE)
    assert read_disk(tmp_path, pressure_file=pressure).io_stalled_percent == 9.25


@pytest.mark.parametrize("text", [None, "", "some avg10=1.00 avg60=0.00\n", "full avg10=nan avg60\n", "é"])
def test_a_kernel_that_does_not_say(tmp_path: Path, text: str | None):
    pressure = tmp_path / "io"
    if text is not None:
        pressure.write_text(text, encoding="utf-8")
    assert read_disk(tmp_path, pressure_file=pressure).io_stalled_percent is None


def test_no_folder_is_said(tmp_path: Path):
    with pytest.raises(ReadingError, match=r"gone \(data_dir\) cannot be read: No such file"):
        read_disk(tmp_path / "gone")


def test_inodes_are_told_where_few_are_left_and_a_file_system_that_cannot_be_written(tmp_path: Path):
    disk = read_disk(tmp_path)
    few = os.statvfs(tmp_path).f_files > 0 and os.statvfs(tmp_path).f_favail < 1_000
    assert (disk.free_inodes is UNSET) is not few
    assert disk.read_only is UNSET
    assert read_disk(Path("/proc")).free_inodes is UNSET, "it counts no inodes"


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
@pytest.mark.parametrize(
    ("mounts", "told"),
    [
        # As systemd's ProtectSystem=strict has it: Neumann, outside, may write.
        ("mount --bind {0} {0} && mount -o remount,ro,bind {0}", "UNSET"),
        ("mount -t tmpfs tmpfs {0} && mount -o remount,ro {0}", "True"),
    ],
)
def test_a_read_only_file_system_is_told_and_the_agents_own_sandbox_is_not(
    tmp_path: Path, mounts: str, told: str
):
    program = (
        "import sys, pathlib; from agent.readings.disk import read_disk;"
        " print(read_disk(pathlib.Path(sys.argv[1])).read_only)"
    )
    script = f'{mounts.format(tmp_path)} && exec "$0" -c "$1" {tmp_path}'
    line = ("unshare", "--mount", "sh", "-c", script, sys.executable, program)
    said = subprocess.run(line, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert said.stdout.strip() == told
