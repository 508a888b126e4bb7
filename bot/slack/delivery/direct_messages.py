"""What a run does, told to the person who confirmed it, where the incident's thread cannot show it."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.slack.delivery.outcome import Spot, StillRefusedError
from bot.slack.delivery.thread_pass import ThreadPass
from bot.slack.delivery.web_api import SlackRefused
from bot.slack.views.blocks import escape
from handlers.domain.incident import Incident
from handlers.errors import SlackDown

log = structlog.get_logger()

DIRECT = "@"
"""Before the key of a message that goes to a person."""


async def tell_directly(thread: ThreadPass, incident: Incident) -> None:
    """Send the newest run, with its button, to who confirmed it, and then how it came out.

    It begins where the thread does not show a run that goes on; from there on the person hears the rest. What
    Slack refuses here too is passed over: there is no further way.
    """
    run, outcome = incident.run, thread.outcome
    if run is None:
        return
    progress = f"run-{len(incident.runs)}"
    has_begun = f"{DIRECT}{progress}" in thread.delivery.posted
    if not has_begun and not (incident.running and progress in outcome.hidden):
        return
    line = escape(f"{incident.id} on {incident.cluster}: its thread cannot show this, so it comes to you.")
    for message in thread.messages:
        if message.key in (progress, "verified") or message.key.startswith("closed"):
            told = replace(message, key=f"{DIRECT}{message.key}").led_by(line)
            try:
                await thread.delivery.deliver(told, Spot(run.confirmed_by.id, searchable=False))
            except SlackRefused as error:
                log.warning("not_told_directly", incident=incident.id, error=str(error))
                return
            except StillRefusedError:
                return
            except SlackDown as error:
                outcome.later.append(error)
                return
