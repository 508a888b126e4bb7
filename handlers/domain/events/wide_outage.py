"""Events of an outage that many clusters have at once: its members, and that an incident is one of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import TimelineEvent
from runbooks.evidence import Frozen


class OutageMember(Frozen):
    """An incident of a wide outage. `link` leads to its thread, once Slack shows it."""

    incident: str
    cluster: str
    opened_at: AwareDatetime
    is_open: bool = True
    link: str = ""


class WideOutageSeen(TimelineEvent):
    """Many clusters got incidents at once; this one, the first, has the list. `labels` are common to all."""

    kind: Literal["wide_outage_seen"] = "wide_outage_seen"
    members: tuple[OutageMember, ...]
    labels: Annotated[dict[str, str], Field(default_factory=dict)]


class WideOutageJoined(TimelineEvent):
    """This incident is one of a wide outage. `link` leads to the message that lists them all.

    It is empty until Slack has that message, and told again where that was deleted and so posted anew.
    """

    kind: Literal["wide_outage_joined"] = "wide_outage_joined"
    lead: str
    link: str
