"""The sections `[api]` and `[status_page]` of the bot's configuration: who may read, and how much."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.secret_files import SecretFile


class Scope(StrEnum):
    """What a token lets its bearer read."""

    INCIDENTS = "incidents:read"
    EVIDENCE = "evidence:read"
    STATUS = "status:read"
    POSTURE = "posture:read"


class ApiToken(BaseModel):
    """A bearer token, the name under which its requests are counted, and what it lets its bearer read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    token: SecretFile
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]


class ApiSettings(BaseModel):
    """The tokens of the read-only HTTP API; without one it is off.

    `requests_per_min` is how many requests each process answers with each token in a minute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_min: Annotated[int, Field(ge=1, le=6000)] = 60
    tokens: tuple[ApiToken, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> ApiSettings:
        names = [each.name for each in self.tokens]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"has two tokens with the same name, {twice[0]}")
        return self


class StatusPageSettings(BaseModel):
    """The page `/status` for people without Slack: `off`, behind a `token` of `[api]`, or `open` to all.

    The token is given as the password that the browser asks for; it must have the scopes `status:read` and
    `incidents:read`. The open page names no node, no person and nothing that came from outside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    access: Literal["off", "token", "open"] = "off"
