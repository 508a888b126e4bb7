"""Socket Mode: the app opens a websocket to the workspace, and everything it hears of comes through it."""

import asyncio
import itertools
import json
import socket
import uuid

from aiohttp import WSMsgType, web

from lab.slack.app.requests import AppRequestError
from lab.slack.limit_table import ACK_TIMEOUT_S
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


class SocketMode:
    """The sockets that the app has open; each envelope goes to one of them, in turn."""

    def __init__(self, workspace: Workspace, ack_timeout_s: float = ACK_TIMEOUT_S) -> None:
        self._workspace = workspace
        self._ack_timeout_s = ack_timeout_s
        self._sockets: list[web.WebSocketResponse] = []
        self._awaited: dict[str, asyncio.Future[Json]] = {}
        self._turns = itertools.count()
        self._runner: web.AppRunner | None = None

    @property
    def is_connected(self) -> bool:
        """Return whether the app has a socket open."""
        return bool(self._sockets)

    async def start(self, host: str) -> None:
        """Listen on a free port, and tell the workspace where."""
        app = web.Application()
        app.router.add_get("/link/", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        listening = socket.create_server((host, 0))
        await web.SockSite(self._runner, listening).start()
        self._workspace.socket_url = f"ws://{host}:{listening.getsockname()[1]}/link/"

    async def stop(self) -> None:
        """Close every socket, and the port."""
        await self.disconnect("link_disabled")
        if self._runner is not None:
            await self._runner.cleanup()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Say goodbye as Slack does; after a "warning" the sockets stay open, else they are closed."""
        goodbye = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-lab"}}
        for each in tuple(self._sockets):
            await each.send_json(goodbye)
            if reason != "warning":
                self._sockets.remove(each)
                await each.close()

    async def command(self, form: Json) -> str:
        """Send a slash command; give the acknowledgement's payload as the text of a response would be.

        Raises `AppRequestError` when there is none within the ack timeout; so do the other two.
        """
        return await self._send("slash_commands", form, accepts_response_payload=True)

    async def interact(self, payload: Json) -> str:
        """Send a click, a shortcut, or what was done with a modal."""
        takes = payload["type"] == "view_submission"
        return await self._send("interactive", payload, accepts_response_payload=takes)

    async def event(self, envelope: Json, retry_number: int = 0) -> None:
        """Send one Events API envelope."""
        reason = "timeout" if retry_number else ""
        retry = {"retry_attempt": retry_number, "retry_reason": reason}
        await self._send("events_api", envelope, accepts_response_payload=False, **retry)

    async def _send(self, kind: str, payload: Json, *, accepts_response_payload: bool, **more: object) -> str:
        if not self._sockets:
            raise AppRequestError("dispatch_failed")
        envelope_id = str(uuid.uuid4())
        answer = self._awaited[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts_response_payload,
            **more,
        }
        try:
            async with asyncio.timeout(self._ack_timeout_s):
                await self._sockets[next(self._turns) % len(self._sockets)].send_json(envelope)
                acknowledgement = await answer
        except TimeoutError as error:
            raise AppRequestError("operation_timeout") from error
        except ConnectionError as error:
            raise AppRequestError("dispatch_failed") from error
        finally:
            del self._awaited[envelope_id]
        response = acknowledgement.get("payload") if accepts_response_payload else None
        return json.dumps(response) if response else ""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not self._workspace.socket_tickets.redeem(request.query.get("ticket", "")):
            return web.Response(status=403)
        link = web.WebSocketResponse()
        await link.prepare(request)
        self._sockets.append(link)
        await link.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets),
                "connection_info": {"app_id": self._workspace.directory.app_id},
                "debug_info": {"host": "applink-lab", "approximate_connection_time": 3600},
            }
        )
        try:
            async for message in link:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            if link in self._sockets:
                self._sockets.remove(link)
        return link

    def _acknowledge(self, text: str) -> None:
        """Note an acknowledgement; one which is late, or of nothing we sent, is let go."""
        try:
            sent = json.loads(text)
        except ValueError:
            return
        awaited = self._awaited.get(str(sent.get("envelope_id"))) if isinstance(sent, dict) else None
        if awaited and not awaited.done():
            awaited.set_result(sent)
