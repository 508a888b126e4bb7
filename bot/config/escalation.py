"""The section `[escalation]` of the bot's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.config.posture import TimeZone
from bot.secret_files import NamedFile, SecretFile
from handlers.domain.escalation.model import (
    OUTSIDE,
    EscalationPlan,
    Policy,
    Target,
    TargetKind,
    Tier,
)
from handlers.domain.escalation.quiet_hours import QuietHours

SLACK_IDS = {
    TargetKind.USER: "[UW][A-Z0-9]+",
    TargetKind.GROUP: "S[A-Z0-9]+",
    TargetKind.CHANNEL: "[CG][A-Z0-9]+",
    TargetKind.DIRECT: "[UW][A-Z0-9]+|on-call",
}
EXAMPLES = "on-call, user:U…, group:S…, channel:C…, dm:U…, dm:on-call, pagerduty, opsgenie or webhook"
_HTTPS = r"^(https://[^/?#]+|http://(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?(?![^/?]))[^#]*$"


def _that_is_https(url: str) -> str:
    if not re.fullmatch(_HTTPS, url):
        raise ValueError("is no https:// address; http:// is for this host alone")
    return url


HttpsAddress = Annotated[str, Field(json_schema_extra={"pattern": _HTTPS}), AfterValidator(_that_is_https)]
"""Where keys and pages are sent: never in the clear over a network."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _names_a_target(written: str) -> str:
    target_of(written)
    return written


TargetName = Annotated[str, AfterValidator(_names_a_target)]


def _is_written_as_a_clock_shows_it(written: object) -> object:
    if not isinstance(written, str | time):
        raise ValueError('write a time of day, such as "22:00:00"')
    return written


def _has_no_offset(written: time) -> time:
    if written.tzinfo is not None:
        raise ValueError("leave out the offset and the Z: quiet hours go by the clocks of time_zone")
    return written


WallTime = Annotated[time, BeforeValidator(_is_written_as_a_clock_shows_it), AfterValidator(_has_no_offset)]


def target_of(written: str) -> Target:
    """Return the target that a configured word names.

    Raises:
        ValueError: If it is none.
    """
    word, _, id_ = written.partition(":")
    if word == TargetKind.ON_CALL and not id_:
        return Target(kind=TargetKind.ON_CALL, id="on-call")
    if word in OUTSIDE and not id_:
        return Target(kind=TargetKind(word))
    if word in SLACK_IDS and re.fullmatch(SLACK_IDS[TargetKind(word)], id_):
        return Target(kind=TargetKind(word), id=id_)
    raise ValueError(f"{written[:40]} is nobody that can be told; write {EXAMPLES}")


class TierSettings(_Section):
    """Whom to tell once nobody has acknowledged for so many minutes since the incident was opened."""

    after_min: Annotated[int, Field(ge=0, le=1440)]
    tell: Annotated[tuple[TargetName, ...], Field(min_length=1, max_length=20)]

    @property
    def tier(self) -> Tier:
        """Return the same in the handlers' terms."""
        return Tier(timedelta(minutes=self.after_min), tuple(map(target_of, self.tell)))


class PolicySettings(_Section):
    """The tiers of some clusters and severities; what is left out matches all. The first match holds."""

    clusters: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    tiers: Annotated[tuple[TierSettings, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        minutes = [tier.after_min for tier in self.tiers]
        if minutes != sorted(minutes):
            raise ValueError("a tier is told before the one above it: order them by after_min")
        return self


class _Route(_Section):
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0


class PagerDutySettings(_Route):
    """PagerDuty's Events API v2.

    With `webhook_secrets`, those of its V3 webhook subscriptions, an acknowledgement there is one here.
    """

    routing_key: SecretFile
    url: HttpsAddress = "https://events.pagerduty.com/v2/enqueue"
    webhook_secrets: tuple[SecretFile, ...] = ()


class OpsgenieSettings(_Route):
    """Opsgenie's alert API; in Europe the address is https://api.eu.opsgenie.com."""

    api_key: SecretFile
    url: HttpsAddress = "https://api.opsgenie.com"


class PagingWebhookSettings(_Route):
    """A webhook of your own; each request is signed with the secret over its timestamp and body."""

    url: HttpsAddress
    secret: SecretFile


class PagerDutyScheduleSettings(_Route):
    """PagerDuty's on-call API, by a read-only token and the schedule's id."""

    token: SecretFile
    schedule: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
    url: HttpsAddress = "https://api.pagerduty.com"


class OnCallSettings(_Section):
    """Who is on call: an iCalendar file, or PagerDuty's schedule. `people` maps their names to Slack's ids.

    An event of the calendar is somebody's shift where its summary holds a name of `people`, or an attendee
    is one.
    """

    calendar: NamedFile | None = None
    pagerduty: PagerDutyScheduleSettings | None = None
    people: Annotated[
        dict[str, Annotated[str, Field(pattern="^[UW][A-Z0-9]+$")]], Field(min_length=1, max_length=500)
    ]

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.calendar is None) == (self.pagerduty is None):
            raise ValueError("needs one of calendar and pagerduty")
        return self


class EscalationSettings(_Section):
    """Who is told of an incident that nobody acknowledges; without policies nobody is.

    What is not critical waits from `quiet_from` to `quiet_to`, as the clocks of `time_zone` show them.
    """

    time_zone: TimeZone = "UTC"
    quiet_from: WallTime | None = None
    quiet_to: WallTime | None = None
    slack_away_s: Annotated[int, Field(ge=10, le=3600)] = 30
    policies: tuple[PolicySettings, ...] = ()
    on_call: OnCallSettings | None = None
    pagerduty: PagerDutySettings | None = None
    opsgenie: OpsgenieSettings | None = None
    webhook: PagingWebhookSettings | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet_from and quiet_to belong together")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError(
                "quiet_from and quiet_to are the same, which is no hour: leave both out, or name two"
            )
        return self

    @property
    def plan(self) -> EscalationPlan:
        """Return the same in the handlers' terms."""
        quiet = None
        if self.quiet_from is not None and self.quiet_to is not None:
            quiet = QuietHours(self.quiet_from, self.quiet_to, ZoneInfo(self.time_zone))
        policies = tuple(
            Policy(tuple(tier.tier for tier in each.tiers), each.clusters, each.severities)
            for each in self.policies
        )
        return EscalationPlan(policies, quiet, timedelta(seconds=self.slack_away_s))

    def named(self, *kinds: TargetKind) -> frozenset[str]:
        """Return the Slack ids that tiers name in these ways; whoever is on call has none here."""
        targets = (target_of(word) for each in self.policies for tier in each.tiers for word in tier.tell)
        return frozenset(each.id for each in targets if each.kind in kinds) - {"", "on-call"}

    def missing_routes(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the path of each target whose route has no section, and what is wrong."""
        has = {
            TargetKind.PAGERDUTY: self.pagerduty,
            TargetKind.OPSGENIE: self.opsgenie,
            TargetKind.WEBHOOK: self.webhook,
        }
        for number, policy in enumerate(self.policies):
            for place, tier in enumerate(policy.tiers):
                for target in map(target_of, tier.tell):
                    at = ("policies", number, "tiers", place, "tell")
                    if target.kind.is_outside and has[target.kind] is None:
                        yield at, f"{target.kind.value} has no section [escalation.{target.kind.value}]"
                    if target.id == "on-call" and self.on_call is None:
                        yield at, "on-call has no section [escalation.on_call]"
