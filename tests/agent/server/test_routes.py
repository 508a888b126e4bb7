"""The routes and who may use them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import httpx
import pytest
import trustme
from msgspec.structs import replace

from agent.errors import ConfigError
from agent.protocol import Refusal
from agent.server.routes import tls_context
from agent.settings import Settings
from tests.agent.bed import Bot, Client, Pki, Serve

NEVER_SEEN = "0" * 64


async def test_no_certificate_no_answer(serve: Serve, client: Client, settings: Settings):
    async with serve(settings) as url, client(url, None) as http:
        for method, path in [("GET", "/v1/health"), ("POST", "/v1/observe"), ("GET", "/nothing")]:
            with pytest.raises(httpx.TransportError):
                await http.request(method, path)


async def test_a_certificate_of_another_authority_is_refused(
    serve: Serve, client: Client, settings: Settings, pki: Pki
):
    other = pki.issue("stranger", authority=trustme.CA())
    async with serve(settings) as url, client(url, other) as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/v1/health")


async def test_an_expired_certificate_still_serves_because_the_clock_may_be_the_fault(
    serve: Serve, client: Client, settings: Settings, pki: Pki
):
    expired = pki.issue("expired", not_after=datetime(2002, 1, 1, tzinfo=UTC))
    async with serve(settings) as url, client(url, expired) as http:
        answer = await http.get("/v1/health")
    assert answer.json()["node"] == "node1"
    assert answer.json()["boot_id"]


async def test_older_tls_is_refused(serve: Serve, settings: Settings, pki: Pki):
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    context.load_cert_chain(pki.issue("bot"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serve(settings) as url, httpx.AsyncClient(base_url=url, verify=context) as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/v1/health")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/observe", 405),
        ("GET", "/v1/commit", 405),
        ("DELETE", "/v1/actions/" + NEVER_SEEN, 405),
        ("GET", "/v1/actions/" + NEVER_SEEN, 404),
        ("GET", "/v1/actions/%00%27%22--", 404),
        ("GET", "/v1/actions/../health/x", 404),
    ],
)
async def test_what_is_not_listed_is_refused_in_words(bot: Bot, method: str, path: str, status: int):
    answer = await bot.http.request(method, path)
    assert answer.status_code == status
    assert Refusal.from_json(answer.content).detail


BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"readings": ["root_shell"]}',
    b'{"readings": [], "and": 1}',
    b"[" * 10_000,
    b'{"action_id": "x", "action": {"type": "rm"}}',
    b'{"payload": "\\ud800", "signature": ""}',
    b'{"\\ud800": 1}',
    b'{"\xff": 1}',
    b'{"' + b"x" * 50_000 + b'": 1}',
    b'{"action": {"q": ' + b"[" * 60_000,
    b'{"action": {"type": "' + b"x\\n" * 10_000 + b'"}}',
    b'{"fence": ' + b"9" * 60_000 + b"}",
]


@pytest.mark.parametrize("path", ["/v1/observe", "/v1/prepare", "/v1/commit"])
async def test_a_bad_body_is_one_sentence_and_no_traceback(bot: Bot, path: str):
    for body in BAD_BODIES:
        answer = await bot.http.post(path, content=body)
        assert answer.status_code == 400, body
        refusal = Refusal.from_json(answer.content)
        assert refusal.reason == "bad_request"
        assert "\n" not in refusal.detail
        assert len(refusal.detail) <= 201


async def test_a_large_body_is_cut_off(bot: Bot):
    answer = await bot.http.post("/v1/observe", content=b" " * (64 * 1024 + 1))
    assert answer.status_code == 413


async def test_a_file_that_is_no_key_is_named(settings: Settings, pki: Pki):
    broken = replace(settings.tls, key=pki.folder / "authority.pem")
    with pytest.raises(ConfigError, match=r"tls\.certificate and tls\.key"):
        tls_context(broken)
