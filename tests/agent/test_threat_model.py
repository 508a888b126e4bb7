"""One test or more for each threat to the agent, named after its row in the threat model."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import resource
import shutil
import ssl
import subprocess
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from msgspec.structs import replace
from nacl.signing import SigningKey
from starlette.routing import Route

from agent.actions.executor import Executor
from agent.actions.ledger import Ledger
from agent.protocol import (
    ActionReport,
    ClockSync,
    Health,
    LedgerMark,
    Prepared,
    Refusal,
    RestartService,
    SetElectionTimeouts,
    StartService,
    sign,
)
from agent.readings.reader import NodeReader
from agent.server.deadlines import Deadlines
from agent.server.routes import build_app
from agent.settings import Limits, Settings
from shared.tls_flags import NO_CHECK_TIME
from tests.agent.bed import Bot, Client, Connected, Node, Pki, Serve, agent_process
from tests.agent.plays import PLAYS

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


def effects(node: Node) -> int:
    """Count what was done to the node, the configuration aside."""
    return sum(node.calls(run) for play in PLAYS.values() if (run := play.runs(play.action)))


async def mark_of(bot: Bot) -> LedgerMark:
    return Health.from_json((await bot.http.get("/v1/health")).content).ledger


# Row 7: a stolen bot or signing token.


async def test_row_07_whoever_has_no_grant_key_has_no_effect(bot: Bot, node: Node):
    """Even from the bot's host, with its certificate: Slack's tokens sign nothing here."""
    for seed in (b"xoxb-stolen", b"signing-secret"):
        grant = await bot.grant(RestartService())
        thief = SigningKey(seed.ljust(32, b"\0"))
        assert await bot.commit(sign(grant, thief)) == (403, "signature")
    assert effects(node) == 0


# Row 9: the bot's host is owned, with its certificate and its grant key.


async def test_row_09_a_hostile_bot_has_effects_within_bounds_only(
    connected: Connected, settings: Settings, node: Node
):
    before = node.config.read_bytes()
    async with connected(replace(settings, limits=Limits())) as bot:
        for minimum, maximum in [(100, 60_000), (149, 300), (300, 300), (2000, 1000)]:
            action = SetElectionTimeouts(election_timeout_min_ms=minimum, election_timeout_max_ms=maximum)
            assert isinstance(await bot.prepare(action), Refusal)
        assert isinstance(await bot.prepare(StartService()), Refusal)
        node.set_clock(ahead_s=-1001, after_step_s=0)
        assert isinstance(await bot.prepare(ClockSync()), Refusal)
        for body in [
            b'{"action_id":"%064d","action":{"type":"run","argv":["sh"]}}' % 1,
            b'{"action_id":"%064d","action":{"type":"restart_service","service":"sshd"}}' % 1,
            b'{"action_id":"%064d","action":{"type":"set_election_timeouts",'
            b'"election_timeout_min_ms":99,"election_timeout_max_ms":60001}}' % 1,
        ]:
            assert (await bot.http.post("/v1/prepare", content=body)).status_code == 400
        grants = [await bot.grant(RestartService(), generation=number) for number in range(20)]
        outcomes = [await bot.commit(grant) for grant in grants]
    assert outcomes[1:] == [(409, "too_soon")] * 19
    assert effects(node) == node.calls("systemctl restart neumann") == 1
    assert node.config.read_bytes() == before


# Row 12: a node that lies.


async def test_row_12_an_offset_nobody_vouches_for_is_none(bot: Bot, node: Node):
    for leap in ("Not synchronised", "", "Perfectly fine"):
        node.set_clock(ahead_s=2.4, after_step_s=0, leap=leap)
        refusal = await bot.prepare(ClockSync())
        assert isinstance(refusal, Refusal)
        assert "could not be read from a synchronised source" in refusal.detail
    assert effects(node) == 0


@pytest.mark.parametrize(
    "count", ["1", "NaN", "-0", "+Inf", "0x0", "1e0", "", '0\ntensor_chain_tx_active{a="b"} 3']
)
async def test_row_12_transactions_nobody_counts_are_running(bot: Bot, node: Node, count: str):
    node.set_transactions(count)
    refusal = await bot.prepare(ClockSync())
    assert isinstance(refusal, Refusal)
    assert "A step back needs a node without running transactions" in refusal.detail


# Row 13: an unauthenticated method.


def routes(settings: Settings) -> list[tuple[str, str]]:
    reader = NodeReader(settings)
    settings.state_dir.mkdir()
    ledger = Ledger(settings.state_dir / "ledger.sqlite3")
    app = build_app(settings, reader, Executor(settings, reader, ledger))
    ledger.close()
    found = []
    for route in app.routes:
        assert isinstance(route, Route)
        found += [(method, route.path.replace("{action_id}", "0" * 64)) for method in route.methods or ()]
    return found


async def test_row_13_every_route_is_closed_without_a_certificate(
    settings: Settings, serve: Serve, client: Client, pki: Pki, node: Node
):
    listed = routes(settings)
    assert len(listed) >= 6
    strangers = (None, pki.issue("stranger", authority=trustme.CA()))
    async with serve(settings) as url:
        for certificate in strangers:
            async with client(url, certificate) as http:
                for method, path in listed:
                    with pytest.raises(httpx.TransportError):
                        await http.request(method, path)
        async with httpx.AsyncClient(base_url=url.replace("https", "http")) as plain:
            for method, path in listed:
                with pytest.raises(httpx.TransportError):
                    await plain.request(method, path)
    assert not (node.folder / "calls").exists()


# Row 15: a grant replayed or redirected.


async def test_row_15_a_grant_is_for_one_node(
    connected: Connected, settings: Settings, node: Node, tmp_path: Path
):
    second = replace(settings, node="node2", state_dir=tmp_path / "state2")
    async with connected(settings) as bot, connected(second) as bot_of_node2:
        grant = await bot.grant(RestartService())
        assert await bot_of_node2.commit(grant) == (403, "node")
        assert effects(node) == 0
        assert isinstance(await bot.commit(grant), ActionReport)


async def test_row_15_a_grant_is_void_after_a_reboot_and_after_a_restart_of_the_agent(
    connected: Connected, settings: Settings, node: Node
):
    async with connected(settings) as bot:
        grant = await bot.grant(RestartService())
    async with connected(settings) as bot:
        assert await bot.commit(grant) == (403, "nonce")
        fresh = await bot.grant(RestartService())
        earlier = replace(fresh.precondition, boot_id="the boot before")
        of_earlier_boot = replace(fresh, precondition=earlier)
        assert await bot.commit(of_earlier_boot) == (409, "precondition")
    assert effects(node) == 0


async def test_row_15_a_key_taken_off_the_list_signs_nothing(
    connected: Connected, settings: Settings, node: Node
):
    new_key = SigningKey.generate()
    pinned = (base64.b64encode(bytes(new_key.verify_key)).decode(),)
    grants = replace(settings.grants, verify_keys=pinned)
    async with connected(replace(settings, grants=grants)) as bot:
        grant = await bot.grant(RestartService())
        assert await bot.commit(sign(grant, bot.key)) == (403, "signature")
        assert effects(node) == 0
        assert isinstance(await bot.commit(sign(grant, new_key)), ActionReport)


# Row 16: a wrong clock bypasses or locks out.


@pytest.mark.parametrize("offset_s", [3600, -3600, 315_576_000, -315_576_000])
async def test_row_16_a_wrong_clock_neither_bypasses_nor_locks_out(
    settings_document: dict[str, Any],
    pki: Pki,
    grant_key: SigningKey,
    tmp_path: Path,
    node: Node,
    offset_s: int,
):
    """The agent's process has another wall clock, and either end sees the other's certificate out of date."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import time\nwall = time.time\ntime.time = lambda: wall() + {offset_s}\n"
    )
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    dates: dict[str, Any] = {
        "not_before": moment - timedelta(minutes=5),
        "not_after": moment + timedelta(minutes=5),
    }
    server, bots = pki.issue(f"server{offset_s}", **dates), pki.issue(f"bot{offset_s}", **dates)
    document = settings_document | {"tls": settings_document["tls"] | {"certificate": str(server)}}
    document["tls"]["key"] = str(server)
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    context.verify_flags |= NO_CHECK_TIME
    context.load_cert_chain(bots)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    async with (
        agent_process(document, tmp_path, environment={"PYTHONPATH": path}) as (_, url),
        httpx.AsyncClient(base_url=url, verify=context, timeout=20) as http,
    ):
        bot = Bot(http, grant_key)
        grant = await bot.grant(RestartService())
        assert await bot.commit(sign(grant, SigningKey.generate())) == (403, "signature")
        assert effects(node) == 0
        report = await bot.commit(grant)
        assert isinstance(report, ActionReport) and report.state == "DONE"
        assert await bot.commit(grant) == (403, "nonce")
    assert effects(node) == 1


