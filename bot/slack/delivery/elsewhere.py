"""What an incident says outside of its thread: a tier of escalation, and the list of a wide outage."""

from __future__ import annotations

import structlog

from bot.slack.delivery.outcome import Spot, StillRefusedError
from bot.slack.delivery.posted_messages import HEADLINE
from bot.slack.delivery.rate_limiter import Rank
from bot.slack.delivery.thread_pass import ThreadPass
from bot.slack.delivery.web_api import SlackRefused
from bot.slack.views import escalation, wide_outage
from handlers.domain.escalation.model import IN_THREAD, TargetKind
from handlers.domain.incident import Incident
from handlers.errors import SlackDown

log = structlog.get_logger()


async def tell_elsewhere(thread: ThreadPass, incident: Incident) -> None:
    """Post and edit what each tier says there; a place that Slack refuses keeps the others from nothing."""
    headline = thread.delivery.posted.get(HEADLINE)
    channel = headline.channel if headline and headline.ts else ""
    for tier in incident.escalation.tiers:
        for target in tier.targets:
            if target.kind.is_outside or target.kind in IN_THREAD or target.is_nobody:
                continue
            message = escalation.elsewhere(incident, tier, target, channel)
            spot = Spot(target.id, searchable=target.kind is TargetKind.CHANNEL)
            try:
                await thread.delivery.deliver(message, spot)
            except SlackRefused as error:
                log.warning("tier_not_told", incident=incident.id, target=target.id, error=str(error))
            except StillRefusedError:
                continue
            except SlackDown as error:
                thread.outcome.later.append(error)
                return


async def tell_wide_outage(thread: ThreadPass, incident: Incident) -> None:
    """Post the list of a wide outage beside the headline of its first incident, and edit it as it changes."""
    headline, seen = thread.delivery.posted.get(HEADLINE), incident.wide_outage.seen
    if seen is None or headline is None or not headline.ts:
        return
    try:
        await thread.delivery.deliver(wide_outage.message(seen), Spot(headline.channel, rank=Rank.HEADLINE))
    except (SlackRefused, StillRefusedError, SlackDown) as error:
        thread.outcome.later.append(error)
