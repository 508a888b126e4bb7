"""The sections `[doctor]`, `[heartbeat]` and `[wide_outage]` of the bot's configuration: what is watched."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.secret_files import SecretFile
from handlers.domain.wide_outage.members import OutageRule


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


class WideOutageSettings(BaseModel):
    """How many clusters must get incidents within how many seconds, for one message to list them all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clusters: Annotated[int, Field(ge=2, le=10_000)] = 5
    within_s: Annotated[int, Field(ge=10, le=3600)] = 300

    @property
    def rule(self) -> OutageRule:
        """Return the same in the handlers' terms."""
        return OutageRule(self.clusters, timedelta(seconds=self.within_s))
