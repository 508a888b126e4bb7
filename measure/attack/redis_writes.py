"""Random writes under the bot's keys in Redis: odd values, and genuine ones moved, cut, doubled, aged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from redis.exceptions import ResponseError

from bot.store.keys import Keys, kinds

MAX_KEPT = 40
"""So many older values of each key are kept, to be put back."""


def words(chance: random.Random) -> bytes:
    """Bytes that nobody meant: none, some, odd text, what looks like a value of the bot's but is none."""
    return chance.choice(
        [
            chance.randbytes(chance.randrange(1, 40)),
            b"\xff\xfe\x00",
            b"",
            b"inc-1-xxxxx",
            b"inc-999999999999999999999-y",
            b'{"channel": 5}',
            b"[]",
            b"1e999",
            b"99999999999999999999:x",
            b"9223372036854775807",
            b"-1",
            b"5 abc",
            "\u2028\u202e".encode() * 3,
        ]
    )


def every_key(keys: Keys, incident: str, cluster: str) -> list[str]:
    """Every key that there may be, with its arguments as the bot would fill them in."""
    filled = {
        "incident": [incident],
        "handle": ["handle-1"],
        "queue": ["steps", "views", "pages", "chores"],
        "message": ["headline"],
        "limit": ["post:C0INCIDENT", "edit", "search"],
        "channel": ["C0INCIDENT"],
        "ts": ["1.2"],
        "name": ["links"],
        "what": ["groups"],
        "person": ["U0ALICE001"],
        "key": [cluster],
        "cluster": [cluster],
    }
    made = []
    for name, (_, parameters) in kinds().items():
        for first in filled[parameters[0]] if parameters else [""]:
            rest = (filled[each][0] for each in parameters[1:])
            made.append(getattr(keys, name)(*([first, *rest] if parameters else [])))
    return made


