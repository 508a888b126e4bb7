"""Give rights up: what lies in the agent's folder is the agent's to steer, so root does not act on it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.errors import ConfigError


def act_as_owner_of(folder: Path) -> None:
    """Go on with the rights of a folder's owner, where this process is root and the folder is another's.

    Links and files that the owner put there then lead nowhere that the owner could not write anyway.

    Raises:
        ConfigError: If the folder cannot be looked at, or is root's and others may write to it.
    """
    if os.geteuid() != 0:
        return
    try:
        status = folder.stat()
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be looked at ({error.strerror}).") from error
    if status.st_uid == 0:
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                f"The folder {folder} is root's, and others may write to it: chmod go-w {folder}."
            )
        return
    os.setgroups([])
    os.setgid(status.st_gid)
    os.setuid(status.st_uid)
