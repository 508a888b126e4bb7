"""What people name is read up to a bound, and only a file: anything else may have no end, or no beginning."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from shared.bounded_files import read_bounded


def test_a_file_is_read_whole_also_through_a_link(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"whole")
    (tmp_path / "link").symlink_to(file)
    assert read_bounded(file, 5) == read_bounded(tmp_path / "link", 5) == b"whole"


def test_a_byte_too_many_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"larger")
    with pytest.raises(OSError, match="it has more than 5 bytes") as caught:
        read_bounded(file, 5)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_what_is_no_file_is_refused(device: str) -> None:
    with pytest.raises(OSError, match="it is no regular file"):
        read_bounded(Path(device))


def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(OSError, match="it is no regular file"):
        read_bounded(fifo)
