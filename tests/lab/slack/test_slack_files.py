"""Files go up in three steps, and are shown where they are shared."""

from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import faults
from lab.slack.limit_table import CANVAS_MARKDOWN
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer

INCIDENTS = "C0INCIDENT"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as refusal:
        await call
    return str(refusal.value.response["error"])


async def uploaded(client: AsyncWebClient, **more: Any) -> Any:
    answer = await client.files_upload_v2(filename="terms.png", content=PNG, title="Terms", **more)
    return answer["files"][0]


async def test_a_file_is_shared_in_a_thread_with_a_comment(client: AsyncWebClient, alice: Person) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="No leader")
    words = {"alt_txt": "Terms over time", "initial_comment": "The terms"}
    file = await uploaded(client, channel=INCIDENTS, thread_ts=parent["ts"], **words)
    _, message = await alice.thread(parent["ts"])
    (shown,) = message["files"]
    assert (message["text"], shown["id"], shown["title"]) == ("The terms", file["id"], "Terms")
    assert (shown["alt_txt"], shown["mimetype"], shown["size"]) == ("Terms over time", "image/png", len(PNG))
    async with httpx.AsyncClient() as browser:
        in_place = await browser.get(shown["url_private"])
        saved = await browser.get(shown["url_private_download"])
    assert (in_place.content, in_place.headers["content-type"]) == (PNG, "image/png")
    assert "content-disposition" not in in_place.headers
    assert saved.headers["content-disposition"] == "attachment"


async def test_a_file_that_is_no_image_is_only_ever_saved(client: AsyncWebClient) -> None:
    answer = await client.files_upload_v2(filename="post.html", content="<script>alert(1)</script>")
    async with httpx.AsyncClient() as browser:
        page = await browser.get(answer["files"][0]["url_private"])
    assert page.headers["content-disposition"] == "attachment"
    assert page.headers["content-security-policy"] == "sandbox"


LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "missing_argument": ({"length": 1}, {"length": 0}),
    "alt_txt_too_large": ({"alt_txt": "x" * 1000}, {"alt_txt": "x" * 1001}),
    "snippet_too_large": (
        {"snippet_type": "text", "length": 1_000_000},
        {"snippet_type": "text", "length": 1_000_001},
    ),
    "file_upload_size_restricted": ({"length": 1_000_000_000}, {"length": 1_000_000_001}),
}


@pytest.mark.parametrize("error", LIMITS)
async def test_what_an_upload_may_be(client: AsyncWebClient, error: str) -> None:
    taken, over = LIMITS[error]
    common = {"filename": "a.txt", "length": 1}
    assert (await client.files_getUploadURLExternal(**{**common, **taken}))["file_id"]
    assert await refused(client.files_getUploadURLExternal(**{**common, **over})) == error


async def test_an_upload_is_finished_once_and_only_with_its_bytes(client: AsyncWebClient) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    files = [{"id": announced["file_id"]}]
    assert await refused(client.files_completeUploadExternal(files=files)) == "file_not_found"
    async with httpx.AsyncClient() as app:
        assert (await app.post(announced["upload_url"], content=b"abc")).text == "OK - 3"
        assert (await app.post(announced["upload_url"], content=b"abc")).status_code == 404
        short = await client.files_getUploadURLExternal(filename="a.txt", length=3)
        assert (await app.post(short["upload_url"], files={"file": b"ab"})).status_code == 400
    (file,) = (await client.files_completeUploadExternal(files=files))["files"]
    assert file["size"] == 3
    assert await refused(client.files_completeUploadExternal(files=files)) == "file_not_found"


async def test_a_file_is_shared_only_where_the_bot_is(client: AsyncWebClient) -> None:
    assert await refused(uploaded(client, channel="C0GENERAL1")) == "not_in_channel"
    assert await refused(uploaded(client, channel=INCIDENTS, thread_ts="1.000001")) == "thread_not_found"
    many = ["C0INCIDENT"] * 101
    assert await refused(uploaded(client, channels=many)) == "channels_limit_exceeded"


async def test_a_canvas_of_its_own_is_seen_where_its_link_was_shown_and_access_given(
    client: AsyncWebClient, bob: Person
) -> None:
    def give(**more: Any) -> Any:
        return client.canvases_access_set(**{"canvas_id": canvas_id, "access_level": "write"} | more)

    content = {"type": "markdown", "markdown": "# Report"}
    canvas_id = (await client.canvases_create(title="Report", document_content=content))["canvas_id"]
    assert await refused(give(channel_ids=[INCIDENTS])) == "restricted_action", "its link comes first"
    await client.chat_postMessage(channel=INCIDENTS, text=f"<https://x.slack.com/docs/T1/{canvas_id}|Report>")
    assert (await bob.state())["canvases"] == []
    assert (await give(channel_ids=[INCIDENTS]))["ok"]
    assert [each["title"] for each in (await bob.state())["canvases"]] == ["Report"]
    assert await refused(give()) == "invalid_parameters"
    assert await refused(give(channel_ids=[INCIDENTS], access_level="owner")) == "invalid_arguments"
    assert await refused(give(canvas_id="F0NOTHERE", channel_ids=[INCIDENTS])) == "canvas_not_found"
    assert await refused(give(user_ids=["U0NOBODY01"])) == "user_not_found"


async def test_what_a_canvas_may_hold_and_how_it_fails(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    def create(markdown: str, kind: str = "markdown") -> Any:
        return client.canvases_create(document_content={"type": kind, "markdown": markdown})

    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with httpx.AsyncClient(base_url=f"{slack.url}/api/", headers=headers) as app:
        for characters, error in ((CANVAS_MARKDOWN, None), (CANVAS_MARKDOWN + 1, "canvas_creation_failed")):
            content = {"type": "markdown", "markdown": "x" * characters}
            answer = await app.post("canvases.create", json={"document_content": content})
            assert answer.json().get("error") == error
    assert await refused(create("x", "html")) == "invalid_arguments"
    for error in ("free_teams_cannot_create_non_tabbed_canvases", "canvas_disabled_user_team"):
        slack.workspace.fail("canvases.create", error)
        assert await refused(create("x")) == error
    slack.workspace.fail("canvases.create", faults.SERVER_ERROR)
    with pytest.raises(SlackApiError):
        await create("x")