class Writes:
    """Writes of an attacker who has Redis alone; each is a method, whose name says what it does."""

    def __init__(self, redis: Any, keys: list[str], chance: random.Random) -> None:
        self._redis, self._keys, self._chance = redis, [each.encode() for each in keys], chance
        self._older: dict[bytes, list[bytes]] = defaultdict(list)
        self.kinds: tuple[Callable[[bytes], Awaitable[object]], ...] = (
            self._odd_value,
            self._odd_value,
            self._odd_part,
            self._changed_byte,
            self._moved,
            self._cut,
            self._doubled,
            self._older_value,
            self._gone,
        )

    async def one(self) -> tuple[bytes, bytes | None, str]:
        """Write once; return the key, its dump from before, and what was done to it."""
        there = [each async for each in self._redis.scan_iter(match=f"{self._prefix()}*", count=1000)]
        key = self._chance.choice([*there, *self._keys]) if there else self._chance.choice(self._keys)
        before = await self.dump(key)
        write = self._chance.choice(self.kinds)
        try:
            await write(key)
        except (ResponseError, IndexError):
            return key, before, "not to be done there"
        return key, before, write.__name__

    def _prefix(self) -> str:
        return self._keys[0].decode().split("}")[0] + "}"

    async def dump(self, key: bytes) -> bytes | None:
        """Return what stands under a key, and keep it as an older value."""
        found: bytes | None = await self._redis.dump(key)
        kept = self._older[key]
        if found and found not in kept[-1:]:
            kept.append(found)
            del kept[:-MAX_KEPT]
        return found

    async def put_back(self, key: bytes, before: bytes | None) -> None:
        """Let the key be as it was."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            if before:
                pipe.restore(key, 0, before)
            await pipe.execute()

    async def _odd_value(self, key: bytes) -> object:
        chance, redis, odd = self._chance, self._redis, words(self._chance)
        kind = chance.choice(["string", "number", "list", "set", "zset", "hash", "stream"])
        async with redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            match kind:
                case "string":
                    pipe.set(key, odd)
                case "number":
                    pipe.set(key, chance.choice([-1, 0, 2**63 - 1, 10**15]))
                case "list":
                    pipe.lpush(key, odd)
                case "set":
                    pipe.sadd(key, odd)
                case "zset":
                    pipe.zadd(key, {words(chance): each for each in (float("-inf"), 0.0, 1e15, float("inf"))})
                case "hash":
                    pipe.hset(key, odd, words(chance))
                case _:
                    pipe.xadd(key, {odd: words(chance), b"event": odd, b"mac": odd, b"body": odd})
            return await pipe.execute()

    async def _odd_part(self, key: bytes) -> object:
        """Put something odd beside, or into, what is there."""
        odd: Any = words(self._chance)
        match await self._redis.type(key):
            case b"hash":
                fields = await self._redis.hkeys(key)
                return await self._redis.hset(key, self._chance.choice([*fields, odd]), words(self._chance))
            case b"zset":
                score = self._chance.choice([float("-inf"), 0.0, 1e15])
                return await self._redis.zadd(key, {odd: score})
            case b"stream":
                return await self._redis.xadd(key, {b"event": odd, b"mac": odd, b"body": odd, b"seal": odd})
            case b"string":
                return await self._redis.append(key, odd)
        return await self._redis.hset(key, odd, odd)

    async def _changed_byte(self, key: bytes) -> object:
        """Change one byte of a genuine value."""
        match await self._redis.type(key):
            case b"string":
                return await self._redis.set(key, self._other(await self._redis.get(key)))
            case b"hash":
                field, value = await self._of_hash(key)
                return await self._redis.hset(key, field, self._other(value))
            case b"stream":
                entries: Any = await self._redis.xrange(key)
                place, fields = self._chance.choice(entries)
                name = self._chance.choice(list(fields))
                changed = [(e, f | ({name: self._other(f[name])} if e == place else {})) for e, f in entries]
                return await self._stream(key, changed)
        return None

    def _other(self, value: bytes) -> bytes:
        if not value:
            return b"\x00"
        at = self._chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << self._chance.randrange(8))]) + value[at + 1 :]

    async def _of_hash(self, key: bytes) -> tuple[bytes, bytes]:
        found: dict[bytes, bytes] = await self._redis.hgetall(key)
        return self._chance.choice(list(found.items()))

    async def _moved(self, key: bytes) -> object:
        """Let a genuine value stand under another key; mostly under one of its own type."""
        kind = await self._redis.type(key)
        others = [each async for each in self._redis.scan_iter(match=f"{self._prefix()}*", count=1000)]
        same = [each for each in others if await self._redis.type(each) == kind and each != key]
        target = self._chance.choice(same if same and self._chance.random() < 0.7 else self._keys)
        return await self._redis.copy(key, target, replace=True)

    async def _cut(self, key: bytes) -> object:
        """Take a part away: the newest entries, or any one."""
        match await self._redis.type(key):
            case b"stream":
                entries: Any = await self._redis.xrange(key)
                left = entries[: self._chance.randrange(len(entries) + 1)]
                if self._chance.random() < 0.3 and entries:
                    entries.pop(self._chance.randrange(len(entries)))
                    left = entries
                return await self._stream(key, left)
            case b"hash":
                return await self._redis.hdel(key, (await self._of_hash(key))[0])
            case b"zset":
                return await self._redis.zpopmin(key)
            case b"string":
                value = await self._redis.get(key)
                return await self._redis.set(key, value[: len(value) // 2])
        return None

    async def _doubled(self, key: bytes) -> object:
        """Let a part stand twice."""
        match await self._redis.type(key):
            case b"stream":
                entries: Any = await self._redis.xrange(key)
                _, fields = self._chance.choice(entries)
                again = f"{int(entries[-1][0].split(b'-')[0])}-{int(entries[-1][0].split(b'-')[1]) + 1}"
                return await self._redis.xadd(key, fields, id=again)
            case b"hash":
                field, value = await self._of_hash(key)
                other, _ = await self._of_hash(key)
                return await self._redis.hset(key, self._chance.choice([other, field + b"x"]), value)
            case b"zset":
                for member, _ in await self._redis.zrange(key, 0, 0, withscores=True):
                    return await self._redis.zadd(key, {member + b"x": 0.0, member: 0.0})
        return None

    async def _older_value(self, key: bytes) -> object:
        """Put back what stood there once."""
        if kept := self._older[key]:
            await self.put_back(key, self._chance.choice(kept))
        return None

    async def _gone(self, key: bytes) -> object:
        return await self._redis.delete(key)

    async def _stream(self, key: bytes, entries: list[tuple[bytes, Any]]) -> object:
        """Write a stream anew with these entries."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            for place, fields in entries:
                pipe.xadd(key, fields, id=place)
            return await pipe.execute()
