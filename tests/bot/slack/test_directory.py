"""Who may act is asked of Slack: only what decides it, and no more often than Slack answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.slack.allowance import Allowance
from bot.slack.directory import MAX_GROUPS_A_MINUTE, TOO_OFTEN, SlackDirectory
from bot.store.keys import Keys
from handlers.domain.events.base import Person
from handlers.errors import NotAllowed
from handlers.ports import Purpose
from lab.slack import faults
from lab.slack.directory import UserGroup
from lab.slack.server import SlackWorkspaceServer

ON_CALL, NETWORK, GONE = "S0ONCALL01", "S0NETWORK1", "S0DELETED1"
ALICE, BOB = Person(id="U0ALICE001", name="alice"), Person(id="U0BOB00001", name="bob")


@pytest.fixture
def directory(slack_client: AsyncWebClient, redis: Redis, prefix: str) -> SlackDirectory:
    return SlackDirectory(slack_client, Allowance(redis, prefix))


@pytest_asyncio.fixture
async def strict() -> AsyncIterator[SlackWorkspaceServer]:
    """A workspace that answers as often as Slack says that it does."""
    async with SlackWorkspaceServer(has_rate_limits=True) as server:
        yield server


def of(server: SlackWorkspaceServer, redis: Redis, prefix: str) -> SlackDirectory:
    """One process' directory."""
    client = AsyncWebClient(token=server.bot_token, base_url=f"{server.url}/api/", timeout=10)
    return SlackDirectory(client, Allowance(redis, prefix))


class Counted(AsyncWebClient):
    """Counts the calls of each method."""

    calls: list[str]

    async def api_call(self, api_method: str, **arguments: object) -> object:  # type: ignore[override]
        self.calls.append(api_method)
        await asyncio.sleep(0.02)
        return await super().api_call(api_method, **arguments)  # type: ignore[arg-type]


async def test_a_group_that_is_not_asked_about_is_not_looked_up(
    directory: SlackDirectory, slack: SlackWorkspaceServer
) -> None:
    for method in ("usergroups.list", "usergroups.users.list"):
        slack.faults.fail(method, "missing_scope", times=None)
    member = await directory.member(ALICE)
    assert (member.id, member.groups, member.gone) == (ALICE.id, frozenset(), frozenset())


async def test_a_group_that_is_gone_counts_as_empty_and_is_named_once_in_the_log(
    directory: SlackDirectory,
) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            member = await directory.member(ALICE, (ON_CALL, GONE))
    assert member.groups == {ON_CALL}
    assert member.gone == {GONE}
    told = [each for each in logs if each["event"] == "user_group_gone"]
    assert [each["group"] for each in told] == [GONE]


@pytest.mark.parametrize("word", ["subteam_not_found", "plan_upgrade_required"])
async def test_slacks_other_words_for_it_mean_the_same(
    directory: SlackDirectory, slack: SlackWorkspaceServer, word: str
) -> None:
    for method in ("usergroups.list", "usergroups.users.list"):
        slack.faults.fail(method, word)
    assert (await directory.member(ALICE, [ON_CALL])).gone == {ON_CALL}


