"""Read Neumann's configuration file, and change its two election timeouts without breaking it."""

from __future__ import annotations

import codecs
import copy
import errno
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from agent.errors import ConfigFileError
from shared import bounded_toml
from shared.toml_documents import is_same
from shared.whole_files import sync_folder, write_beside

MAX_CONFIG_BYTES = 1024 * 1024
# Neumann's documented heartbeat where the file names none, and the factor below which an election can
# start between two heartbeats that both arrive.
DEFAULT_HEARTBEAT_MS = 50
MIN_HEARTBEATS = 3
SINGLE_KEY = "election_timeout_ms"


@dataclass(frozen=True)
class ConfigBytes:
    """The file's bytes with the rights they were found under."""

    raw: bytes
    mode: int
    user_id: int
    group_id: int

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes."""
        return hashlib.sha256(self.raw).hexdigest()


def read_config_bytes(path: Path, *, follow_links: bool = False) -> ConfigBytes:
    """Read a regular file of at most `MAX_CONFIG_BYTES`.

    Args:
        path: The file.
        follow_links: Allow the last part of the path to be a symbolic link; only for looking, not to change.

    Raises:
        ConfigFileError: If it is missing, a link, no regular file or too large.
    """
    try:
        # Not blocking, so that a FIFO in its place is refused and not waited for.
        flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigFileError(f"{path} is not a regular file.")
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        link = " (symbolic links are not followed)" if error.errno == errno.ELOOP else ""
        raise ConfigFileError(f"{path} cannot be read: {error.strerror}{link}.") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigFileError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes.")
    return ConfigBytes(raw, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def with_election_timeouts(raw: bytes, *, min_ms: int, max_ms: int) -> bytes:
    """Return the file with both timeouts set and everything else, comments too, as it was.

    A file with the single key `election_timeout_ms` keeps that form: it is set to the minimum. Where
    neither form is present the two documented keys are added to `[raft]`.

    Raises:
        ConfigFileError: If the bounds do not hold, or anything but the intended keys would differ.
    """
    before = _parse(raw)
    raft = before.get("raft")
    if not isinstance(raft, dict):
        raise ConfigFileError("The file has no [raft] table to set election timeouts in.")
    _check_bounds(raft, min_ms=min_ms, max_ms=max_ms)
    changes = _changes(raft, min_ms=min_ms, max_ms=max_ms)
    try:
        document = tomlkit.parse(raw.decode())
        table = document["raft"]
        for key, value in changes.items():
            table[key] = value
        changed = _with_ends_of(raw, tomlkit.dumps(document).encode())
    except (TOMLKitError, TypeError) as error:
        raise ConfigFileError(f"The file's [raft] table cannot be edited: {error}.") from error
    intended = copy.deepcopy(before)
    intended["raft"].update(changes)
    if not is_same(_parse(changed), intended):
        raise ConfigFileError(
            "Setting the timeouts would change more than the timeouts; nothing was written."
        )
    return changed


def _with_ends_of(before: bytes, after: bytes) -> bytes:
    """Return the file with the line ends that it had: what is added to one of Windows' lines ends so, too."""
    if before.count(b"\n") != before.count(b"\r\n") or b"\n" not in before:
        return after
    return after.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def has_single_key(raw: bytes) -> bool:
    """Say whether the file has the single key `election_timeout_ms`, which leaves no room for a maximum.

    Raises:
        ConfigFileError: If the file is not valid TOML.
    """
    raft = _parse(raw).get("raft")
    return isinstance(raft, dict) and SINGLE_KEY in raft


def replace_config(path: Path, new: bytes, *, expected_sha256: str) -> None:
    """Replace the file in one step if it still has the expected content; mode, owner and extended
    attributes are kept.

    Raises:
        ConfigFileError: If it changed meanwhile, or cannot be written; the old file is then intact.
    """
    was = _expect(path, expected_sha256)
    temporary: Path | None = None
    try:
        temporary = write_beside(
            path, new, mode=was.mode, owner=(was.user_id, was.group_id), attributes_of=path
        )
        # Once more, because an fsync can take long; what is left is the gap between two system calls.
        _expect(path, expected_sha256)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ConfigFileError(f"{path} cannot be replaced: {error.strerror}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _expect(path: Path, sha256: str) -> ConfigBytes:
    found = read_config_bytes(path)
    if found.sha256 != sha256:
        raise ConfigFileError(f"{path} has changed since it was read.")
    return found


def _parse(raw: bytes) -> dict[str, Any]:
    if raw.startswith(codecs.BOM_UTF8):
        raise ConfigFileError("The file is not valid TOML: a byte order mark stands before it.")
    try:
        return bounded_toml.loads(raw.decode())
    # ValueError: what is no TOML, no UTF-8, or a number of more digits than Python reads.
    except (ValueError, RecursionError) as error:
        raise ConfigFileError(f"The file is not valid TOML: {error}.") from error


def _check_bounds(raft: Mapping[str, Any], *, min_ms: int, max_ms: int) -> None:
    heartbeat_ms = raft.get("heartbeat_interval_ms", DEFAULT_HEARTBEAT_MS)
    if type(heartbeat_ms) is not int or heartbeat_ms <= 0:
        raise ConfigFileError("The file's heartbeat_interval_ms is no positive whole number.")
    if max_ms <= min_ms:
        raise ConfigFileError(f"The maximum ({max_ms} ms) must be above the minimum ({min_ms} ms).")
    if min_ms < MIN_HEARTBEATS * heartbeat_ms:
        raise ConfigFileError(
            f"The minimum ({min_ms} ms) must be at least {MIN_HEARTBEATS} heartbeats of {heartbeat_ms} ms."
        )


def _changes(raft: Mapping[str, Any], *, min_ms: int, max_ms: int) -> dict[str, int]:
    pair = {"election_timeout_min_ms": min_ms, "election_timeout_max_ms": max_ms}
    if SINGLE_KEY not in raft:
        return pair
    if pair.keys() & raft.keys():
        raise ConfigFileError("The file has both election_timeout_ms and the min/max keys; remove one form.")
    return {SINGLE_KEY: min_ms}
