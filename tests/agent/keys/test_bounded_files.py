"""What people name is read up to a bound: a file or a pipe, and nothing that has no end."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agent.keys.bounded_files import read_bounded


def test_a_file_and_a_pipe_are_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"whole")
    assert read_bounded(file, 5) == b"whole"
    reading, writing = os.pipe()
    os.write(writing, b"whole")
    os.close(writing)
    try:
        assert read_bounded(Path(f"/dev/fd/{reading}"), 5) == b"whole"
    finally:
        os.close(reading)


def test_a_byte_too_many_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"larger")
    with pytest.raises(OSError, match="it has more than 5 bytes") as caught:
        read_bounded(file, 5)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_what_is_neither_file_nor_pipe_is_refused(device: str) -> None:
    with pytest.raises(OSError, match="it is neither a file nor a pipe"):
        read_bounded(Path(device))
