"""The base of every answer's document."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A part of an answer. Every field is always there; what is not known is null, never a made-up value."""

    model_config = ConfigDict(frozen=True, extra="forbid")
