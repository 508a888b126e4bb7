"""Timeouts in a ConfigMap: shown as they will be written, set by compare and set, and put back."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from agent.errors import ConfigFileError
from agent.pods.api_server import ApiServer
from agent.pods.config_map import ConfigMapKey
from agent.protocol import (
    ActionReport,
    ClockSync,
    Grant,
    PlannedEdit,
    PlanRequest,
    Refusal,
    RestartService,
    SetElectionTimeouts,
)
from tests.agent.bed import CONFIG, Bot
from tests.agent.pods.bed import CONFIG_MAP, KEY, ROLE, Cluster
from tests.waiting import until

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)
WIDE = CONFIG.replace("min_ms = 150 ", "min_ms = 1000 ").replace("max_ms = 300", "max_ms = 2000")


async def plan(bot: Bot) -> PlannedEdit | Refusal:
    answer = await bot.http.post("/v1/plan", content=PlanRequest(action=WIDER).to_json())
    return (PlannedEdit if answer.status_code == 200 else Refusal).from_json(answer.content)


async def mount_what_is_written(cluster: Cluster) -> None:
    """Play the kubelet: it sees a new text some time after it was written."""
    before = await cluster.kubelet.text(CONFIG_MAP, KEY)
    text = await until(lambda: changed_text(cluster, before))
    cluster.kubelet.mount(KEY, text)


async def changed_text(cluster: Cluster, before: str) -> str | None:
    now = await cluster.kubelet.text(CONFIG_MAP, KEY)
    return None if now == before else now


async def commit_and_mount(cluster: Cluster, bot: Bot, grant: Grant) -> ActionReport:
    mounting = asyncio.create_task(mount_what_is_written(cluster))
    report = await bot.commit(grant)
    await mounting
    assert isinstance(report, ActionReport)
    return report


async def test_what_is_written_is_what_was_shown_and_the_pod_sees_it(cluster: Cluster, pod_bot: Bot):
    shown = await plan(pod_bot)
    assert isinstance(shown, PlannedEdit)
    assert shown.path == f"ConfigMap {CONFIG_MAP}, key {KEY}"
    assert "+election_timeout_min_ms = 1000   # documented default" in shown.lines
    report = await commit_and_mount(cluster, pod_bot, await pod_bot.grant(WIDER))
    assert report.state == "DONE"
    written = await cluster.kubelet.text(CONFIG_MAP, KEY)
    assert written == WIDE
    assert hashlib.sha256(written.encode()).hexdigest() == shown.after_sha256
    # The pod sees it, so it may be restarted with it.
    assert not isinstance(await pod_bot.prepare(RestartService()), Refusal)


async def test_the_text_of_before_is_put_back(cluster: Cluster, pod_bot: Bot):
    grant = await pod_bot.grant(WIDER)
    await commit_and_mount(cluster, pod_bot, grant)
    undo = await pod_bot.grant_undo(grant)
    assert isinstance(undo, Grant)
    assert (await commit_and_mount(cluster, pod_bot, undo)).state == "DONE"
    assert await cluster.kubelet.text(CONFIG_MAP, KEY) == CONFIG


async def test_a_text_that_somebody_changed_is_not_overwritten(cluster: Cluster, pod_bot: Bot):
    grant = await pod_bot.grant(WIDER)
    other = CONFIG.replace("150", "200")
    await write(cluster, {"data": {KEY: other}})
    assert await pod_bot.commit(grant) == (409, "precondition")
    assert await cluster.kubelet.text(CONFIG_MAP, KEY) == other


async def test_the_version_is_compared_by_the_api_server(
    cluster: Cluster, pod_bot: Bot, monkeypatch: pytest.MonkeyPatch
):
    """Between the last look and the write another key of the same ConfigMap is changed."""
    set_text = ApiServer.set_text

    async def overtaken(self: ApiServer, text: str, version: str, *, dry_run: bool = False) -> None:
        if not dry_run:
            await write(cluster, {"data": {"another.toml": "x"}})
        await set_text(self, text, version, dry_run=dry_run)

    grant = await pod_bot.grant(WIDER)
    monkeypatch.setattr(ApiServer, "set_text", overtaken)
    report = await pod_bot.commit(grant)
    assert isinstance(report, ActionReport)
    assert (report.state, "at this moment" in report.detail) == ("NOT_DONE", True)
    assert await cluster.kubelet.text(CONFIG_MAP, KEY) == CONFIG


async def test_only_its_own_key_is_touched(cluster: Cluster, pod_bot: Bot):
    await write(cluster, {"data": {"another.toml": "as it was"}})
    await commit_and_mount(cluster, pod_bot, await pod_bot.grant(WIDER))
    assert await cluster.kubelet.text(CONFIG_MAP, "another.toml") == "as it was"


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"immutable": True}, "immutable"),
        ({"data": {KEY: None}}, "not there"),
        ({"data": {KEY: "x"}}, "TOML"),
    ],
)
async def test_what_cannot_be_written_is_not_planned(
    cluster: Cluster, pod_bot: Bot, patch: object, words: str
):
    await write(cluster, patch)
    refusal = await plan(pod_bot)
    assert isinstance(refusal, Refusal)
    assert words in refusal.detail


async def test_a_role_without_the_right_to_patch_is_seen_in_the_plan(cluster: Cluster, pod_bot: Bot):
    assert cluster.played is not None
    cluster.played.tokens["agent"] = ROLE[:1]
    refusal = await plan(pod_bot)
    assert isinstance(refusal, Refusal)
    assert "Role" in refusal.detail


async def test_the_clock_is_the_hosts(pod_bot: Bot):
    refusal = await pod_bot.prepare(ClockSync())
    assert isinstance(refusal, Refusal)
    assert "by hand" in refusal.detail


async def test_a_change_is_told_from_no_answer(
    cluster: Cluster, pod: str, settings_document: dict[str, object]
):
    store = ConfigMapKey(cluster.settings(settings_document))
    assert cluster.played is not None
    cluster.played.trouble["PATCH"] = 429
    with pytest.raises(ConfigFileError, match="429"):
        await store.replace(b"x", expected_sha256=hashlib.sha256(CONFIG.encode()).hexdigest())


async def write(cluster: Cluster, patch: object) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    path = cluster.kubelet.path("configmaps", CONFIG_MAP)
    (await cluster.kubelet.admin.patch(path, json=patch, headers=headers)).raise_for_status()
