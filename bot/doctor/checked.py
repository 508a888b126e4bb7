"""Whether somebody may confirm, and Slack and Redis are as configured, each group and channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.doctor.patient import Patient
from bot.slack.allowance import Allowance
from bot.slack.delivery.web_api import SlackBusy, call
from bot.slack.directory import SlackDirectory
from bot.slack.lookups import Lookups
from bot.store.health import why_not_ready
from handlers.domain.escalation.model import TargetKind
from handlers.domain.permissions import GROUPS_GONE
from handlers.errors import ConfigurationError, SlackDown
from handlers.ports import Purpose
from runbooks.wording import counted

State = Literal["fine", "wrong", "not asked"]
Answer = tuple[State, str, str]
"""How it is, what was asked, and what came of it."""


NOBODY_MAY = "nobody may confirm a remedy on {cluster}: name confirm_groups or confirm_users"


async def answers(patient: Patient) -> AsyncIterator[Answer]:
    """Yield where nobody may confirm, and what Redis and Slack say, thing by thing."""
    settings, client = patient.settings, patient.slack
    for cluster in settings.clusters:
        if not settings.who_may.somebody_may_confirm(cluster.name):
            yield "wrong", f"cluster {cluster.name}", NOBODY_MAY.format(cluster=cluster.name)
    why = await why_not_ready(patient.redis, settings.redis.prefix)
    yield ("wrong", "Redis", why) if why else ("fine", "Redis", "takes writes")
    groups = sorted(settings.who_may.groups | settings.escalation.named(TargetKind.GROUP))
    channels = _channels_of(settings)
    what = f"user groups and channels: {', '.join((*groups, *channels))}"
    if isinstance(client, ConfigurationError):
        yield "not asked", f"Slack, {what}", str(client)
        return
    try:
        await call(client, "auth.test")
    except SlackDown as error:
        yield "wrong", "Slack", str(error)
        yield "not asked", what, "Slack did not let the bot in"
        return
    yield "fine", "Slack", "the bot token is taken"
    directory = SlackDirectory(client, Allowance(patient.redis, settings.redis.prefix))
    async for answer in _groups(directory, groups):
        yield answer
    for channel in channels:
        yield await _channel(client, channel)


async def _groups(directory: SlackDirectory, groups: list[str]) -> AsyncIterator[Answer]:
    patient = Lookups(directory.members)  # Slack answers twenty a minute, and there may be more groups
    for group in groups:
        what = f"user group {group}"
        try:
            members = await patient.get(group, Purpose.RUN)
        except SlackDown as error:
            yield "wrong", what, str(error)
            continue
        if members is None:
            yield "wrong", what, GROUPS_GONE.format(groups=group)
        elif not members:
            yield "wrong", what, "nobody is in it"
        else:
            yield "fine", what, counted(len(members), "member")


def _channels_of(settings: Settings) -> list[str]:
    named = settings.escalation.named(TargetKind.CHANNEL)
    return sorted(
        {settings.slack.channel, *named, *(settings.channel_of(each.name) for each in settings.clusters)}
    )


async def _channel(client: AsyncWebClient, channel: str) -> Answer:
    """Read the newest message of a channel: that is what the scopes of the app allow to ask."""
    what = f"channel {channel}"
    try:
        await call(client, "conversations.history", read=True, channel=channel, limit=1)
    except SlackBusy as busy:
        return "not asked", what, f"Slack takes no such question for {busy.wait_s:.0f} s"
    except SlackDown as error:
        return "wrong", what, str(error)
    return "fine", what, "the bot is in it"
