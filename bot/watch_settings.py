"""The sections `[doctor]` and `[heartbeat]` of the bot's configuration: who watches the bot itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.secret_files import SecretFile


class DoctorSettings(BaseModel):
    """How often `neumann-bot doctor --watch` lets the test alert fly, and for which cluster, or the first.

    Once it is set, the bot's metrics say so, and the shipped rule NeumannBotCanaryOverdue fires where no test
    alert has gone all the way for twice as long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    canary_every_min: Annotated[int | None, Field(ge=5, le=1440)] = None
    canary_cluster: str = ""

    @property
    def canary_every_s(self) -> float | None:
        """Return the interval in seconds; `None` where the test alert does not fly by itself."""
        return None if self.canary_every_min is None else self.canary_every_min * 60.0


class HeartbeatSettings(BaseModel):
    """An address outside that is asked while the bot's work goes on, and misses it once it does not.

    The address is read from a file: whoever knows it can beat in the bot's place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretFile | None = None
    every_s: Annotated[int, Field(ge=10, le=3600)] = 60
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
