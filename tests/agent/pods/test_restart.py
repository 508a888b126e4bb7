"""Restart and start of a pod: deleted as this very one, and done once the next has stayed ready."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agent.errors import ApiConflictError
from agent.pods.api_server import ApiServer
from agent.protocol import ActionReport, Refusal, RestartService, StartService
from lab.kubernetes.kubelet import RUNNING, waiting
from tests.agent.bed import CONFIG, Bot, Connected
from tests.agent.pods.bed import KEY, Cluster
from tests.waiting import until


async def ended(bot: Bot, name: str) -> ActionReport:
    async def report() -> ActionReport | None:
        found = await bot.report(name)
        return None if found.state == "INTENT" else found

    found: ActionReport = await until(report)
    return found


async def test_a_restart_is_under_way_until_the_next_pod_has_stayed_ready(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], connected: Connected
):
    settings, kubelet = cluster.settings(settings_document), cluster.kubelet
    async with connected(settings) as bot:
        grant = await bot.grant(RestartService())
        begun = await bot.commit(grant)
        assert isinstance(begun, ActionReport)
        assert begun.state == "INTENT"
        await kubelet.until_deleted()
        assert (await bot.report(grant.action_id)).state == "INTENT"
    # The agent goes with its pod; the one in the next pod has the same ledger.
    await kubelet.end_pod()
    new = await kubelet.make_pod()
    async with connected(settings) as bot:
        await kubelet.report(waiting("ContainerCreating"))
        assert (await bot.report(grant.action_id)).state == "INTENT"
        await kubelet.report(RUNNING, ready=False)
        assert (await bot.report(grant.action_id)).state == "INTENT"
        await kubelet.report(RUNNING, ready=True)
        done = await ended(bot, grant.action_id)
    assert done.state == "DONE"
    assert done.after is not None
    assert done.after.pod is not UNSET
    assert done.after.pod.uid == new != pod
    assert "was deleted" in done.detail


@pytest.mark.parametrize(
    ("reason", "kind", "word"),
    [
        ("CrashLoopBackOff", "crash_loop", "CrashLoopBackOff"),
        ("ImagePullBackOff", "image", "ImagePullBackOff"),
        ("CreateContainerConfigError", "container_config", "CreateContainerConfigError"),
    ],
)
async def test_a_pod_that_comes_to_nothing_is_not_done_and_says_why(
    cluster: Cluster, pod_bot: Bot, reason: str, kind: str, word: str
):
    grant = await pod_bot.grant(RestartService())
    await pod_bot.commit(grant)
    await cluster.kubelet.end_pod()
    await cluster.kubelet.make_pod()
    await cluster.kubelet.report(waiting(reason))
    report = await ended(pod_bot, grant.action_id)
    assert report.state == "NOT_DONE"
    assert report.after is not None
    assert report.after.pod is not UNSET
    assert report.after.pod.trouble == kind
    assert word in report.detail


async def test_a_pod_that_stays_pending_or_unready_is_not_done_in_the_end(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], connected: Connected
):
    settings = cluster.settings(settings_document)
    settings = replace(settings, kubernetes=cluster.kubernetes(ready_within_s=0.1))
    async with connected(settings) as bot:
        grant = await bot.grant(RestartService())
        await bot.commit(grant)
    await cluster.kubelet.end_pod()
    await cluster.kubelet.make_pod()
    async with connected(settings) as bot:
        report = await ended(bot, grant.action_id)
    assert (report.state, "Pending" in report.detail) == ("NOT_DONE", True)


async def test_row_15_an_old_grant_deletes_no_new_pod(cluster: Cluster, pod: str, pod_bot: Bot):
    grant = await pod_bot.grant(RestartService())
    await cluster.kubelet.end_pod()
    new = await cluster.kubelet.run_pod()
    assert await pod_bot.commit(grant) == (409, "precondition")
    # Where the look at it comes a moment too early, the API server is still told which pod is meant.
    server = ApiServer(cluster.kubernetes())
    with pytest.raises(ApiConflictError):
        await server.delete_pod(pod)
    assert new in (await server.pod(within_s=5)).decode()


@pytest.mark.parametrize(
    ("hidden", "state", "words"), [(False, "NOT_DONE", "older text"), (True, "UNKNOWN", "cannot be read")]
)
async def test_a_pod_without_the_agreed_text_or_out_of_sight_is_not_called_done(
    cluster: Cluster,
    pod: str,
    settings_document: dict[str, Any],
    connected: Connected,
    hidden: bool,
    state: str,
    words: str,
):
    settings = cluster.settings(settings_document)
    settings = replace(settings, kubernetes=cluster.kubernetes(ready_within_s=0.1))
    async with connected(settings) as bot:
        grant = await bot.grant(RestartService())
        await bot.commit(grant)
    await cluster.kubelet.end_pod()
    await cluster.kubelet.run_pod()
    cluster.kubelet.mount(KEY, CONFIG.replace("150", "160"))
    assert cluster.played is not None
    cluster.played.trouble |= {"GET": 403} if hidden else {}
    async with connected(settings) as bot:
        report = await ended(bot, grant.action_id)
    assert (report.state, words in report.detail) == (state, True)


async def test_a_container_that_ended_once_and_came_up_is_done(cluster: Cluster, pod_bot: Bot):
    grant = await pod_bot.grant(RestartService())
    await pod_bot.commit(grant)
    await cluster.kubelet.end_pod()
    await cluster.kubelet.make_pod()
    await cluster.kubelet.report({"terminated": {"exitCode": 1, "reason": "Error"}})
    await asyncio.sleep(0.05)
    assert (await pod_bot.report(grant.action_id)).state == "INTENT"
    await cluster.kubelet.report(RUNNING, ready=True, restarts=1)
    assert (await ended(pod_bot, grant.action_id)).state == "DONE"


async def test_nothing_else_is_begun_while_a_pod_is_made_anew(cluster: Cluster, pod_bot: Bot):
    await pod_bot.commit(await pod_bot.grant(RestartService()))
    busy = await pod_bot.prepare(RestartService(), generation=2)
    assert isinstance(busy, Refusal)
    assert busy.reason == "busy"


@pytest.mark.parametrize("code", [401, 403, 409, 422, 429])
async def test_a_refused_deletion_is_not_done(cluster: Cluster, pod_bot: Bot, code: int):
    grant = await pod_bot.grant(RestartService())
    refuse_at_the_deletion(cluster, code)
    report = await pod_bot.commit(grant)
    assert isinstance(report, ActionReport)
    assert (report.state, str(code) in report.detail) == ("NOT_DONE", True)


async def test_a_deletion_without_an_answer_is_unknown(cluster: Cluster, pod_bot: Bot):
    grant = await pod_bot.grant(RestartService())
    refuse_at_the_deletion(cluster, 500)
    report = await pod_bot.commit(grant)
    assert isinstance(report, ActionReport)
    assert report.state == "UNKNOWN"


async def test_no_restart_before_the_pod_sees_the_text(cluster: Cluster, pod_bot: Bot):
    cluster.kubelet.mount(KEY, CONFIG.replace("150", "160"))
    refusal = await pod_bot.prepare(RestartService())
    assert isinstance(refusal, Refusal)
    assert "does not see" in refusal.detail


async def test_a_crashed_pod_is_started_by_being_made_anew(cluster: Cluster, pod_bot: Bot):
    assert isinstance(await pod_bot.prepare(StartService()), Refusal)
    await cluster.kubelet.report(waiting("CrashLoopBackOff"), restarts=7)
    grant = await pod_bot.grant(StartService(), generation=2)
    await pod_bot.commit(grant)
    await cluster.kubelet.end_pod()
    await cluster.kubelet.run_pod()
    assert (await ended(pod_bot, grant.action_id)).state == "DONE"


async def test_what_has_no_image_is_not_started(cluster: Cluster, pod_bot: Bot):
    await cluster.kubelet.report(waiting("ImagePullBackOff"))
    refusal = await pod_bot.prepare(StartService())
    assert isinstance(refusal, Refusal)
    assert "ImagePullBackOff" in refusal.detail


def refuse_at_the_deletion(cluster: Cluster, code: int) -> None:
    """Answer with a status once the deletion comes; the looks before it are answered."""
    assert cluster.played is not None
    cluster.played.trouble["DELETE"] = code
