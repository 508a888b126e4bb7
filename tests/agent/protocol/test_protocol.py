"""What is signed is taken exactly as it is signed, or not at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

from agent import protocol as wire
from agent.protocol import (
    ActionReport,
    BadGrantError,
    ClockSync,
    Grant,
    NodeState,
    SignedGrant,
    Wire,
    open_grant,
)
from agent.protocol.pairing import BotCredentials, prove
from tests.agent.bed import Bot, Node

KEY = SigningKey(b"1" * 32)
WIDER_JSON = '{"type":"set_election_timeouts","election_timeout_min_ms":1000,"election_timeout_max_ms":2000}'


def signed_bytes(payload: bytes, key: SigningKey = KEY) -> SignedGrant:
    """Sign what no `Grant` would let itself be made of."""
    return SignedGrant(
        payload=base64.b64encode(payload).decode(),
        signature=base64.b64encode(key.sign(payload).signature).decode(),
    )


def good(**changes: Any) -> Grant:
    grant = Grant(
        action_id="a" * 64,
        cluster="demo",
        node="node1",
        incident="i1",
        action=ClockSync(),
        precondition=NodeState(boot_id="b", offset_ms=2400.0, offset_error_ms=1.0),
        fence=1,
        nonce="n",
        confirmed_by="U1",
    )
    return replace(grant, **changes)


def changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(good().to_json()) | changes, separators=(",", ":")).encode()


def precondition(**changes: Any) -> bytes:
    return changed(precondition=json.loads(good().precondition.to_json()) | changes)


@pytest.mark.process
async def test_no_number_is_taken_that_cannot_be_compared(bot: Bot, node: Node):
    """Not a number is on neither side of zero, so a sign that changed would not show."""
    node.set_clock(ahead_s=-2.4, after_step_s=0)
    grant = await bot.grant(ClockSync())
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        payload = grant.to_json().replace('"offset_ms":-2400.0', '"offset_ms":@').encode()
        assert b"@" in payload
        assert await bot.commit(signed_bytes(payload.replace(b"@", word), bot.key)) == (403, "signature")
    assert node.calls("chronyc makestep") == 0
    assert isinstance(await bot.commit(grant), ActionReport)


@pytest.mark.process
async def test_a_fence_that_the_ledger_could_not_hold_is_refused(bot: Bot, node: Node):
    highest = 2**63 - 1
    for fence in (-1, highest + 1, 10**400):
        grant = await bot.grant(ClockSync())
        payload = grant.to_json().replace('"fence":1,', f'"fence":{fence},').encode()
        assert await bot.commit(signed_bytes(payload, bot.key)) == (403, "signature")
    assert node.calls("chronyc makestep") == 0
    report = await bot.commit(replace(await bot.grant(ClockSync()), fence=highest))
    assert isinstance(report, ActionReport)


@pytest.mark.parametrize(
    "payload",
    [
        changed(fence=True),
        changed(fence=1.0),
        changed(fence="1"),
        changed(action_id="A" * 64),
        changed(action_id="a" * 63),
        changed(action_id="a" * 65),
        changed(action_id="a" * 64 + "\n"),
        changed(protocol=2),
        changed(undoes=""),
        changed(undoes="../x"),
        changed(also="this"),
        changed(node=None),
        changed(action={"type": "clock_sync", "argv": ["sh"]}),
        changed(action={"type": "run"}),
        changed(action={}),
        changed(action={"type": "clock_sync", "also": {"deep": 1}}),
        changed(action={"type": ["clock_sync"]}),
        changed(action={**json.loads(WIDER_JSON), "election_timeout_min_ms": 1000.0}),
        changed(action={**json.loads(WIDER_JSON), "election_timeout_min_ms": "1000"}),
        changed(action={**json.loads(WIDER_JSON), "election_timeout_min_ms": True}),
        changed().replace(b'"clock_sync"', b'"clock_sync", "type": "restart_service"'),
        changed().replace(b'{"type"', b'{"q": ' + b"[" * 50_000 + b', "type"'),
        changed(confirmed_by="@").replace(b"@", b"\\ud800"),
        changed(confirmed_by="@").replace(b"@", b"\xff"),
        changed(fence="@").replace(b'"@"', b"9" * 10_000),
        changed(fence="@").replace(b'"@"', b"1e999"),
        precondition(offset_ms="@").replace(b'"@"', b"1e999"),
        precondition(offset_ms="@").replace(b'"@"', b"9" * 400),
        precondition(service_pid="100"),
        precondition(service_pid=100.0),
        precondition(service_pid=True),
        precondition(service_state="running"),
        b"[" * 10_000,
        b'{"action":' * 1_000,
        b"",
        b"\xff",
        b"\xef\xbb\xbf" + changed(),
        changed() + b"{}",
    ],
)
def test_signed_bytes_that_are_no_grant_are_refused(payload: bytes):
    with pytest.raises(BadGrantError, match="no grant of this protocol"):
        open_grant(signed_bytes(payload), (KEY.verify_key,))


def test_what_was_opened_is_not_changed_afterwards():
    grant = open_grant(signed_bytes(changed()), (KEY.verify_key,))
    with pytest.raises(AttributeError, match="immutable"):
        grant.node = "node2"  # type: ignore[misc]
    assert grant == good()


@pytest.mark.parametrize(
    "spelt",
    [(b'"node":"node1"', b'"node":"node2","node":"node1"'), (b'"node":', b'"node": '), (b"}", b"}\n")],
)
def test_row_14_a_grant_has_one_spelling_and_another_one_is_refused(spelt: tuple[bytes, bytes]):
    """A name that is given twice, blanks: what one parser reads otherwise than another."""
    otherwise = changed().replace(*spelt)
    assert otherwise != changed()
    with pytest.raises(BadGrantError, match="not the one form"):
        open_grant(signed_bytes(otherwise), (KEY.verify_key,))


@pytest.mark.parametrize("part", ["payload", "signature"])
@pytest.mark.parametrize("spoil", [lambda text: text + "*", lambda text: " " + text, lambda text: text[:-1]])
def test_what_is_not_base64_is_refused(part: str, spoil: Callable[[str], str]):
    signed = signed_bytes(changed())
    spoilt = replace(signed, **{part: spoil(getattr(signed, part))})
    with pytest.raises(BadGrantError, match="not base64"):
        open_grant(spoilt, (KEY.verify_key,))


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_none(length: int):
    signed = signed_bytes(changed())
    short = base64.b64encode(bytes(length)).decode()
    with pytest.raises(BadGrantError, match="No pinned key"):
        open_grant(replace(signed, signature=short), (KEY.verify_key,))


def test_any_of_the_pinned_keys_may_sign_while_they_are_rotated():
    other = SigningKey.generate()
    pinned = (other.verify_key, KEY.verify_key)
    assert open_grant(signed_bytes(changed()), pinned) == good()
    assert open_grant(signed_bytes(changed(), other), pinned) == good()
    with pytest.raises(BadGrantError):
        open_grant(signed_bytes(changed()), ())


# The bytes, words and bounds that a bot and an agent of different ages must agree on.

WIDER = wire.SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


@pytest.mark.parametrize(
    ("action", "written", "name"),
    [
        (
            ClockSync(),
            '{"type":"clock_sync"}',
            "3f21b227bbb697bf60ae136edd50f973bf5a163ff913cc99db5b685a847aff75",
        ),
        (
            WIDER,
            WIDER_JSON,
            "631d3d4e2f3afbd75e384f3da803de5a157be3b8436a73c2fef2b00270d9e0db",
        ),
        (
            wire.StartService(),
            '{"type":"start_service"}',
            "f0965c4c0d393ad38449e2346435008599943daa9fc8ef99d35add4047ef2f90",
        ),
        (
            wire.RestartService(),
            '{"type":"restart_service"}',
            "d64c7c0374b1ed578dbdc04c285e63f43bd6a57a3a82286951619ec7c7c33f5d",
        ),
    ],
)
def test_the_name_of_an_action_is_the_same_for_ever(action: wire.Action, written: str, name: str):
    """By it, what was asked for before an upgrade is known after it."""
    assert action.to_json() == written
    assert wire.parse_action(written) == action
    assert action.type == json.loads(written)["type"]
    assert wire.action_id(cluster="demo", incident="inc-7", generation=3, node="node1", action=action) == name


def test_a_grant_is_the_same_bytes_for_ever():
    state = NodeState(
        boot_id="b",
        config_sha256="ab",
        service_state="active",
        service_pid=100,
        offset_ms=2400.0,
        offset_error_ms=1e-7,
        transactions_active=0,
    )
    grant = good(action=WIDER, precondition=state, incident="inc-7", fence=7)
    assert grant.to_json() == (
        '{"protocol":1,"action_id":"' + "a" * 64 + '","cluster":"demo","node":"node1","incident":"inc-7",'
        '"action":{"type":"set_election_timeouts","election_timeout_min_ms":1000,'
        '"election_timeout_max_ms":2000},"precondition":{"boot_id":"b","config_sha256":"ab",'
        '"service_state":"active","service_pid":100,"offset_ms":2400.0,"offset_error_ms":1e-7,'
        '"transactions_active":0},"fence":7,"nonce":"n","confirmed_by":"U1","second_confirmed_by":null,'
        '"undoes":null}'
    )


def test_a_proof_is_the_same_for_ever():
    """A bot and an agent of different ages can still be paired."""
    identity = BotCredentials(
        cluster="demö",
        node="node1",
        certificates=("-----BEGIN CERTIFICATE-----\nAA+/==\n-----END CERTIFICATE-----\n",),
        verify_keys=("AAAA",),
    )
    assert prove(b"1" * 16, "bot", agent_certificate=b"DER", identity=identity) == (
        "8e78dd2a129eea1de3d42bbb2010fc5eff6f543957e82beaf8aac65f5c8b4a61"
    )


def test_the_words_of_the_wire_are_fixed():
    assert get_args(wire.LedgerState) == ("PREPARED", "INTENT", "DONE", "NOT_DONE", "UNKNOWN", "REJECTED")
    assert get_args(wire.ServiceState) == ("active", "inactive", "failed", "unknown")
    assert get_args(wire.PortName) == ("raft", "gossip")
    assert get_args(wire.ConnectResult) == (
        "open", "refused", "timeout", "unreachable", "dns", "reset", "unknown"
    )  # fmt: skip
    first = ("clock", "service", "log", "config", "disk", "metrics", "connects", "pings")
    assert first == wire.FIRST_READINGS
    second = (*first, "certificates", "full_pings")
    assert second == wire.SECOND_READINGS
    assert get_args(wire.ReadingName) == wire.ALL_READINGS == (*second, "actions")
    assert wire.PROTOCOL_VERSION == 1
    assert json.loads(good().to_json())["protocol"] == 1


def test_an_older_bot_meets_no_reading_that_it_does_not_know():
    answer = wire.Observation(cluster="demo", node="node1", boot_id="b", boottime_s=1.0)
    assert json.loads(answer.to_json()).keys() == {
        "protocol", "cluster", "node", "boot_id", "boottime_s",
        "clock", "service", "log", "config", "disk", "metrics", "connects", "pings",
    }  # fmt: skip


def test_what_is_not_said_is_not_made_up():
    assert json.loads(wire.NodeState(boot_id="b").to_json()) == {
        "boot_id": "b",
        "config_sha256": None,
        "service_state": "unknown",
        "service_pid": None,
        "offset_ms": None,
        "offset_error_ms": None,
        "transactions_active": None,
    }
    assert json.loads(wire.Read[int]().to_json()) == {"value": None, "missing": None, "took_ms": 0.0}
    assert json.loads(wire.Read[int](timed_out=True).to_json())["timed_out"] is True
    prepared = wire.Prepared(nonce="n", expires_in_s=60.0, state=NodeState(boot_id="b"))
    assert (prepared.needs_second_approver, prepared.ledger) == (False, None)
    assert wire.LedgerMark.from_json('{"epoch": "e", "count": 3}').highest_fence == 0


@pytest.mark.parametrize(
    ("type_", "document", "taken"),
    [
        (wire.PrepareRequest, {"action_id": "0" * 64, "action": {"type": "clock_sync"}}, True),
        (wire.PrepareRequest, {"action_id": "f" * 64, "action": {"type": "start_service"}}, True),
        (wire.PrepareRequest, {"action_id": "f" * 64, "action": {"type": "restart_service"}}, True),
        (wire.PrepareRequest, {"action_id": "x" + "f" * 64, "action": {"type": "clock_sync"}}, False),
        (wire.PrepareRequest, {"action_id": "f" * 64 + "x", "action": {"type": "clock_sync"}}, False),
        (wire.UndoRequest, {"action_id": "f" * 64}, True),
        (wire.UndoRequest, {"action_id": "f" * 64, "attempt": 2}, True),
        (wire.UndoRequest, {"action_id": "f" * 64, "attempt": 1}, False),
        (wire.UndoRequest, {"action_id": "f" * 64, "attempt": 101}, False),
        (wire.UndoRequest, {"action_id": "x" + "f" * 64}, False),
        (wire.UndoRequest, {"action_id": "f" * 64 + "x"}, False),
        (wire.SignedGrant, {"payload": "p" * 16_384, "signature": "s" * 128}, True),
        (wire.SignedGrant, {"payload": "p" * 16_385, "signature": "s"}, False),
        (wire.SignedGrant, {"payload": "p", "signature": "s" * 129}, False),
        (wire.SignedGrant, {"payload": "p", "signature": "s", "second_signature": "s" * 128}, True),
        (wire.SignedGrant, {"payload": "p", "signature": "s", "second_signature": "s" * 129}, False),
        (wire.LedgerMark, {"epoch": "e", "count": 0}, True),
        (wire.LedgerMark, {"epoch": "e", "count": -1}, False),
        (wire.MetricsPage, {"content_type": "text/plain", "text": "t" * 65_536}, True),
        (wire.MetricsPage, {"content_type": "text/plain", "text": "t" * 65_537}, False),
    ],
)
def test_the_bounds_of_a_message(type_: type[wire.Wire], document: dict[str, Any], taken: bool):
    raw = json.dumps(document)
    if taken:
        read = json.loads(type_.from_json(raw).to_json())
        assert read | document == read
    else:
        with pytest.raises(wire.BadMessageError):
            type_.from_json(raw)


@pytest.mark.parametrize("key", ["election_timeout_min_ms", "election_timeout_max_ms"])
@pytest.mark.parametrize(("value", "taken"), [(100, True), (60_000, True), (99, False), (60_001, False)])
def test_the_bounds_of_an_election_timeout(key: str, value: int, taken: bool):
    timeouts = {"election_timeout_min_ms": 1000, "election_timeout_max_ms": 2000} | {key: value}
    raw = json.dumps({"type": "set_election_timeouts"} | timeouts)
    if taken:
        assert getattr(wire.SetElectionTimeouts.from_json(raw), key) == value
    else:
        with pytest.raises(wire.BadMessageError):
            wire.SetElectionTimeouts.from_json(raw)


@pytest.mark.parametrize("field", ["action_id", "undoes"])
@pytest.mark.parametrize("spoil", [lambda name: "x" + name, lambda name: name + "x"])
def test_a_name_is_64_digits_from_its_beginning_to_its_end(field: str, spoil: Callable[[str], str]):
    with pytest.raises(BadGrantError, match="no grant of this protocol"):
        open_grant(signed_bytes(changed(**{field: spoil("a" * 64)})), (KEY.verify_key,))


@pytest.mark.parametrize("fence", [0, 2**63 - 1])
def test_the_bounds_of_a_fence(fence: int):
    assert open_grant(signed_bytes(changed(fence=fence)), (KEY.verify_key,)).fence == fence
    for beyond in (-1, 2**63):
        with pytest.raises(BadGrantError, match="no grant of this protocol"):
            open_grant(signed_bytes(changed(fence=beyond)), (KEY.verify_key,))


def test_what_is_no_number_is_told_as_unknown():
    """JSON has no word for it."""
    clock = wire.Clock(offset_ms=float("nan"), error_ms=float("inf"), synchronised=False, source="s")
    assert json.loads(clock.to_json())["offset_ms"] is None
    assert json.loads(clock.to_json())["error_ms"] is None


@pytest.mark.parametrize(
    ("mark", "follows"),
    [(("e", 2), True), (("e", 3), True), (("e", 1), False), (("other", 2), False), (("other", 3), False)],
)
def test_a_ledger_goes_on_from_where_it_was(mark: tuple[str, int], follows: bool):
    epoch, count = mark
    seen = wire.LedgerMark(epoch="e", count=2)
    assert wire.LedgerMark(epoch=epoch, count=count).follows(seen) is follows


def kinds_of(base: type[Wire]) -> Iterator[type[Wire]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_every_wire_type_is_immutable_named_and_closed():
    kinds = [kind for kind in kinds_of(Wire) if kind.__module__.startswith("agent.protocol.")]
    assert len(kinds) > 20
    for kind in kinds:
        config, fields = kind.__struct_config__, msgspec.structs.fields(kind)
        assert config.frozen and config.forbid_unknown_fields, kind
        if fields:
            with pytest.raises(TypeError, match="positional"):
                kind(*(None for _ in fields))
