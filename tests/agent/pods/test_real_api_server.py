"""What the played API server is held against: the same on a real one, where its programs are installed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from msgspec import UNSET

from agent.errors import ApiConflictError, ApiError
from agent.pods.api_server import ApiServer
from agent.pods.reader import reader_of
from agent.protocol import ActionReport, RestartService
from lab.kubernetes.kubelet import PlayedKubelet
from lab.kubernetes.real_api_server import ASSETS, MISSING, client_of, real_api_server
from tests.agent.bed import Connected
from tests.agent.pods.bed import CONFIG_MAP, KEY, Cluster, account_of
from tests.agent.pods.test_restart import ended
from tests.agent.pods.test_timeouts import WIDE, WIDER, commit_and_mount, plan, write

WHY = f"no {' and '.join(MISSING)} in {ASSETS} (KUBEBUILDER_ASSETS): docs/kubernetes-nodes.md"
pytestmark = [pytest.mark.process, pytest.mark.skipif(bool(MISSING), reason=WHY)]
MANIFEST = Path(__file__).parents[3] / "deploy" / "kubernetes" / "neumann-nodes.yaml"
PATHS = {
    "ServiceAccount": "/api/v1/namespaces/neumann/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/neumann/configmaps",
    "Service": "/api/v1/namespaces/neumann/services",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/neumann/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/neumann/rolebindings",
    "StatefulSet": "/apis/apps/v1/namespaces/neumann/statefulsets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/neumann/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/neumann/poddisruptionbudgets",
}
ACCOUNTS = PATHS["ServiceAccount"]


async def created(admin: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await admin.post(path, json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A real API server with this repository's manifest applied, and a token of its service account."""
    async with real_api_server(tmp_path) as server, client_of(server, server.admin_token) as admin:
        await created(admin, "/api/v1/namespaces", {"metadata": {"name": "neumann"}})
        # What kube-controller-manager makes in every namespace.
        await created(admin, ACCOUNTS, {"metadata": {"name": "default"}})
        for each in yaml.safe_load_all(MANIFEST.read_text()):
            if each["metadata"]["name"] == CONFIG_MAP:
                continue  # the bed's own
            path = PATHS[each["kind"]]
            if (
                each["kind"] == "PodDisruptionBudget"
                and (await admin.get("/apis/policy/v1")).status_code == 404
            ):
                path, each["apiVersion"] = path.replace("/v1/", "/v1beta1/"), "policy/v1beta1"
            await created(admin, path, each)
        asked = {"spec": {"expirationSeconds": 600}}
        token = (await created(admin, f"{ACCOUNTS}/neumann/token", asked))["status"]["token"]
        account = account_of(tmp_path, token, server.authority)
        cluster = Cluster(server.address, account, PlayedKubelet(admin, tmp_path / "volume"))
        yield cluster


async def test_a_pod_is_restarted_and_its_text_changed_by_this_repositorys_role(
    real: Cluster, settings_document: dict[str, Any], connected: Connected
):
    old = await real.fill()
    settings, kubelet = real.settings(settings_document), real.kubelet
    async with connected(settings) as bot:
        shown = await plan(bot)
        assert shown.path == f"ConfigMap {CONFIG_MAP}, key {KEY}"  # type: ignore[union-attr]
        change = await commit_and_mount(real, bot, await bot.grant(WIDER))
        assert change.state == "DONE"
        assert await kubelet.text(CONFIG_MAP, KEY) == WIDE
        grant = await bot.grant(RestartService())
        begun = await bot.commit(grant)
        assert isinstance(begun, ActionReport)
        assert begun.state == "INTENT", begun.detail
        await kubelet.until_deleted()
    await kubelet.end_pod()
    new = await kubelet.run_pod()
    async with connected(settings) as bot:
        done = await ended(bot, grant.action_id)
    assert done.state == "DONE", done.detail
    assert done.after is not None
    assert done.after.pod is not UNSET
    assert done.after.pod.uid == new != old


async def test_what_it_refuses(real: Cluster, settings_document: dict[str, Any]):
    uid, server = await real.fill(), ApiServer(real.kubernetes())
    with pytest.raises(ApiConflictError, match="409"):
        await server.delete_pod("00000000-0000-0000-0000-000000000000")
    await server.delete_pod(uid, dry_run=True)
    assert "deletionTimestamp" not in (await server.pod(within_s=5)).decode()
    with pytest.raises(ApiConflictError, match="409"):
        await server.set_text("x", "1")
    await write(real, {"immutable": True})
    version = (await real.kubelet.admin.get(real.kubelet.path("configmaps", CONFIG_MAP))).json()["metadata"]
    with pytest.raises(ApiError, match="422"):
        await server.set_text("x", version["resourceVersion"])
    with pytest.raises(ApiError, match="403"):
        await ApiServer(real.kubernetes(pod="neumann-9")).pod(within_s=5)
    with pytest.raises(ApiError, match="403"):
        await ApiServer(real.kubernetes(config_map="neumann-agent")).config_map(within_s=5)
    # The account is taken away, and every token of it with it.
    await real.kubelet.admin.delete(f"{ACCOUNTS}/neumann")
    reader = reader_of(real.settings(settings_document))

    async def is_refused() -> bool:
        return (await reader.state()).pod is UNSET

    async with asyncio.timeout(20):
        while not await is_refused():
            await asyncio.sleep(0.2)
    with pytest.raises(ApiError, match="401"):
        await server.pod(within_s=5)
