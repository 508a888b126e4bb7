"""Key and settings are written together or not at all, and nobody but their owner reads a key."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shared.whole_files import PRIVATE, PUBLIC, NewFile, replace_all

NOBODY = 65534


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_new_gets_the_mode_it_was_given(tmp_path: Path):
    key, settings = tmp_path / "agent.key", tmp_path / "agent.toml"
    replace_all({key: NewFile(b"a key", PRIVATE), settings: NewFile(b"settings")})
    assert (key.read_bytes(), settings.read_bytes()) == (b"a key", b"settings")
    assert (mode(key), mode(settings)) == (0o600, 0o644)
    assert PUBLIC == 0o644
    assert sorted(tmp_path.iterdir()) == [key, settings], "nothing is left beside them"


@pytest.mark.parametrize("kept", [0o640, 0o751, 0o600])
def test_what_is_there_keeps_its_mode_whatever_was_asked(tmp_path: Path, kept: int):
    settings = tmp_path / "agent.toml"
    settings.write_bytes(b"before, and longer than what comes after")
    settings.chmod(kept)
    replace_all({settings: NewFile(b"after", PRIVATE)})
    assert settings.read_bytes() == b"after"
    assert mode(settings) == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_owned_a_file_owns_it_after_and_a_new_one_is_its_folders(tmp_path: Path):
    folder = tmp_path / "etc"
    folder.mkdir()
    there, new = folder / "agent.toml", folder / "agent.key"
    there.write_bytes(b"before")
    os.chown(there, NOBODY, NOBODY - 1)
    os.chown(folder, NOBODY - 2, NOBODY - 3)
    replace_all({there: NewFile(b"after"), new: NewFile(b"a key", PRIVATE)})
    assert (there.stat().st_uid, there.stat().st_gid) == (NOBODY, NOBODY - 1)
    assert (new.stat().st_uid, new.stat().st_gid) == (NOBODY - 2, NOBODY - 3)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_who_may_not_give_files_away_still_writes_them():
    # Not below the folder of this run, which is its owner's alone.
    with TemporaryDirectory(prefix="neumann-open-to-all-") as named:
        folder = Path(named)
        folder.chmod(0o777)
        os.seteuid(NOBODY)
        try:
            replace_all({folder / "agent.key": NewFile(b"a key", PRIVATE)})
        finally:
            os.seteuid(0)
        assert mode(folder / "agent.key") == 0o600
        assert (folder / "agent.key").stat().st_uid == NOBODY


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path):
    elsewhere = tmp_path / "kept elsewhere"
    elsewhere.mkdir()
    (elsewhere / "agent.toml").write_bytes(b"before")
    link = tmp_path / "agent.toml"
    link.symlink_to(elsewhere / "agent.toml")
    replace_all({link: NewFile(b"after")})
    assert link.is_symlink()
    assert (elsewhere / "agent.toml").read_bytes() == b"after"


def test_one_that_cannot_be_written_leaves_all_as_they_were(tmp_path: Path):
    settings = tmp_path / "agent.toml"
    settings.write_bytes(b"before")
    with pytest.raises(FileNotFoundError):
        replace_all({settings: NewFile(b"after"), tmp_path / "nowhere" / "agent.key": NewFile(b"a key")})
    assert settings.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [settings]


def test_a_full_disk_leaves_all_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = tmp_path / "agent.toml"
    settings.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_all({settings: NewFile(b"after")})
    assert settings.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [settings]


def test_each_is_on_the_disk_before_its_name_and_its_name_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Else a cut of power leaves a name without its bytes. Seen: the calls, in their order."""
    calls: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def seen_fsync(handle: int) -> None:
        place = Path(f"/proc/self/fd/{handle}").readlink()
        size = "" if place.is_dir() else f" of {place.stat().st_size} bytes"
        calls.append(f"sync {'folder' if place.is_dir() else place.name.split('.')[1]}{size}")
        fsync(handle)

    def seen_rename(self: Path, target: Path) -> Path:
        calls.append(f"rename {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "replace", seen_rename)
    replace_all({tmp_path / "key": NewFile(b"abc"), tmp_path / "settings": NewFile(b"abcde")})
    assert calls == [
        "sync key of 3 bytes",
        "sync settings of 5 bytes",
        "rename key",
        "sync folder",
        "rename settings",
        "sync folder",
    ]


def test_nothing_stays_open(tmp_path: Path):
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a count of links that lead nowhere

    before = descriptors()
    for _ in range(3):
        replace_all({tmp_path / "key": NewFile(b"abc")})
    assert descriptors() == before
