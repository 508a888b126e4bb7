"""What every event of a timeline carries, and who is named in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from runbooks.evidence import Frozen

EVENTS_VERSION = 1
"""The version this bot writes, and the highest it reads.

It is raised where an older bot could read an event and misunderstand it. A kind or a field that an older bot
does not know, it refuses anyway.
"""


class TimelineEvent(Frozen):
    """What every event carries: when it happened, and the version of the format it was written in."""

    at: AwareDatetime
    version: Annotated[int, Field(ge=1, le=EVENTS_VERSION)] = EVENTS_VERSION


class Person(Frozen):
    """Someone in Slack, or at a terminal: the id decides, the name is for reading."""

    id: str
    name: str
    team: str = ""
