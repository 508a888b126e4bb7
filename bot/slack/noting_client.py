"""A client of Slack's Web API that notes each refusal by Slack's own word, whatever was called, by whom."""

from __future__ import annotations

from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.delivery.web_api import word_in
from bot.store.refusals import Refusals

OF_THE_TOKEN = ("account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked")
"""Slack's words where the token is no good; the next answer of any kind shows that it is again."""

NO_ANSWER = "no_answer"

OF_THE_MOMENT = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "user_not_found"})
"""Refusals that come of what one person did, and when; nobody has to mend anything."""


class NotingClient(AsyncWebClient):
    """The official client; its refusals are noted in Redis for metrics, probes and the App Home."""

    def __init__(self, refusals: Refusals, **options: Any) -> None:  # noqa: ANN401  the client's own options
        super().__init__(**options)
        self._refusals, self._refused = refusals, True  # perhaps before this process began

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:  # noqa: ANN401
        """Call a method; see the official client."""
        try:
            answer = await super().api_call(api_method, **arguments)
        except SlackApiError as error:
            if (said := word_of(error)) not in OF_THE_MOMENT:
                await self._note(said)
            raise
        except (TimeoutError, aiohttp.ClientError, OSError):
            await self._note(NO_ANSWER)
            raise
        if self._refused:
            self._refused = False
            await self._refusals.ended("slack", NO_ANSWER, *OF_THE_TOKEN)
        return answer

    async def _note(self, kind: str) -> None:
        self._refused = True
        await self._refusals.note("slack", kind)


def word_of(error: SlackApiError) -> str:
    """Return Slack's word for why it refuses; without one the HTTP status, as `http_502`."""
    said = getattr(error.response, "data", None)
    word = word_in(said) if isinstance(said, dict) and said.get("error") else None
    status = getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0)
    return str(word or f"http_{status}")
