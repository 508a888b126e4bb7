"""The picture of a month, in the channel in which it was asked for."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot import month_words
from bot.pictures.draw import draw_month
from bot.slack.delivery.web_api import FAILURES, failure
from handlers.domain.history.month import MonthReport
from handlers.domain.undetermined import Undetermined


async def put_month(
    report: MonthReport, client: AsyncWebClient, channel: str, thread_ts: str | None = None
) -> str | None:
    """Draw and upload the picture once; a lost answer costs the picture, not the table.

    Returns:
        A sentence that says why it is not there; `None` where it is.
    """
    picture = await draw_month(report)
    if isinstance(picture, Undetermined):
        return picture.sentence
    try:
        await client.files_upload_v2(
            content=picture.png,
            filename=f"{report.cluster}-{report.month}.png",
            title=f"{report.cluster}, {month_words.title(report)}",
            alt_txt=picture.alt_text,
            channel=channel,
            thread_ts=thread_ts,
        )
    except FAILURES as error:
        return f"The picture could not be put here. {failure('files_upload_v2', error)}"
    return None
