"""What the page, and a person without a browser, ask of the server."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lab.slack.interactions import COMMANDS, Interactions, Outcome
from lab.slack.limits import SlackRefusalError
from lab.slack.message_json import message_json
from lab.slack.modals import OpenView
from lab.slack.shapes import Json
from lab.slack.view_methods import view_json
from lab.slack.workspace import Message, Workspace

# A page of another site cannot send this header without asking first, and is never allowed to.
PAGE_HEADER = "x-lab-page"


class PageRoutes:
    """The `/page/` endpoints."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._workspace = interactions.workspace

    def routes(self) -> list[Route]:
        """All of them; those which change something are guarded against other origins."""
        changing = (self.message, self.click, self.submit, self.close)
        posts = [Route(f"/page/{each.__name__}", _guarded(each), methods=["POST"]) for each in changing]
        return [Route("/page/state", self.state), Route("/page/events", self.events), *posts]

    async def state(self, request: Request) -> Response:
        """Everything one person sees: `?user=alice`."""
        try:
            return JSONResponse(page_state(self._workspace, request.query_params.get("user", "alice")))
        except SlackRefusalError as refusal:
            return JSONResponse({"error": refusal.error}, status_code=404)

    async def events(self, request: Request) -> Response:
        """Server-sent events: the workspace's version, each time it changed."""
        return StreamingResponse(
            self._versions(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def message(self, asked: Json) -> Outcome:
        """Write a message or command: user, channel, text, thread_ts."""
        user, channel = self._workspace.user(asked.get("user")), self._workspace.channel(asked.get("channel"))
        text = str(asked.get("text") or "").strip()
        if not text:
            raise SlackRefusalError("no_text")
        return await self._interactions.write(user, channel, text, asked.get("thread_ts") or None)

    async def click(self, asked: Json) -> Outcome:
        """Act on an element: user, block_id, action_id, value, and channel + ts or view_id (+ values)."""
        ids = str(asked.get("block_id")), str(asked.get("action_id"))
        if asked.get("view_id"):
            values = asked.get("values") or {}
            return await self._interactions.click_in_view(self._view(asked), ids, asked.get("value"), values)
        channel = self._workspace.channel(asked.get("channel"))
        message = self._workspace.message(channel.id, asked.get("ts"))
        user = self._workspace.user(asked.get("user"))
        return await self._interactions.click(user, message, ids, asked.get("value"))

    async def submit(self, asked: Json) -> Outcome:
        """Submit a modal: user, view_id, values."""
        return await self._interactions.submit(self._view(asked), asked.get("values") or {})

    async def close(self, asked: Json) -> Outcome:
        """Close a modal: user, view_id."""
        return await self._interactions.close(self._view(asked))

    def _view(self, asked: Json) -> OpenView:
        view = self._workspace.modals.find(asked.get("view_id"))
        if view.user_id != self._workspace.user(asked.get("user")).id:
            raise SlackRefusalError("not_found")
        return view

    async def _versions(self) -> AsyncIterator[str]:
        version = -1
        while not self._workspace.is_closed:
            version = await self._workspace.wait_for_change(version)
            yield f"data: {version}\n\n"


def page_state(workspace: Workspace, user_name: str) -> Json:
    """What one person sees, and the monotonic times at which messages came in."""
    me = workspace.user(user_name)
    directory = workspace.directory
    channels = [channel for channel in directory.channels if me.id in channel.member_ids]
    visible_ids = {channel.id for channel in channels}
    view = workspace.modals.top(me.id)
    return {
        "version": workspace.version,
        "team": directory.team_name,
        "me": me.id,
        "users": [user.to_slack(directory.team_id) for user in directory.users],
        "groups": [asdict(group) for group in directory.groups],
        "channels": [{"id": c.id, "name": c.name, "is_im": c.is_im} for c in channels],
        "commands": list(COMMANDS),
        "messages": [
            _seen(workspace, message)
            for message in workspace.messages
            if message.channel_id in visible_ids and message.ephemeral_to in (None, me.id)
        ],
        "view": view_json(workspace, view) if view else None,
    }


def _seen(workspace: Workspace, message: Message) -> Json:
    return message_json(workspace, message) | {
        "channel": message.channel_id,
        "is_ephemeral": message.ephemeral_to is not None,
        "received_monotonic_s": message.received_monotonic_s,
        "edited_monotonic_s": message.edited_monotonic_s,
    }


def _guarded(act: Callable[[Json], Awaitable[Outcome]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint which takes JSON from the lab's own page, or from a program, and from no other page."""

    async def endpoint(request: Request) -> Response:
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{request.headers.get('host')}"
        if PAGE_HEADER not in request.headers or origin not in (None, own):
            return JSONResponse({"ok": False, "error": "forbidden_origin"}, status_code=403)
        try:
            asked = json.loads(await request.body())
            outcome = await act(asked)
        except ValueError:
            outcome = Outcome(False, "invalid_json")
        except SlackRefusalError as refusal:
            outcome = Outcome(False, refusal.error)
        return JSONResponse(asdict(outcome))

    return endpoint
