"""Makes Slack show what `view.render` says should be there: posts what is missing, edits what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import aiohttp
from redis.asyncio import Redis
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.message import Message
from bot.slack.pace import EDITS, POSTS, Pace, SlackBusy, asked_to_wait_s
from bot.slack.posted import Posted, read_posted
from bot.slack.view import render
from bot.timeline_store import HANDLE_LIFE_S, store_errors, text
from handlers.errors import SlackDown
from handlers.incident import Incident
from handlers.ports import Place

METADATA_EVENT = "neumann_incident"


class SlackThread:
    """One parent message per incident and its replies; what was posted is kept in Redis."""

    def __init__(
        self, client: AsyncWebClient, redis: Redis, prefix: str, channel_of: Callable[[str], str]
    ) -> None:
        self._client = client
        self._redis = redis
        self._prefix = prefix
        self._channel_of = channel_of
        self._pace = Pace(redis, prefix)

    def _key(self, incident_id: str) -> str:
        return f"{self._prefix}:thread:{incident_id}"

    async def greet(self) -> str:
        """Say hello to Slack: shows at the start whether the token works, and opens the connection.

        Returns:
            The bot's own name there.

        Raises:
            SlackDown: With what to mend.
        """
        return str((await self._call("auth.test")).get("user", "unnamed"))

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        """Whether the incident posted the message there, through this app and in this workspace."""
        return any(
            (posted.channel, posted.ts) == (place.channel, place.message_ts)
            and posted.app in ("", place.app)
            and posted.team in ("", place.team)
            for posted in (await self._posted(incident_id)).values()
            if posted.ts
        )

    async def place_of(self, incident_id: str) -> Place | None:
        """Where the incident's first message stands."""
        parent = (await self._posted(incident_id)).get("headline")
        if parent is None or not parent.ts:
            return None
        return Place(parent.app, parent.team, parent.channel, parent.ts)

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """The incident that posted this message; kept as long as the message may be clicked."""
        async with store_errors():
            found = await self._redis.get(f"{self._prefix}:message:{channel}:{message_ts}")
        return text(found) if found else None

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Whether the incident's messages were posted by this app in this workspace."""
        posted = [each for each in (await self._posted(incident_id)).values() if each.ts]
        return bool(posted) and all(each.app in ("", app) and each.team in ("", team) for each in posted)

    async def sync(self, incident: Incident) -> bool:
        """Post and edit the difference, parent first.

        Returns:
            Whether something that stood there was edited.

        Raises:
            SlackBusy: If it is not yet its turn.
            SlackDown: If Slack did not take something; what it took is remembered.
        """
        edited = False
        if incident.opened_at is None:
            return edited
        posted, redis = await self._posted_in_this_run(incident.id)
        channel = self._channel_of(incident.cluster)
        parent_ts: str | None = None
        messages = render(incident)
        # One that restarted, failed over or was restored may have lost the notes of what stands there.
        doubted = any(each.redis != redis for each in posted.values())
        for message in messages:
            before = posted.get(message.key)
            if before is None or not before.ts:
                claimed = before is not None or doubted
                before = await self._post(
                    incident.id, Posted(channel, redis=redis), message, parent_ts, claimed=claimed
                )
            elif before.content != _content(message):
                await self._edit(incident.id, message, before)
                edited = True
            parent_ts = parent_ts or before.ts
        return edited

    async def _post(
        self, incident_id: str, claim: Posted, message: Message, parent_ts: str | None, *, claimed: bool
    ) -> Posted:
        channel = claim.channel
        ts = await self._find(incident_id, channel, message.key, parent_ts) if claimed else None
        if ts:
            found = replace(claim, ts=ts)
        else:
            async with self._pace.turn(f"post:{channel}", incident_id, POSTS):
                found = await self._send(incident_id, claim, message, parent_ts)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._key(incident_id), message.key, json.dumps(asdict(found)))
            at = f"{self._prefix}:message:{found.channel}:{found.ts}"
            pipe.set(at, incident_id, ex=HANDLE_LIFE_S)
            await pipe.execute()
        return found

    async def _send(self, incident_id: str, claim: Posted, message: Message, parent_ts: str | None) -> Posted:
        await self._remember(incident_id, message.key, claim)
        metadata = {
            "event_type": METADATA_EVENT,
            "event_payload": {"incident": incident_id, "key": message.key},
        }
        post = {"channel": claim.channel, "thread_ts": parent_ts, "metadata": metadata, **_body(message)}
        try:
            response = await self._call("chat.postMessage", **post)
        except SlackBusy:
            await self._forget(incident_id, message.key)  # it is not there, so nobody need look for it
            raise
        said = response.get("message", {})
        return Posted(
            response["channel"],
            response["ts"],
            _content(message),
            str(said.get("app_id", "")),
            str(said.get("team", "")),
            claim.redis,
        )

    async def _edit(self, incident_id: str, message: Message, before: Posted) -> None:
        async with self._pace.turn("edit", incident_id, EDITS):
            await self._call("chat.update", channel=before.channel, ts=before.ts, **_body(message))
        await self._remember(incident_id, message.key, replace(before, content=_content(message)))

    async def _find(self, incident_id: str, channel: str, key: str, parent_ts: str | None) -> str | None:
        """A message whose answer was lost may be there: look for it by its metadata before posting again."""
        wanted = {"incident": incident_id, "key": key}
        query: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 100}
        if parent_ts:
            response = await self._call("conversations.replies", read=True, ts=parent_ts, **query)
        else:
            response = await self._call("conversations.history", read=True, **query)
        for found in response.get("messages", []):
            metadata = found.get("metadata") or {}
            if metadata.get("event_type") == METADATA_EVENT and metadata.get("event_payload") == wanted:
                return str(found["ts"])
        return None

    async def _call(
        self,
        method: str,
        *,
        read: bool = False,
        **arguments: Any,  # noqa: ANN401  Slack's JSON
    ) -> Mapping[str, Any]:
        payload = {name: value for name, value in arguments.items() if value is not None}
        try:
            # Slack's reading methods take no JSON.
            response = await (
                self._client.api_call(method, http_verb="GET", params=payload)
                if read
                else self._client.api_call(method, json=payload)
            )
        except SlackApiError as error:
            said = str(error.response.get("error", "unknown"))
            if said == "ratelimited":
                raise SlackBusy(asked_to_wait_s(error.response.headers)) from error
            raise SlackDown(_mend(method, said)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise SlackDown(f"{method}: Slack does not answer ({type(error).__name__}).") from error
        body = response.data
        return body if isinstance(body, dict) else {}

    async def _posted(self, incident_id: str) -> dict[str, Posted]:
        async with store_errors():
            return read_posted(await self._redis.hgetall(self._key(incident_id)))

    async def _posted_in_this_run(self, incident_id: str) -> tuple[dict[str, Posted], str]:
        """What is noted, and which run of Redis says so."""
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self._key(incident_id))
            pipe.info("server")
            fields, info = await pipe.execute()
        return read_posted(fields), str(info.get("run_id", ""))

    async def _remember(self, incident_id: str, key: str, posted: Posted) -> None:
        async with store_errors():
            await self._redis.hset(self._key(incident_id), key, json.dumps(asdict(posted)))

    async def _forget(self, incident_id: str, key: str) -> None:
        async with store_errors():
            await self._redis.hdel(self._key(incident_id), key)


def _body(message: Message) -> dict[str, Any]:
    if message.colour is None:
        return {"text": message.text, "blocks": list(message.blocks)}
    # Slack shows `text` above the attachment; as its fallback it is shown only where blocks cannot be.
    attachment = {"color": message.colour, "fallback": message.text, "blocks": list(message.blocks)}
    return {"attachments": [attachment]}


def _content(message: Message) -> str:
    body = json.dumps(_body(message), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:32]


_MENDS = {
    "not_in_channel": "invite the bot to the channel (/invite @neumann-bot)",
    "channel_not_found": "check the channel id in the configuration",
    "is_archived": "the channel is archived; name another in the configuration",
    "invalid_auth": "check the bot token",
    "missing_scope": "reinstall the app with the scopes of deploy/slack-manifest.yaml",
}


def _mend(method: str, error: str) -> str:
    return f"{method}: Slack says {error}: {_MENDS.get(error, 'see the app configuration')}."
