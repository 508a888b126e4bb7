"""A small helping of the writes that `make fuzz` does in full."""

from __future__ import annotations

import pytest

from bot.cli.audit_check import AuditReport
from bot.grant_keys import mac
from bot.store.keys import Keys, kinds
from measure.attack.audits import Entries, Tally, first_other, judge
from measure.attack.redis_fuzz import fuzz
from measure.attack.redis_writes import every_key

KEY = b"k" * 32


@pytest.mark.process
async def test_row_08_random_writes_to_redis_end_no_process_do_nothing_and_call_nothing_false_sound() -> None:
    tally = await fuzz(200, seed=8)
    assert tally.wrongs == []
    assert tally.count == 200
    assert tally.sound > 0, "what nobody has touched is sound"


def test_every_key_that_the_bot_has_is_written_to() -> None:
    keys = every_key(Keys("{x}"), "inc-1", "demo")
    assert len(keys) == len(set(keys))
    assert len(keys) >= len(kinds())


async def sound(incident: str) -> AuditReport:
    return AuditReport(incident, 1, (), 0, ())


def written() -> dict[bytes, bytes]:
    event = b'{"kind": "noted"}'
    return {b"event": event, b"mac": mac(KEY, b"inc-1", b"1", b"", event).hex().encode()}


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ([(b"0-1", written())], None),
        ([(b"0-1", {b"event": written()[b"event"]})], 1),
        ([(b"0-1", {b"mac": written()[b"mac"]})], 1),
        ([(b"0-2", written())], 1),
        ([(b"0-1", written()), (b"0-2", written())], 2),
    ],
)
async def test_an_entry_that_the_bot_did_not_write_is_a_wrong_where_the_audit_says_sound(
    entries: Entries, place: int | None
) -> None:
    tally = Tally()

    async def not_sound(incident: str) -> str | None:
        other = first_other(incident, entries, KEY)
        return f"event {other} is another" if other else None

    await judge(tally, "inc-1", sound, not_sound, "a write")
    assert [each.rpartition(": ")[2] for each in tally.wrongs] == [f"event {place} is another"] * bool(place)
    assert (tally.audits, tally.sound) == (1, 1)


async def test_what_fails_while_it_is_held_against_the_audit_is_a_wrong_and_a_failing_audit_is_none() -> None:
    async def fails(_: str) -> None:
        raise ValueError("no event at all")

    async def cannot_check(_: str) -> AuditReport:
        raise ValueError("cannot be read")

    tally = Tally()
    await judge(tally, "inc-1", sound, fails, "a write")
    assert len(tally.wrongs) == 1 and "no event at all" in tally.wrongs[0]
    await judge(tally, "inc-1", cannot_check, fails, "a write")
    assert len(tally.wrongs) == 1 and tally.audits == 1