async def test_a_group_that_the_list_leaves_out_is_asked_about_by_itself(
    directory: SlackDirectory, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("usergroups.list", "plan_upgrade_required")
    member = await directory.member(ALICE, [ON_CALL])
    assert (set(member.groups), set(member.gone)) == ({ON_CALL}, set())


async def test_twelve_groups_are_one_call_so_that_seven_acts_in_a_few_seconds_are_taken(
    strict: SlackWorkspaceServer, redis: Redis, prefix: str
) -> None:
    twelve = [f"S0TEAM{number:04}" for number in range(12)]
    known = strict.workspace.directory
    groups = tuple(UserGroup(each, each.lower(), each, (ALICE.id,)) for each in twelve)
    strict.workspace.directory = replace(known, groups=(*known.groups, *groups))
    directory = of(strict, redis, prefix)
    for _ in range(7):
        assert (await directory.member(ALICE, twelve)).groups == set(twelve)


@pytest.mark.parametrize("word", ["missing_scope", "internal_error", "token_revoked"])
async def test_row_04_any_other_refusal_is_no_answer_and_so_a_no(
    directory: SlackDirectory, slack: SlackWorkspaceServer, word: str
) -> None:
    slack.faults.fail("usergroups.list", word)
    with pytest.raises(NotAllowed, match="does not say who you are"):
        await directory.member(ALICE, [ON_CALL])


async def test_those_who_ask_at_once_share_one_call(
    slack: SlackWorkspaceServer, redis: Redis, prefix: str
) -> None:
    client = Counted(token=slack.bot_token, base_url=f"{slack.url}/api/", timeout=10)
    client.calls = []
    directory = SlackDirectory(client, Allowance(redis, prefix))
    found = await asyncio.gather(
        *(directory.member(each, [ON_CALL], Purpose.RUN) for each in [ALICE, BOB] * 5)
    )
    assert [bool(each.groups) for each in found] == [True, False] * 5
    assert client.calls.count("usergroups.list") == 1
    assert client.calls.count("users.info") == 2
    await directory.member(ALICE, [ON_CALL])
    assert client.calls.count("usergroups.list") == 2, "a decision is asked anew"
    await directory.member(BOB, [ON_CALL], Purpose.GLANCE)
    assert client.calls.count("usergroups.list") == 2, "for a glance, what is known will do"


async def test_one_who_gives_up_takes_the_answer_from_nobody(directory: SlackDirectory) -> None:
    hasty, patient = (asyncio.create_task(directory.member(ALICE, [ON_CALL])) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).groups == {ON_CALL}


async def test_row_19_forty_clicks_of_one_person_in_three_processes_do_not_keep_on_call_from_confirming(
    strict: SlackWorkspaceServer, redis: Redis, prefix: str
) -> None:
    processes = [of(strict, redis, prefix) for _ in range(3)]
    refused = []
    for click in range(40):
        try:
            await processes[click % 3].member(BOB, [ON_CALL, NETWORK])
        except NotAllowed as error:
            refused.append(str(error))
    assert set(refused) == {TOO_OFTEN}
    assert len(refused) == 40 - MAX_GROUPS_A_MINUTE
    assert (await processes[0].member(ALICE, [ON_CALL])).groups == {ON_CALL}


async def test_a_count_that_is_none_locks_nobody_out(
    directory: SlackDirectory, redis: Redis, prefix: str
) -> None:
    await redis.set(Keys(prefix).asked("groups", ALICE.id), b"\xff")
    await redis.lpush(Keys(prefix).asked("facts", ALICE.id), "x")
    assert (await directory.member(ALICE, [ON_CALL])).groups == {ON_CALL}


@pytest.mark.process
async def test_a_run_waits_as_long_as_slack_asks_and_a_person_is_told(
    directory: SlackDirectory, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("usergroups.list", faults.RATE_LIMITED, times=2, retry_after_s=1)
    with pytest.raises(NotAllowed, match="no more questions about people for 1 s"):
        await directory.member(ALICE, [ON_CALL])
    began_s = time.monotonic()
    assert (await directory.member(ALICE, [ON_CALL], Purpose.RUN)).groups == {ON_CALL}
    assert time.monotonic() - began_s >= 1


async def test_row_05_who_joins_the_group_is_in_it_at_the_next_decision(
    directory: SlackDirectory, slack: SlackWorkspaceServer
) -> None:
    assert not (await directory.member(BOB, [ON_CALL])).groups
    there = slack.workspace.directory
    widened = replace(there.on_call, user_ids=(*there.on_call.user_ids, BOB.id))
    slack.workspace.directory = replace(there, groups=(widened, *there.groups[1:]))
    assert (await directory.member(BOB, [ON_CALL])).groups == {ON_CALL}
