"""What the page, and a person without a browser, ask of the server."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lab.slack import access
from lab.slack.app import announcements
from lab.slack.app.interactions import Interactions
from lab.slack.app.outcome import Outcome
from lab.slack.app.reactions import drop_reaction, emoji_name, put_reaction
from lab.slack.message import Message
from lab.slack.modals import OpenView
from lab.slack.page_state import page_state
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json

# A page of another site cannot send this header without asking first, and is never allowed to.
PAGE_HEADER = "x-lab-page"


class PageRoutes:
    """The `/page/` endpoints."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._workspace = interactions.workspace

    def routes(self) -> list[Route]:
        """Return all of them; those which change something are guarded against other origins."""
        acts = (
            self.message,
            self.delete,
            self.click,
            self.submit,
            self.close,
            self.react,
            self.shortcut,
            self.home,
        )
        controls = (self.fail, self.clear, self.archive, self.invite)
        posts = [
            Route(f"/page/{each.__name__}", _guarded(each), methods=["POST"]) for each in acts + controls
        ]
        return [Route("/page/state", self.state), Route("/page/events", self.events), *posts]

    async def state(self, request: Request) -> Response:
        """Return everything one person sees: `?user=alice`."""
        try:
            return JSONResponse(page_state(self._workspace, request.query_params.get("user", "alice")))
        except SlackRefusalError as refusal:
            return JSONResponse({"error": refusal.error}, status_code=404)

    async def events(self, request: Request) -> Response:
        """Send the workspace's version each time it changes, as server-sent events."""
        return StreamingResponse(
            self._versions(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def message(self, asked: Json) -> Outcome:
        """Write a message or command: user, channel, text, thread_ts."""
        user = access.signed_in(self._workspace, asked.get("user"))
        channel = access.writable_channel_of(self._workspace, user, asked.get("channel"))
        text = str(asked.get("text") or "").strip()
        if not text:
            raise SlackRefusalError("no_text")
        return await self._interactions.write(user, channel, text, asked.get("thread_ts") or None)

    async def delete(self, asked: Json) -> Outcome:
        """Delete a message, one's own or, for an admin, anybody's: user, channel, ts."""
        user, message = access.signed_in(self._workspace, asked.get("user")), self._message(asked)
        if message.user_id != user.id and not user.is_admin:
            raise SlackRefusalError("cant_delete_message")
        self._workspace.delete(message)
        return Outcome()

    async def click(self, asked: Json) -> Outcome:
        """Act on an element: user, block_id, action_id, value, and channel + ts or view_id (+ values)."""
        ids = str(asked.get("block_id")), str(asked.get("action_id"))
        user = access.acting_person(self._workspace, asked.get("user"))
        if asked.get("view_id"):
            values = asked.get("values") or {}
            return await self._interactions.click_in_view(self._view(asked), ids, asked.get("value"), values)
        return await self._interactions.click(user, self._message(asked), ids, asked.get("value"))

    async def submit(self, asked: Json) -> Outcome:
        """Submit a modal: user, view_id, values."""
        return await self._interactions.submissions.submit(self._view(asked), asked.get("values") or {})

    async def close(self, asked: Json) -> Outcome:
        """Close a modal: user, view_id."""
        return await self._interactions.submissions.close(self._view(asked))

    async def react(self, asked: Json) -> Outcome:
        """Add a reaction, or take one's own back: user, channel, ts, name."""
        user, message = access.signed_in(self._workspace, asked.get("user")), self._message(asked)
        access.writable_channel_of(self._workspace, user, message.channel_id)
        name = emoji_name(asked.get("name"))
        has_it = any(each.name == name and user.id in each.user_ids for each in message.reactions)
        (drop_reaction if has_it else put_reaction)(self._workspace, message, user.id, name)
        return Outcome()

    async def shortcut(self, asked: Json) -> Outcome:
        """Choose a shortcut: user, callback_id, and channel + ts for one on a message."""
        user = access.person_of_this_workspace(self._workspace, asked.get("user"))
        message = self._message(asked) if asked.get("ts") else None
        return await self._interactions.shortcut(user, str(asked.get("callback_id")), message)

    async def home(self, asked: Json) -> Outcome:
        """Open the app's Home tab: user."""
        user = access.person_of_this_workspace(self._workspace, asked.get("user"))
        announcements.home_opened(self._workspace, user)
        return Outcome()

    async def fail(self, asked: Json) -> Outcome:
        """Make the Web API fail: method, kind, times (0: until cleared), retry_after_s, delay_s, status."""
        if not asked.get("kind"):
            raise SlackRefusalError("invalid_arguments")
        numbers = {name: asked[name] for name in ("retry_after_s", "delay_s", "status") if name in asked}
        times = int(asked.get("times", 1)) or None
        self._workspace.fail(str(asked.get("method") or "*"), str(asked["kind"]), times=times, **numbers)
        return Outcome()

    async def clear(self, asked: Json) -> Outcome:
        """Take a fault away: id, or none for all."""
        self._workspace.faults.clear(asked.get("id"))
        return Outcome()

    async def archive(self, asked: Json) -> Outcome:
        """Archive a channel, or bring it back: channel, is_on."""
        self._workspace.archive(str(asked.get("channel")), is_archived=bool(asked.get("is_on")))
        return Outcome()

    async def invite(self, asked: Json) -> Outcome:
        """Invite the bot to a channel, or take it out: channel, is_on."""
        self._workspace.remove_bot(str(asked.get("channel")), is_removed=not asked.get("is_on"))
        return Outcome()

    def _message(self, asked: Json) -> Message:
        user = access.signed_in(self._workspace, asked.get("user"))
        channel = access.channel_of(self._workspace, user, asked.get("channel"))
        return self._workspace.message(channel.id, asked.get("ts"))

    def _view(self, asked: Json) -> OpenView:
        user = access.acting_person(self._workspace, asked.get("user"))
        home = self._workspace.homes.find(asked.get("view_id"))
        view = home or self._workspace.modals.find(asked.get("view_id"))
        if view.user_id != user.id:
            raise SlackRefusalError("not_found")
        return view

    async def _versions(self) -> AsyncIterator[str]:
        version = -1
        while not self._workspace.is_closed:
            version = await self._workspace.wait_for_change(version)
            yield f"data: {version}\n\n"


def _guarded(act: Callable[[Json], Awaitable[Outcome]]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that takes JSON from the lab's own page or a program, and from no other page."""

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
