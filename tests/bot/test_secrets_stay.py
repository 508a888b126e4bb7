"""After a whole loop, nothing that was written, posted or stored holds a key, a token or a part of one."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.config import Settings, load
from bot.store.client import connect
from bot.store.mac_chain import Chain
from lab.headless import play
from lab.stage import Stage, stage

pytestmark = pytest.mark.process


def secret_files(running: Stage, settings: Settings) -> set[Path]:
    """The files that hold secrets, and are the only place for them."""
    agents = settings.agents
    return {
        settings.slack.bot_token.file,
        settings.slack.signing_secret.file,
        settings.web.webhook_token.file,
        agents.key,
        agents.grant_key.file,
        *(running.lab.folder / "pki" / f"{node.name}.key" for node in running.lab.nodes),
    }


def shapes(secret: bytes) -> Iterator[bytes]:
    """A secret as it may show: as it stands in its file, decoded, in hexadecimal, in other base64."""
    text = secret.strip()
    if text.startswith(b"-----BEGIN"):
        *_, body = text.split(b"-----BEGIN", 1)
        yield from (line for line in body.splitlines()[1:-1] if len(line) >= 32)
        raw = ssl.PEM_cert_to_DER_cert(
            text.decode()
            .replace("PRIVATE KEY", "CERTIFICATE")
            .replace("EC CERT", "CERT")
            .replace("RSA CERT", "CERT")
        )
        raws = [raw]
    else:
        yield text
        try:
            raws = [base64.b64decode(text, validate=True)]
        except ValueError:
            raws = [text]
    for raw in raws:
        yield raw
        yield raw.hex().encode()
        yield base64.urlsafe_b64encode(raw).rstrip(b"=")


def found_in(content: bytes, canaries: Iterable[bytes]) -> list[bytes]:
    return [canary for canary in canaries if canary in content]


async def everything_in(redis: Redis) -> dict[str, bytes]:
    """Every key of the whole server with all that it holds."""
    held = {}
    async for key in redis.scan_iter():
        kind: Any = await redis.type(key)
        match kind.decode():
            case "string":
                value: object = await redis.get(key)
            case "hash":
                value = await redis.hgetall(key)
            case "stream":
                value = await redis.xrange(key)
            case "zset":
                value = await redis.zrange(key, 0, -1)
            case "set":
                value = await redis.smembers(key)
            case "none":
                continue  # a lease that was given back since it was listed
            case other:
                raise AssertionError(f"{key!r} is a {other}, which this test does not read")
        # repr() shows printable bytes as they are, and the rest escaped.
        held[key.decode()] = repr(value).encode()
    return held


def command_lines() -> bytes:
    """What anybody on this machine sees of its processes."""
    return subprocess.run(("ps", "-eo", "args="), capture_output=True, check=True).stdout


def files_below(folder: Path, but: set[Path]) -> dict[str, bytes]:
    kept_apart = {path.resolve() for path in but}
    paths = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.is_file() and path.resolve() not in kept_apart
    }


async def test_row_21_no_secret_is_anywhere_but_in_its_own_file(tmp_path: Path):
    async with stage(tmp_path, lambda _: None) as running:
        settings = load(running.config)
        secrets = secret_files(running, settings)
        canaries = {shape: path for path in secrets for shape in shapes(path.read_bytes())}
        for derived in Chain.of(settings.agents)._keys:
            canaries |= dict.fromkeys(shapes(base64.b64encode(derived)), settings.agents.grant_key.file)
        assert all(len(canary) >= 16 for canary in canaries), "so short a piece would be found by chance"
        for path in secrets:
            assert found_in(path.read_bytes(), canaries), f"what is looked for must be found in {path}"

        report = await play(running, "quorum-loss", lambda _: None)
        assert report.failure is None, report
        async with aclosing(connect(settings.redis.url)) as redis:
            places = {f"redis {key}": held for key, held in (await everything_in(redis)).items()}
        workspace = running.slack.workspace
        places |= {f"message {message.ts}": repr(message).encode() for message in workspace.messages}
        places["modals"] = repr(vars(workspace.modals)).encode()
        places["processes"] = command_lines()
    # Once all have ended, and written what they had to write.
    written = files_below(tmp_path, but=secrets)
    places |= {f"file {name}": content for name, content in written.items()}

    assert b"bot serve" in places["processes"]
    assert sum(name.startswith("redis") for name in places) > 5
    assert sum(name.startswith("message") for name in places) > 3
    assert {"bot/bot.out", "bot/neumann-bot.toml"} <= set(written)
    assert [name for name in written if name.endswith("agent.out")]
    assert [name for name in written if name.endswith("ledger.sqlite3")]
    leaks = {name: sorted({canaries[canary].name for canary in found}) for name, content in places.items()
             if (found := found_in(content, canaries))}  # fmt: skip
    assert leaks == {}


@pytest.mark.parametrize("how", [bytes.hex, lambda raw: base64.urlsafe_b64encode(raw).decode(), str])
def test_a_leak_would_be_found(how: object):
    seed = base64.b64encode(bytes(range(200, 232)))
    raw = base64.b64decode(seed)
    shown = seed.decode() if how is str else how(raw)  # type: ignore[operator]
    assert found_in(f"a log line with {shown} in it".encode(), shapes(seed))
