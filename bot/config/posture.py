"""The section `[posture]` of the bot's configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from handlers.domain.posture.schedule import Day, DigestSchedule, Watching


def _is_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"{name} is not a valid time zone, such as Europe/Berlin") from error
    return name


TimeZone = Annotated[str, AfterValidator(_is_time_zone)]


class PostureSettings(BaseModel):
    """How often clusters are looked at, and when the digest is posted; without `digest_day` it is not.

    Both hold for `time_zone`, a name of the IANA database.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_every_min: Annotated[int, Field(ge=5, le=120)] = 15
    digest_day: Day | None = None
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 9
    time_zone: TimeZone = "UTC"

    @property
    def watching(self) -> Watching:
        """Return the same in the handlers' terms."""
        digest = None
        if self.digest_day:
            digest = DigestSchedule(self.digest_day, self.digest_hour, ZoneInfo(self.time_zone))
        return Watching(timedelta(minutes=self.sample_every_min), digest)
