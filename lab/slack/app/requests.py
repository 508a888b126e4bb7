"""Signed requests from the workspace to the app, and what Slack calls their failures."""

import asyncio
import json
import time
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier

from lab.slack.limit_table import ACK_TIMEOUT_S
from lab.slack.shapes import Json

_FORM = "application/x-www-form-urlencoded"


class AppRequestError(Exception):
    """The app did not acknowledge; the message is Slack's word for how it failed."""

    def __init__(self, error: str, *, status: int | None = None, may_retry: bool = True) -> None:
        super().__init__(error)
        self.status = status
        self.may_retry = may_retry


class AppRequests:
    """Posts to the app's one request URL, as Slack does for commands, clicks, modals and events."""

    def __init__(self, signing_secret: str, ack_timeout_s: float = ACK_TIMEOUT_S) -> None:
        self.request_url: str | None = None
        self._ack_timeout_s = ack_timeout_s
        self._signer = SignatureVerifier(signing_secret)
        self._client = httpx.AsyncClient(trust_env=False, timeout=ack_timeout_s)

    async def command(self, form: Json) -> str:
        """Send a slash command; give the acknowledgement's body.

        Raises `AppRequestError` when there is none within the ack timeout; so do the other two.
        """
        return await self._post(urlencode(form), _FORM, {})

    async def interact(self, payload: Json) -> str:
        """Send a click, a shortcut, or what was done with a modal; give the acknowledgement's body."""
        return await self._post(urlencode({"payload": json.dumps(payload)}), _FORM, {})

    async def event(self, envelope: Json, retry_number: int = 0) -> None:
        """Send one Events API envelope."""
        retry = {"X-Slack-Retry-Num": str(retry_number), "X-Slack-Retry-Reason": "http_error"}
        await self._post(json.dumps(envelope), "application/json", retry if retry_number else {})

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, body: str, content_type: str, headers: dict[str, str]) -> str:
        if self.request_url is None:
            raise AppRequestError("dispatch_failed")
        timestamp = str(int(time.time()))
        signature = self._signer.generate_signature(timestamp=timestamp, body=body)
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature or "",
            **headers,
        }
        try:
            async with asyncio.timeout(self._ack_timeout_s):
                answer = await self._client.post(self.request_url, content=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise AppRequestError("operation_timeout") from error
        except httpx.HTTPError as error:
            raise AppRequestError("dispatch_failed") from error
        if answer.status_code != 200:
            raise AppRequestError(
                "http_service_error" if answer.status_code >= 500 else "http_client_error",
                status=answer.status_code,
                may_retry=answer.headers.get("X-Slack-No-Retry") != "1",
            )
        return answer.text