# Row 17, tricks with the file: test_file_tricks.py.


# Row 18: rights.


def test_row_18_the_clock_helper_has_two_verbs(tmp_path: Path):
    """Whatever it is called with, all that reaches the service manager is the one unit, for the one word."""
    for name in ("systemctl", "chronyc"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n')
        (tmp_path / name).chmod(0o755)
    random_words = random.Random(18)
    words = [
        "makestep",
        "-c",
        "tracking",
        "",
        " ",
        "makestep;id",
        "$(id)",
        "`id`",
        "*",
        "--",
        "\n",
        "start sshd",
    ]
    for _ in range(150):
        argv = [random_words.choice(words) for _ in range(random_words.randrange(4))]
        (tmp_path / "calls").write_text("")
        subprocess.run(
            ["sh", ROOT / "deploy/systemd/neumann-chronyc", *argv],
            env={"PATH": f"{tmp_path}:{os.defpath}"}, check=True, cwd=tmp_path,
        )  # fmt: skip
        calls = (tmp_path / "calls").read_text()
        if argv == ["makestep"]:
            assert calls == "systemctl start neumann-makestep.service\n"
        else:
            assert calls == f"chronyc {' '.join(argv)}\n"


# Row 19: size and slowness.


async def open_tls(url: str, pki: Pki) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    context.load_cert_chain(pki.issue("bot"))
    port = int(url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, ssl=context)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\n",
        b"POST /v1/commit HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["silence", "slow header", "slow body"],
)
async def test_row_19_who_is_slow_is_hung_up_on(serve: Serve, settings: Settings, pki: Pki, beginning: bytes):
    deadlines = Deadlines(request_s=0.3)
    async with serve(settings, deadlines) as url, asyncio.timeout(10):
        reader, writer = await open_tls(url, pki)
        with suppress(ConnectionError):
            writer.write(beginning)
            assert b" 200 " not in await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_row_19_who_does_not_finish_the_handshake_is_hung_up_on(serve: Serve, settings: Settings):
    deadlines = Deadlines(handshake_s=0.3)
    async with serve(settings, deadlines) as url, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_row_19_a_gigabyte_is_not_read(serve: Serve, settings: Settings, pki: Pki):
    deadlines = Deadlines(request_s=0.5)
    sent = 0
    async with serve(settings, deadlines) as url, asyncio.timeout(30):
        _, writer = await open_tls(url, pki)
        writer.write(b"POST /v1/commit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(ConnectionError):
            while sent < 1_000_000_000:
                writer.write(b" " * 65536)
                await writer.drain()
                sent += 65536
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    assert sent < 50_000_000


async def test_row_19_a_thousand_connections_keep_nobody_out(
    serve: Serve, settings: Settings, client: Client, pki: Pki
):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(serve(settings))
            port = int(url.rpartition(":")[2])
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(1000)]
            async with client(url, pki.issue("bot")) as http, asyncio.timeout(20):
                assert (await http.get("/v1/health")).status_code == 200
            for _, writer in crowd:
                writer.transport.abort()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Row 20: an old ledger restored.


