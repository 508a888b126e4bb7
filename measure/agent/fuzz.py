"""Mutated grants and bodies against a real agent: `python -m measure.agent.fuzz --count 100000`.

The mass goes straight into the agent's application, each hundredth through TLS. None may be accepted, none
may end in a 5xx, memory must stay flat, and afterwards the grant that all were made of still works.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import resource
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace
from nacl.signing import SigningKey
from starlette.applications import Starlette

from agent.protocol import ActionReport, Grant, PrepareRequest, SignedGrant
from agent.protocol import sign as signed_by
from tests.agent.bed import Bot, Node, standing
from tests.agent.plays import PLAYS, make_ready

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, "", "\x00", "../../etc", "$(id)", "node1\n", "é" * 99,
    [], {}, [[]], {"type": "run"},
)  # fmt: skip


@dataclass
class Tally:
    """What came of it all."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[bytes] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)
    grew_kib: int = 0


async def ask(app: Starlette, path: str, body: bytes) -> int:
    """Post a body in this process; an exception that gets out counts as 500."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "https",
        "server": None, "client": None, "root_path": "",
    }  # fmt: skip
    try:
        await app(scope, receive, send)
    except Exception:  # Starlette raises again what it has answered with 500.
        return 500
    return statuses[0]


def mutated_bytes(raw: bytes, choose: random.Random) -> bytes:
    """Flip, cut, repeat or insert."""
    place = choose.randrange(len(raw) + 1)
    match choose.randrange(5):
        case 0:
            flipped = bytearray(raw)
            flipped[place % len(raw)] ^= 1 << choose.randrange(8)
            return bytes(flipped)
        case 1:
            return raw[:place]
        case 2:
            return raw[:place] + raw[place // 2 :]
        case 3:
            return raw[:place] + choose.randbytes(choose.randrange(1, 9)) + raw[place:]
        case _:
            return (
                raw[:place]
                + choose.choice([b"[" * 2000, b'{"a":' * 500, b"9" * 400, b"\\ud800"])
                + raw[place:]
            )


def mutated_fields(raw: bytes, choose: random.Random) -> bytes:
    """Give one field, at any depth, another value, name or fellow."""
    document = json.loads(raw)
    table = document
    while True:
        name = choose.choice(sorted(table))
        if isinstance(table[name], dict) and table[name] and choose.random() < 0.7:
            table = table[name]
            continue
        break
    match choose.randrange(3):
        case 0:
            table[name] = choose.choice(ODD)
        case 1:
            table[name + "x"] = table.pop(name)
        case _:
            table[choose.choice(["argv", "undoes", "second_confirmed_by", "type"])] = choose.choice(ODD)
    return json.dumps(document).encode()


def attempt(good: SignedGrant, key: SigningKey, choose: random.Random) -> bytes:
    """Return a body for `/v1/commit` that is not the good one."""
    payload = base64.b64decode(good.payload)
    encoded = json.loads(good.to_json())
    match choose.randrange(6):
        case 0:
            return mutated_bytes(good.to_json().encode(), choose)
        case 1:
            return mutated_fields(good.to_json().encode(), choose)
        case 2:
            forged, signer = mutated_fields(payload, choose), SigningKey.generate()
        case 3:
            forged, signer = payload, SigningKey.generate()
        case 4:  # the right key, but no nonce that was ever given
            grant = Grant.from_json(payload)
            return signed_by(replace(grant, nonce=choose.randbytes(9).hex()), key).to_json().encode()
        case _:  # another payload beside the right signature
            forged = choose.choice([mutated_bytes, mutated_fields])(payload, choose)
            return json.dumps(encoded | {"payload": base64.b64encode(forged).decode()}).encode()
    signature = base64.b64encode(signer.sign(forged).signature).decode()
    return json.dumps(
        encoded | {"payload": base64.b64encode(forged).decode(), "signature": signature}
    ).encode()


def is_same(body: bytes, good: SignedGrant) -> bool:
    """Say whether a mutation left the very grant: by white space, or in unused bits of base64."""
    try:
        signed = SignedGrant.from_json(body)
        return [base64.b64decode(part) for part in (signed.payload, signed.signature)] == [
            base64.b64decode(part) for part in (good.payload, good.signature)
        ]
    except ValueError:
        return False


async def fuzz(node: Node, bot: Bot, app: Starlette, *, count: int, seed: int) -> Tally:
    """Try `count` bodies on an agent, reached both through TLS and directly."""
    choose, tally = random.Random(seed), Tally()
    names = list(PLAYS)
    good = [signed_by(await bot.grant(make_ready(node, name), generation=seed), bot.key) for name in names]
    prepared = [
        PrepareRequest(action_id="a" * 64, action=play.action).to_json().encode() for play in PLAYS.values()
    ]
    make_ready(node, names[0])
    warm = resident_kib()
    for number in range(count):
        if number == count // 5:
            warm = resident_kib()
        grant = choose.choice(good)
        path, body = "/v1/commit", attempt(grant, bot.key, choose)
        if choose.random() < 0.2:
            path = choose.choice(["/v1/prepare", "/v1/undo", "/v1/observe", "/v1/withdraw"])
            body = choose.choice([mutated_bytes, mutated_fields])(choose.choice(prepared), choose)
        if is_same(body, grant):
            continue
        through_tls = number % 100 == 0
        status = (
            (await bot.http.post(path, content=body)).status_code
            if through_tls
            else await ask(app, path, body)
        )
        tally.statuses[status] += 1
        if status >= 500:
            tally.failed.append(body)
        elif status == 200 and path == "/v1/commit":
            tally.accepted.append(body)
    tally.grew_kib = resident_kib() - warm
    report = await bot.commit(good[0])
    assert isinstance(report, ActionReport) and report.state == "DONE", report
    return tally


def resident_kib() -> int:
    """Return this process' resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


async def main() -> None:
    """Fuzz and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        async with standing(Path(folder)) as (node, bot, app):
            tally = await fuzz(node, bot, app, count=options.count, seed=options.seed)
            effects = sum(node.calls(run) for play in PLAYS.values() if (run := play.runs(play.action)))
    print(dict(sorted(tally.statuses.items())), f"memory {tally.grew_kib:+d} KiB")
    print(
        f"{len(tally.accepted)} accepted, {len(tally.failed)} failed, {effects} effect of the one good grant"
    )
    for body in (tally.accepted + tally.failed)[:5]:
        print(body[:300])
    raise SystemExit(bool(tally.accepted or tally.failed or effects != 1))


if __name__ == "__main__":
    asyncio.run(main())
