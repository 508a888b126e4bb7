"""Secrets that lie in files: read only where nobody else can read, or exchange, them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from handlers.errors import ConfigurationError
from shared.bounded_files import read_bounded_text

OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""The group may read: that is how systemd and Kubernetes hand a secret to the one that it is for."""


MAX_PATH_CHARS = 4_095
"""Of Linux (PATH_MAX); a name in it may have 255."""


def _that_can_be(path: Path) -> Path:
    names = path.parts
    if (
        not str(path).isprintable()
        or len(str(path)) > MAX_PATH_CHARS
        or max(map(len, names), default=0) > 255
    ):
        raise ValueError("this cannot be the name of a file")
    return path


NamedFile = Annotated[Path, AfterValidator(_that_can_be)]
"""A file that the configuration names."""


class SecretFile(BaseModel):
    """A secret that lies in a file, so that it stands neither in the configuration nor in `ps`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: NamedFile

    def read(self) -> SecretStr:
        """Return the secret, without the line's end.

        Raises:
            ConfigurationError: If the file cannot be read, is empty, or is open to others.
        """
        require_private(self.file)
        try:
            text = read_bounded_text(self.file).strip()
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"The secret file {self.file} is not there: write it with"
                f" `install -m 0600 /dev/stdin {self.file}`, or name another."
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"The secret file {self.file} cannot be read: {error.strerror}."
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"The secret file {self.file} is not text.") from error
        if not text:
            raise ConfigurationError(f"The secret file {self.file} is empty.")
        return SecretStr(text)


def require_private(file: Path) -> None:
    """Check that a file is nobody else's to read or write; one that is not there is another's to name.

    Raises:
        ConfigurationError: If it is.
    """
    try:
        mode = file.stat().st_mode
    except OSError:
        return
    if mode & OTHERS:
        raise ConfigurationError(
            f"{file} can be read or written by others (mode {stat.S_IMODE(mode):04o}): chmod 600 it, and"
            " change the secret if anybody may have seen it."
        )
