"""What is kept of postures is bounded and shared by all replicas; what is none of it does no harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs
from redis.asyncio import Redis

from bot.store.keys import Keys
from bot.store.postures import PostureStore
from handlers.domain.posture.watch import Mute, Standing, looked
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check
from runbooks.posture.samples import KEPT_SAMPLES, NodeSample, PairSample, Sample, sample_of
from tests.builders import ALICE, NOON, dead, evidence, healthy

SAMPLE = sample_of(evidence())
TOO_NEW = b'{"at": "2026-11-24T12:00:00Z", "nodes": {}, "not_known_yet": 1}'
OF_BEFORE = (
    b'{"at":"2026-11-24T12:00:00Z","nodes":{"node1":{"elections_total":3,"offset_ms":-0.2}},'
    b'"pairs":[{"one":"node1","other":"node2","sent":20,"received":20,"rtt_ms":0.4}],"slowest_rtt_ms":0.4}'
)


@pytest.fixture
def kept(redis: Redis, prefix: str) -> PostureStore:
    return PostureStore(redis, prefix)


async def test_samples_come_back_oldest_first_and_the_oldest_go(kept: PostureStore) -> None:
    for minute in range(KEPT_SAMPLES + 3):
        await kept.add_sample("demo", structs.replace(SAMPLE, at=NOON + timedelta(minutes=minute)))
    samples = await kept.samples("demo")
    assert len(samples) == KEPT_SAMPLES
    assert samples[0].at == NOON + timedelta(minutes=3)
    assert samples[-1].nodes == SAMPLE.nodes
    assert await kept.samples("eu") == ()


async def test_a_week_of_51_nodes_is_read_in_a_moment_and_takes_few_bytes(
    kept: PostureStore, redis: Redis, prefix: str
) -> None:
    names = [f"node{number}" for number in range(51)]
    wide = structs.replace(SAMPLE, nodes=dict.fromkeys(names, SAMPLE.nodes["node1"]))
    for minute in range(20):
        await kept.add_sample("demo", structs.replace(wide, at=NOON + timedelta(minutes=minute)))
    assert len(await kept.samples("demo")) == 20
    used = await redis.memory_usage(Keys(prefix).posture_samples("demo"), samples=0)
    assert used
    assert used / 20 * KEPT_SAMPLES < 1_500_000


async def test_what_an_earlier_version_kept_is_read(kept: PostureStore, redis: Redis, prefix: str) -> None:
    await redis.xadd(Keys(prefix).posture_samples("demo"), {"sample": OF_BEFORE})
    (sample,) = await kept.samples("demo")
    assert sample == Sample(
        at=NOON,
        nodes={"node1": NodeSample(elections_total=3, offset_ms=-0.2)},
        pairs=(PairSample(one="node1", other="node2", sent=20, received=20, rtt_ms=0.4),),
        slowest_rtt_ms=0.4,
    )
    assert msgspec.json.encode(sample) == OF_BEFORE, "an earlier version reads what this one keeps"


async def test_a_standing_comes_back_as_it_was(kept: PostureStore) -> None:
    posture = judge(evidence(*healthy()[:1], dead("node2"), dead("node3")), Inventory())
    standing = looked(Standing(), posture, {})
    assert standing.pending
    await kept.remember("demo", standing)
    assert await kept.standing("demo") == standing
    assert await kept.standing("eu") == Standing()


async def test_a_mute_ends_and_can_be_taken_away(kept: PostureStore) -> None:
    now = datetime.now(UTC)
    mute = Mute(until=now + timedelta(hours=1), by=ALICE)
    await kept.mute("demo", Check.ZONES, mute)
    await kept.mute("demo", Check.HOSTS, Mute(until=now - timedelta(hours=1), by=ALICE))
    assert await kept.mutes("demo") == {Check.ZONES: mute}
    await kept.mute("demo", Check.ZONES, None)
    assert await kept.mutes("demo") == {}


@pytest.mark.parametrize(
    "garbage", [b"\xff", b"{}x", b"[]", b'{"held": {"no-such-check": 1}}', b"\x78\x9c", TOO_NEW]
)
async def test_what_is_none_of_the_bots_is_as_if_it_were_not_there(
    kept: PostureStore, redis: Redis, prefix: str, garbage: bytes
) -> None:
    keys = Keys(prefix)
    await redis.set(keys.posture("demo"), garbage)
    await redis.xadd(keys.posture_samples("demo"), {"sample": garbage})
    await redis.hset(keys.posture_mutes("demo"), "no-such-check", garbage.decode(errors="replace"))
    await kept.add_sample("demo", SAMPLE)
    assert await kept.standing("demo") == Standing()
    assert await kept.samples("demo") == (SAMPLE,)
    assert await kept.mutes("demo") == {}


async def test_nor_does_a_key_of_another_type_end_the_looking(
    kept: PostureStore, redis: Redis, prefix: str
) -> None:
    keys = Keys(prefix)
    for key in (keys.posture("demo"), keys.posture_samples("demo"), keys.posture_mutes("demo")):
        await redis.lpush(key, "x")
    assert await kept.standing("demo") == Standing()
    assert await kept.samples("demo") == ()
    assert await kept.mutes("demo") == {}
    await kept.add_sample("demo", SAMPLE)
    assert await kept.samples("demo") == (SAMPLE,), "what was there is put aside"
