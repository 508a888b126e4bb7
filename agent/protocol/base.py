"""The base of every wire type, and the protocol's version."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

PROTOCOL_VERSION: Literal[1] = 1


class Wire(BaseModel):
    """Base of every wire type: immutable, and an unknown field is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="null")
