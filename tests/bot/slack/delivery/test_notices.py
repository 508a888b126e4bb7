"""What belongs to no incident stands in the channel once, whatever is lost on the way."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.slack.delivery.notices import KEPT_NOTES, ChannelNotices
from bot.store.keys import Keys
from handlers.domain.posture.watch import Notice, Standing, looked
from handlers.errors import SlackDown
from lab.slack.plain_text import plain_text
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from tests.bot.slack.delivery.rig import TIMING, Rig
from tests.builders import dead, evidence, healthy

POSTURE = judge(evidence(*healthy()[:1], dead("node2"), dead("node3")), Inventory())


def notice(key: str = "crossed-1") -> Notice:
    pending = looked(Standing(), POSTURE, {}).pending
    assert pending
    return pending.model_copy(update={"key": key})


def process(at: Rig) -> ChannelNotices:
    """A process that has just begun."""
    return ChannelNotices(at.client, at.redis, at.prefix, lambda _: at.channel, TIMING)


async def test_lines_that_crossed_are_one_message_in_the_clusters_channel(at: Rig) -> None:
    await process(at).crossed("demo", notice())
    (message,) = at.messages
    assert message.channel_id == at.channel
    text = plain_text({"blocks": message.blocks})
    assert "no quorum: 1 of 3 can vote, 2 needed; node2 and node3 are down" in text
    assert "mute CHECK 7d" in text


async def test_another_process_says_it_no_second_time(at: Rig) -> None:
    await process(at).crossed("demo", notice())
    await process(at).crossed("demo", notice())
    assert at.keys() == ["crossed-1"]


@pytest.mark.parametrize("lost", ["notes", "everything"])
async def test_nor_where_redis_lost_that_it_was_said(at: Rig, redis: Redis, prefix: str, lost: str) -> None:
    await process(at).digest("demo", "digest-2026-11-30", POSTURE)
    if lost == "notes":
        await redis.delete(Keys(prefix).thread("posture-demo"))
    else:
        async for key in redis.scan_iter(f"{prefix}*"):
            await redis.delete(key)
    await process(at).digest("demo", "digest-2026-11-30", POSTURE)
    assert at.keys() == ["digest-2026-11-30"]


async def test_an_archived_channel_refuses_it_and_it_is_said_once_that_is_mended(at: Rig) -> None:
    at.channel = "C0NOTTHERE"
    with pytest.raises(SlackDown):
        await process(at).crossed("demo", notice())
    assert at.messages == []
    at.channel = "C0INCIDENT"
    await at.free_turns()
    await process(at).crossed("demo", notice())
    assert at.keys() == ["crossed-1"]


async def test_notes_of_old_notices_go(at: Rig, redis: Redis, prefix: str) -> None:
    for number in range(KEPT_NOTES + 2):
        await process(at).crossed("demo", notice(f"crossed-{number}"))
        await at.free_turns()
    kept = await redis.hkeys(Keys(prefix).thread("posture-demo"))
    assert len(kept) == KEPT_NOTES
    assert f"crossed-{KEPT_NOTES + 1}".encode() in kept


async def test_a_digest_of_51_nodes_fits_a_message(at: Rig) -> None:
    from tests.runbooks.posture.test_lines import TestFiftyOneNodes  # noqa: PLC0415

    await process(at).digest("demo", "digest-2026-11-30", TestFiftyOneNodes.read())
    (message,) = at.messages
    assert len(plain_text({"blocks": message.blocks}).splitlines()) < 60
