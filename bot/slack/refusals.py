"""What Slack says no with, in a sentence that says the mend."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

from handlers.errors import SlackDown

_MENDS = {
    "not_in_channel": "invite the bot to the channel (/invite @neumann-bot)",
    "channel_not_found": "check the channel id in the configuration",
    "is_archived": "the channel is archived; name another in the configuration",
    "invalid_auth": "check the bot token",
    "missing_scope": "reinstall the app with the scopes of deploy/slack-manifest.yaml",
    "ratelimited": "Slack asks to wait",
}


class BlocksRefused(SlackDown):
    """Slack refuses the message's blocks."""


def refusal(method: str, error: SlackApiError) -> SlackDown:
    """The error of ours that stands for Slack's.

    Args:
        method: The Web API method that was called.
        error: What Slack said.
    """
    said = str(error.response.get("error", "unknown"))
    sentence = f"{method}: Slack says {said}: {_MENDS.get(said, 'see the app configuration')}."
    return BlocksRefused(sentence) if said == "invalid_blocks" else SlackDown(sentence)
