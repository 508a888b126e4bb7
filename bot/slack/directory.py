"""Ask Slack who people are at the moment it matters; no answer counts as no permission."""

from __future__ import annotations

import asyncio

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.domain.events.base import Person
from handlers.domain.policy import Member
from handlers.errors import NotAllowed


class SlackDirectory:
    """`handlers.ports.Directory` over the Web API."""

    def __init__(self, client: AsyncWebClient, groups: frozenset[str]) -> None:
        self._client = client
        self._groups = groups
        self._home = ""

    async def name(self, user_id: str) -> str:
        """Return a user's name; the id where Slack does not say."""
        try:
            answer = await self._client.users_info(user=user_id)
        except (TimeoutError, SlackApiError, aiohttp.ClientError, OSError):
            return user_id
        return str(answer["user"].get("name") or user_id)

    async def member(self, person: Person) -> Member:
        """Ask Slack for live facts about one person.

        Raises:
            NotAllowed: If Slack does not answer.
        """
        try:
            home = await self._home_team()
            user, *memberships = await asyncio.gather(
                self._client.users_info(user=person.id),
                *(self._client.usergroups_users_list(usergroup=group) for group in self._groups),
            )
        except (TimeoutError, SlackApiError, aiohttp.ClientError, OSError) as error:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.") from error
        facts = user["user"]
        groups = (
            group
            for group, answer in zip(self._groups, memberships, strict=True)
            if person.id in answer["users"]
        )
        return Member(
            id=person.id,
            team=str(facts.get("team_id", "")),
            home_team=home,
            groups=frozenset(groups),
            is_bot=bool(facts.get("is_bot")),
            is_guest=bool(facts.get("is_restricted") or facts.get("is_ultra_restricted")),
            is_deactivated=bool(facts.get("deleted")),
        )

    async def _home_team(self) -> str:
        """Return the workspace of the bot's token; asked once, since it does not change."""
        self._home = self._home or str((await self._client.auth_test())["team_id"])
        return self._home
