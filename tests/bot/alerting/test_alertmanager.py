"""Alertmanager is asked over all its peers; each way it can fail is one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bot.alerting.alertmanager import AlertmanagerClient
from bot.config import AlertmanagerSettings
from bot.http.client import http_client
from bot.secret_files import SecretFile
from handlers.domain.alert_sources import Held, Listing
from handlers.errors import SilenceFailed, SourceDown
from tests import builders
from tests.bot.conftest import Becomes
from tests.bot.real_alerting import Program, alertmanagers, needs_the_real_programs
from tests.bot.web.serving import hang, page, talk

pytestmark = pytest.mark.process

NOBODY = "http://127.0.0.1:9"
NO_LEADER = {"alertname": "NoLeader", "cluster": "demo"}
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(httpx.Timeout(None)) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Program]]:
    async with alertmanagers(tmp_path_factory.mktemp("pair")) as programs:
        yield programs


async def holds(alertmanager: AlertmanagerClient, labels: dict[str, str] | None = None) -> tuple[Held, ...]:
    return (await alertmanager.firing(labels)).held


async def is_active(http: httpx.AsyncClient, alertmanager: Program, silence_id: str) -> bool:
    answer = await http.get(f"{alertmanager.url}/api/v2/silence/{silence_id}")
    return answer.is_success and answer.json()["status"]["state"] != "expired"


def client(http: httpx.AsyncClient, *urls: str, **settings: object) -> AlertmanagerClient:
    return AlertmanagerClient(AlertmanagerSettings.model_validate({"urls": urls, **settings}), http)


@pytest.mark.process
@needs_the_real_programs
async def test_what_either_peer_holds_is_what_fires_once(
    pair: list[Program], http: httpx.AsyncClient, becomes: Becomes
) -> None:
    labels = {"alertname": "NodeDown", "cluster": 'a "b" \\ ü', "node": "node1"}
    await pair[0].fire(labels)
    await pair[1].fire(labels, since_s=30)
    await pair[1].fire({**labels, "node": "node2"})
    both = client(http, pair[0].url, f"{pair[1].url}/")
    await becomes(lambda: holds(both, {"node": "node2"}))
    held = (await both.firing({"cluster": labels["cluster"]})).held
    assert sorted(each.alert.labels["node"] for each in held) == ["node1", "node2"]
    (first,) = [each.alert for each in held if each.alert.labels["node"] == "node1"]
    assert first.starts_at < datetime.now(UTC) - timedelta(seconds=20), "the earlier of what the two say"
    assert (first.status, first.ends_at.year, len(first.fingerprint)) == ("firing", 1, 16)
    assert not any(each.suppressed for each in held)


@needs_the_real_programs
async def test_one_peer_down_takes_nothing_away(
    pair: list[Program], http: httpx.AsyncClient, becomes: Becomes
) -> None:
    await pair[0].fire({**NO_LEADER, "cluster": "one-down"})
    one_down = client(http, NOBODY, pair[0].url)
    assert await becomes(lambda: holds(one_down, {"cluster": "one-down"}))
    until = datetime.now(UTC) + HOUR
    silence_id = await one_down.create_silence({"cluster": {"one-down"}}, until, "bot", "inc-9")
    assert await is_active(http, pair[0], silence_id)


@needs_the_real_programs
async def test_what_has_resolved_is_gone_and_what_goes_to_others_is_not_the_bots(
    pair: list[Program], http: httpx.AsyncClient, becomes: Becomes
) -> None:
    labels = {**NO_LEADER, "cluster": "resolving"}
    await pair[0].fire(labels)
    await pair[0].fire({**labels, "alertname": "Unrelated"})
    asked = client(http, pair[0].url)

    async def shows(*names_and_ours: tuple[str, bool]) -> bool:
        held = await holds(asked, {"cluster": "resolving"})
        return sorted((each.alert.name, each.ours) for each in held) == list(names_and_ours)

    await becomes(lambda: shows(("NoLeader", True), ("Unrelated", False)))
    await pair[0].resolve(labels)
    await becomes(lambda: shows(("Unrelated", False)))


@needs_the_real_programs
async def test_a_silence_is_made_once_holds_at_once_and_can_be_ended(
    pair: list[Program], http: httpx.AsyncClient, becomes: Becomes
) -> None:
    labels = {**NO_LEADER, "cluster": "silenced"}
    await pair[0].fire(labels)
    asked = client(http, pair[0].url, pair[1].url)
    alerts = tuple(each.alert for each in await becomes(lambda: holds(asked, labels)))
    until = datetime.now(UTC) + HOUR
    made = await asked.silence(alerts, until, "alice", "inc-1: being mended")
    again = await asked.silence(alerts, until, "alice", "inc-1: being mended")
    other = await asked.silence(alerts, until, "alice", "inc-2: being mended")
    assert made == again != other
    longer = await asked.silence(alerts, until + HOUR, "alice", "inc-1: being mended")
    assert await is_active(http, pair[0], longer)

    async def suppressed() -> bool:
        alone = client(http, pair[0].url)
        return all(each.suppressed for each in await holds(alone, labels))

    await becomes(suppressed)
    assert await holds(asked, labels), "a silenced alert still fires"

    for _ in range(2):
        await asked.lift(longer)
    await asked.lift(other)
    assert not await is_active(http, pair[0], longer)
    assert not await is_active(http, pair[0], made)
    assert await asked.silence(alerts, until, "alice", "inc-1: being mended") != longer


@needs_the_real_programs
async def test_a_silence_holds_for_all_its_alerts_and_for_none_of_other_values(
    pair: list[Program], http: httpx.AsyncClient, becomes: Becomes
) -> None:
    down = {"alertname": "NodeDown", "cluster": "several", "node": "node.1 -a"}
    meant = [down, {**NO_LEADER, "cluster": "several"}]
    spared = [{**down, "node": "nodex1 -a"}, {**down, "cluster": "others"}, {**down, "alertname": "NodeUp"}]
    for labels in (*meant, *spared):
        await pair[0].fire(labels)
    asked = client(http, pair[0].url)

    async def held(*wanted: dict[str, str]) -> dict[str, bool]:
        return {
            str(sorted(each.alert.labels.items())): each.suppressed
            for each in await holds(asked)
            if each.alert.labels in wanted
        }

    async def all_there() -> bool:
        return len(await held(*meant, *spared)) == 5

    await becomes(all_there)
    alerts = tuple(each.alert for each in await holds(asked) if each.alert.labels in meant)
    await asked.silence(alerts, datetime.now(UTC) + HOUR, "alice", "inc-3")

    async def silent() -> bool:
        return all((await held(*meant)).values())

    await becomes(silent)
    assert not any((await held(*spared)).values())


@needs_the_real_programs
async def test_to_end_a_silence_that_was_never_there_is_no_error(
    pair: list[Program], http: httpx.AsyncClient
) -> None:
    await client(http, pair[0].url).lift("8a964f6d-0000-4000-8000-000000000000")


@needs_the_real_programs
async def test_a_silence_that_alertmanager_refuses_says_why(
    pair: list[Program], http: httpx.AsyncClient
) -> None:
    past = datetime.now(UTC) - HOUR
    with pytest.raises(
        SilenceFailed, match=r"could not be silenced: .*refuses with 400: .*end time"
    ) as caught:
        await client(http, pair[0].url).silence((builders.alert(),), past, "bot", "inc-1")
    assert "\n" not in str(caught.value)


async def test_nobody_answering_names_every_peer(http: httpx.AsyncClient) -> None:
    with pytest.raises(SourceDown) as caught:
        await client(http, NOBODY, "http://user:s3cr3t@127.0.0.1:10").firing()
    assert str(caught.value) == (
        "Alertmanager at 127.0.0.1:9 cannot be asked: connection refused. "
        "Alertmanager at 127.0.0.1:10 cannot be asked: connection refused."
    )


ODD = {
    "no JSON": (page("<html>"), "something that is not JSON"),
    "too deep": (page("[" * 100_000), "something that is not JSON"),
    "an error page": (page("try\nlater", status="502 Bad Gateway"), "refuses with 502: try later."),
    "a redirect": (page("", status="302 Found"), "refuses with 302: nothing more is said."),
}


@pytest.mark.parametrize(("how", "words"), ODD.values(), ids=ODD.keys())
async def test_an_odd_answer_is_one_sentence(
    how: object, words: str, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(how))  # type: ignore[arg-type]
    with pytest.raises(SourceDown) as caught:
        await client(http, url).firing()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_silence_api_of_another_shape_is_one_sentence(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(page('{"a": 1}')))
    with pytest.raises(SilenceFailed, match="shape that is not of its v2 API"):
        await client(http, url).lift("x")


async def test_one_alert_that_cannot_be_read_hides_no_other(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    alert = (
        '{"labels":{"alertname":"A"},"startsAt":"2026-11-24T12:00:00Z",'
        '"fingerprint":"f","status":{"state":"active"}}'
    )
    url = await parts.enter_async_context(talk(page(f'[7, {{"labels":1}}, {alert}]')))
    listing = await client(http, url).firing()
    assert [each.alert.name for each in listing.held] == ["A"]
    assert listing.unreadable == 2, "so nobody takes the others for ended"


async def test_an_answer_that_is_no_list_is_not_a_list_of_nothing(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(page('{"status": "success"}')))
    with pytest.raises(SourceDown, match="in a shape that is not of its v2 API"):
        await client(http, url).firing()


@pytest.mark.parametrize(
    "odd",
    [
        '"annotations":{"description":"' + "x" * 20_000 + '"}',
        '"annotations":null',
        '"startsAt":"0001-01-01T00:00:00Z"',
        '"startsAt":"2026-11-24T12:00:00"',
        '"fingerprint":null',
    ],
    ids=["a long text", "no annotations", "year 1", "no zone", "no fingerprint"],
)
async def test_what_decides_nothing_may_be_odd(
    http: httpx.AsyncClient, parts: AsyncExitStack, odd: str
) -> None:
    alert = '{"labels":{"alertname":"A"},"fingerprint":"f","status":{"state":"active"},' + odd + "}"
    url = await parts.enter_async_context(talk(page(f"[{alert}]")))
    listing = await client(http, url).firing()
    assert ([each.alert.name for each in listing.held], listing.unreadable) == (["A"], 0)


async def test_a_silence_that_nobody_takes_or_lifts_is_said(http: httpx.AsyncClient) -> None:
    alerts, until = (builders.alert(),), datetime.now(UTC) + HOUR
    with pytest.raises(SilenceFailed, match=r"could not be silenced: .* connection refused"):
        await client(http, NOBODY).silence(alerts, until, "bot", "inc-1")
    with pytest.raises(SilenceFailed, match=r"could not be lifted: .* connection refused"):
        await client(http, NOBODY).lift("x")


async def test_no_answer_is_waited_for_no_longer_than_is_configured(
    http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(hang))
    with pytest.raises(SourceDown, match=r"gives no answer within 0\.2 s"):
        await client(http, url, timeout_s=0.2).firing()


async def test_the_token_is_shown(http: httpx.AsyncClient, parts: AsyncExitStack, tmp_path: Path) -> None:
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text("s3cr3t\n")
    heads: list[bytes] = []

    async def keep(reader: object, writer: object) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))  # type: ignore[attr-defined]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")  # type: ignore[attr-defined]

    url = await parts.enter_async_context(talk(keep, with_head=True))
    token = SecretFile(file=tmp_path / "token")
    assert await client(http, url, token=token).firing() == Listing(())
    assert b"authorization: bearer s3cr3t\r\n" in heads[0].lower()
