"""A secret that is read from a file of its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from handlers.errors import ConfigurationError


class SecretFile(BaseModel):
    """A secret that lies in a file, so that it stands neither in the configuration nor in `ps`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path

    def read(self) -> SecretStr:
        """Return the secret, without the line's end.

        Raises:
            ConfigurationError: If the file cannot be read or is empty.
        """
        try:
            text = self.file.read_text().strip()
        except OSError as error:
            raise ConfigurationError(
                f"The secret file {self.file} cannot be read: {error.strerror}."
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"The secret file {self.file} is not text.") from error
        if not text:
            raise ConfigurationError(f"The secret file {self.file} is empty.")
        return SecretStr(text)
