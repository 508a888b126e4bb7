"""Ask Slack who people are at the moment it matters; no answer counts as no permission."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.allowance import Allowance
from bot.slack.delivery.web_api import SlackBusy, SlackRefused, call
from bot.slack.lookups import Lookups
from handlers.domain.events.base import Person
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, SlackDown
from handlers.ports import Purpose

log = structlog.get_logger()

NO_SUCH_GROUP = frozenset({"no_such_subteam", "subteam_not_found", "plan_upgrade_required"})
"""Slack's words for a user group that is deleted or disabled, or that the workspace's plan has no more."""

ALL_GROUPS = "*"
"""What the one look-up of every group goes by."""

MAX_GROUPS_A_MINUTE = 8
"""How often user groups are looked up for one person: Slack answers twenty times a minute, for all."""

MAX_FACTS_A_MINUTE = 30
"""How often one person's account is: Slack answers a hundred a minute."""

TOO_OFTEN = (
    "You have asked for a lot within the last minute, and Slack says only so often who is in which group; try"
    " again in a minute."
)


class SlackDirectory:
    """`handlers.ports.Directory` over the Web API."""

    def __init__(self, client: AsyncWebClient, allowance: Allowance) -> None:
        self._client, self._allowance = client, allowance
        self._users = Lookups(self._ask_user)
        self._listed = Lookups(self._ask_all_groups)
        self._unlisted = Lookups(self._ask_group)
        self._told_gone: set[str] = set()
        self._home = ""

    async def name(self, user_id: str) -> str:
        """Return a user's name; the id where Slack does not say."""
        try:
            return str((await self._users.get(user_id, Purpose.GLANCE)).get("name") or user_id)
        except SlackDown:
            return user_id

    async def member(
        self, person: Person, groups: Iterable[str] = (), purpose: Purpose = Purpose.DECISION
    ) -> Member:
        """See `handlers.ports.Directory`.

        Raises:
            NotAllowed: If Slack does not answer, or this person has had too much looked up lately.
            StoreDown: If Redis does not say how much that was.
        """
        asked = sorted(groups)
        await self._count(person.id, asked, purpose)
        try:
            home = await self._home_team()
            facts, by_group = await asyncio.gather(
                self._users.get(person.id, purpose), self._members(asked, purpose)
            )
        except SlackBusy as busy:
            wait_s = math.ceil(busy.wait_s)
            sentence = f"Slack takes no more questions about people for {wait_s} s, so nothing is done yet."
            raise NotAllowed(sentence) from busy
        except SlackDown as error:
            raise NotAllowed("Slack does not say who you are at the moment, so nothing is done.") from error
        return Member(
            id=person.id,
            team=str(facts.get("team_id", "")),
            home_team=home,
            groups=frozenset(group for group, ids in by_group.items() if ids and person.id in ids),
            is_bot=bool(facts.get("is_bot")),
            is_guest=bool(facts.get("is_restricted") or facts.get("is_ultra_restricted")),
            is_deactivated=bool(facts.get("deleted")),
            gone=frozenset(group for group, ids in by_group.items() if ids is None),
        )

    async def _members(self, groups: list[str], purpose: Purpose) -> Mapping[str, frozenset[str] | None]:
        """Return the members of each group, `None` for one that is gone; however many, it is one call.

        A group that the list leaves out is asked about by itself: only Slack's own word makes it gone.
        """
        if not groups:
            return {}
        listed = await self._listed.get(ALL_GROUPS, purpose)
        others = [group for group in groups if group not in listed]
        unlisted = await asyncio.gather(*(self._unlisted.get(group, purpose) for group in others))
        return {**{group: listed.get(group) for group in groups}, **dict(zip(others, unlisted, strict=True))}

    async def members(self, group: str) -> frozenset[str] | None:
        """Return the ids of a user group's members; `None` where the workspace has no such group.

        Raises:
            SlackDown: If Slack does not answer, or refuses.
        """
        try:
            answer = await call(self._client, "usergroups.users.list", read=True, usergroup=group)
        except SlackRefused as refused:
            if refused.word not in NO_SUCH_GROUP:
                raise
            return None
        return frozenset(answer["users"])

    async def _ask_all_groups(self, _: str) -> Mapping[str, frozenset[str]]:
        """Return the members of every group of the workspace; none where its plan has no groups."""
        try:
            answer = await call(self._client, "usergroups.list", read=True, include_users=True)
        except SlackRefused as refused:
            if refused.word not in NO_SUCH_GROUP:
                raise
            return {}
        return {each["id"]: frozenset(each.get("users", ())) for each in answer["usergroups"]}

    async def _ask_group(self, group: str) -> frozenset[str] | None:
        members = await self.members(group)
        if members is None and group not in self._told_gone:
            log.error("user_group_gone", group=group)
        (self._told_gone.add if members is None else self._told_gone.discard)(group)
        return members

    async def _count(self, person: str, groups: list[str], purpose: Purpose) -> None:
        """Keep one person from using up what Slack answers for all; a run is on everybody's behalf."""
        if purpose is Purpose.RUN:
            return
        calls = [("facts", MAX_FACTS_A_MINUTE)] * (not self._users.known(person, purpose))
        calls += [("groups", MAX_GROUPS_A_MINUTE)] * (
            bool(groups) and not self._listed.known(ALL_GROUPS, purpose)
        )
        for what, at_most in calls:
            if not await self._allowance.take(what, person, at_most):
                raise NotAllowed(TOO_OFTEN)

    async def _ask_user(self, user_id: str) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = (await call(self._client, "users.info", read=True, user=user_id))["user"]
        return facts

    async def _home_team(self) -> str:
        """Return the workspace of the bot's token; asked once, since it does not change."""
        self._home = self._home or str((await call(self._client, "auth.test"))["team_id"])
        return self._home