async def test_row_20_a_restored_ledger_can_be_told(connected: Connected, settings: Settings, node: Node):
    async with connected(settings) as bot:
        first = await bot.grant(RestartService(), generation=1)
        assert isinstance(await bot.commit(first), ActionReport)
    snapshot = settings.state_dir.with_name("snapshot")
    shutil.copytree(settings.state_dir, snapshot)
    async with connected(settings) as bot:
        prepared = await bot.prepare(RestartService(), generation=2)
        assert isinstance(prepared, Prepared) and prepared.ledger is not None
        seen = await mark_of(bot)
        assert seen == prepared.ledger
    async with connected(settings) as bot:
        assert (await mark_of(bot)).follows(seen)
        second = await bot.grant(RestartService(), generation=2)
        report = await bot.commit(second)
        assert isinstance(report, ActionReport) and report.ledger is not None
        assert report.ledger.count > seen.count
        seen = report.ledger
    shutil.rmtree(settings.state_dir)
    snapshot.rename(settings.state_dir)
    async with connected(settings) as bot:
        restored = await mark_of(bot)
        assert restored.epoch == seen.epoch
        assert not restored.follows(seen)
    shutil.rmtree(settings.state_dir)
    async with connected(settings) as bot:
        new = await mark_of(bot)
        assert new.epoch != seen.epoch
        assert not new.follows(LedgerMark(epoch=seen.epoch, count=0))
