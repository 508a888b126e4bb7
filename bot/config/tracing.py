"""The section `[tracing]` of the bot's configuration: where traces go, and how many."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.secret_files import NamedFile, SecretFile
from handlers.errors import ConfigurationError

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e][\x20-\x7e]*)")

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


def _that_can_be_dialled(url: str) -> str:
    try:
        parts = urlsplit(url)
        if _HOST.fullmatch(parts.hostname or "") and parts.port != 0 and url.isascii() and url.isprintable():
            return url
    except ValueError:  # brackets that do not close, or a port that is none
        pass
    raise ValueError("has no host, or a port that is none; write https://HOST:PORT/PATH in ASCII")


TraceAddress = Annotated[
    str,
    Field(pattern=r"^(https://[^/?#@\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^?#\s]*)?$"),
    AfterValidator(_that_can_be_dialled),
]


class TracingSettings(BaseModel):
    """The OTLP receiver that gets the bot's traces; without this section there are none.

    `endpoint` is the whole address, with its path: https, or http on this host. `headers` is a file with one
    `Name: value` on a line. Of `sample_ratio` 0.1, every tenth incident is traced, and that one as a whole.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: TraceAddress
    headers: SecretFile | None = None
    authority: NamedFile | None = None
    sample_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0

    def read_headers(self) -> dict[str, str]:
        """Return the headers in the file, by their names.

        Raises:
            ConfigurationError: If the file cannot be read, or a line of it is no header.
        """
        if self.headers is None:
            return {}
        found: dict[str, str] = {}
        lines = self.headers.read().get_secret_value().split("\n")
        for number, line in enumerate(map(str.strip, lines), start=1):
            match = _HEADER.fullmatch(line)
            if match:
                found[match[1]] = match[2]
            elif line:
                raise ConfigurationError(
                    f"Line {number} of the secret file {self.headers.file} is no header: write Name: value."
                )
        return found
