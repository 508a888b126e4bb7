"""A report in its thread: as a canvas where the workspace has them, else as a file that says why."""

from __future__ import annotations

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.commands.answers import PostmortemAnswer
from handlers.ports import Ports

log = structlog.get_logger()

_WHY_NO_CANVAS = {
    "canvas_disabled_user_team": "canvases are turned off in this workspace",
    "free_teams_cannot_create_non_tabbed_canvases": "canvases need a paid plan",
    "missing_scope": "for a canvas the app needs canvases:write, reinstall it from its manifest",
    "restricted_action": "this workspace does not let the app share a canvas",
}


async def put_report(
    ports: Ports,
    written: PostmortemAnswer,
    client: AsyncWebClient,
    channel: str,
    thread_ts: str | None = None,
) -> None:
    """Put the draft into the incident's thread, or where it was asked for.

    Args:
        ports: What is touched.
        written: The draft.
        client: Slack's client.
        channel: Where it was asked for.
        thread_ts: In which thread, if in one.

    Raises:
        SlackApiError: If Slack takes neither a canvas nor a file.
    """
    place = await ports.threads.place_of(written.incident.id)
    where, thread = (place.channel, place.message_ts) if place else (channel, thread_ts)
    said = f"Report of {written.incident.id}: a draft to go on with."
    try:
        await _put_canvas(written, client, where, thread, said)
    except (TimeoutError, SlackApiError, aiohttp.ClientError, OSError, ValueError, LookupError) as error:
        why = _why(error)
        log.warning("no_canvas", incident=written.incident.id, why=why)
        await client.files_upload_v2(
            content=written.markdown,
            filename=f"{written.incident.id}-report.md",
            title=f"Report of {written.incident.id}",
            channel=where,
            thread_ts=thread,
            initial_comment=f"{said} It is a file: {why}.",
        )


async def _put_canvas(
    written: PostmortemAnswer, client: AsyncWebClient, channel: str, thread_ts: str | None, said: str
) -> None:
    """Make the canvas, show its link, and let the channel write: Slack wants the link shown before that."""
    document = {"type": "markdown", "markdown": written.markdown}
    title = f"Report of {written.incident.id}"
    canvas_id = str((await client.canvases_create(title=title, document_content=document))["canvas_id"])
    team = await client.auth_test()
    link = f"{team['url']}docs/{team['team_id']}/{canvas_id}"
    await client.chat_postMessage(
        channel=channel, thread_ts=thread_ts, text=f"{said} <{link}|Open the canvas>"
    )
    await client.canvases_access_set(canvas_id=canvas_id, access_level="write", channel_ids=[channel])


def _why(error: Exception) -> str:
    if not isinstance(error, SlackApiError):
        return "Slack did not make a canvas in time"
    said = str(error.response.get("error", "unknown"))
    return _WHY_NO_CANVAS.get(said, f"Slack makes no canvas of it ({said})")
