"""The way to the app, whichever it has chosen, and the events that go it."""

import asyncio
import secrets
import time

from lab.slack.app.requests import AppRequestError, AppRequests
from lab.slack.app.socket_mode import SocketMode
from lab.slack.limit_table import EVENT_RETRIES_S
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


class AppLink:
    """The app's socket while it has one open, else its request URL. `event` returns at once, and retries."""

    def __init__(
        self,
        workspace: Workspace,
        http: AppRequests,
        sockets: SocketMode,
        event_retries_s: tuple[float, ...] = EVENT_RETRIES_S,
    ) -> None:
        self.http = http
        self.sockets = sockets
        self._workspace = workspace
        self._event_retries_s = event_retries_s
        self._deliveries: set[asyncio.Task[None]] = set()
        workspace.event_listeners.append(self.event)

    @property
    def _way(self) -> AppRequests | SocketMode:
        return self.sockets if self.sockets.is_connected else self.http

    async def command(self, form: Json) -> str:
        """Send a slash command; give the acknowledgement's body; raises `AppRequestError`."""
        return await self._way.command(form)

    async def interact(self, payload: Json) -> str:
        """Send an interaction; give the acknowledgement's body; raises `AppRequestError`."""
        return await self._way.interact(payload)

    def event(self, event: Json) -> None:
        """Send an event that the app subscribes to, and again as Slack does until it is taken."""
        if not self._workspace.manifest.hears_of(event["type"], event.get("channel_type", "")):
            return
        delivery = asyncio.create_task(self._deliver(self._envelope(event)))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def stop(self) -> None:
        """Give up events still being delivered, and close the connections."""
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self.sockets.stop()
        await self.http.close()

    async def _deliver(self, envelope: Json) -> None:
        for retry_number, wait_s in enumerate((0.0, *self._event_retries_s)):
            await asyncio.sleep(wait_s)
            try:
                await self._way.event(envelope, retry_number)
            except AppRequestError as error:
                if not error.may_retry:
                    return
            else:
                return

    def _envelope(self, event: Json) -> Json:
        directory = self._workspace.directory
        authorization = {
            "enterprise_id": None,
            "team_id": directory.team_id,
            "user_id": directory.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        channel = directory.channel(event.get("channel") or (event.get("item") or {}).get("channel"))
        return {
            "token": "legacy",
            "team_id": directory.team_id,
            "api_app_id": directory.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(time.time()),
            "authorizations": [authorization],
            "is_ext_shared_channel": bool(channel and channel.is_shared),
        }
