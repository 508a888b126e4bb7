"""Find a message whose answer was lost by its metadata, before it is posted again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.web_api import call

PAGE = 200
BEFORE_OPENING_S = 3600.0
"""How far before its incident a lost headline is looked for: the clocks of bot and Slack may differ."""


def metadata(incident_id: str, key: str) -> dict[str, Any]:
    """Return the metadata of an incident's message, which Slack keeps and nobody sees."""
    return {"event_type": "neumann_incident", "event_payload": {"incident": incident_id, "key": key}}


async def find(
    client: AsyncWebClient,
    sought: dict[str, Any],
    channel: str,
    parent_ts: str | None,
    opened_at: datetime | None,
) -> str | None:
    """Find a message by its metadata.

    Args:
        client: Slack's client.
        sought: The message's metadata.
        channel: Where it would stand.
        parent_ts: In which thread; `None` where it begins one.
        opened_at: When its incident was opened; what begins a thread is not much older.

    Returns:
        The message's ts; `None` where it is not there.

    Raises:
        SlackDown: If Slack does not say.
    """
    query: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": PAGE, "ts": parent_ts}
    if opened_at and not parent_ts:
        query["oldest"] = f"{min(opened_at.timestamp(), time.time()) - BEFORE_OPENING_S:.6f}"
    method = "conversations.replies" if parent_ts else "conversations.history"
    while True:
        response = await call(client, method, read=True, **query)
        for found in response.get("messages", []):
            if {name: (found.get("metadata") or {}).get(name) for name in sought} == sought:
                return str(found["ts"])
        query["cursor"] = (response.get("response_metadata") or {}).get("next_cursor")
        if not query["cursor"]:
            return None
