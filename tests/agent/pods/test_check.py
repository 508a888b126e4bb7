"""`neumann-agent check` in a pod: asked of the API server, nothing changed."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from agent.check import find_problems
from agent.pods.check import loses
from tests.agent.bed import CONFIG, Node
from tests.agent.pods.bed import ROLE, Cluster


async def problems_of(cluster: Cluster, document: dict[str, Any]) -> str:
    settings = cluster.settings(document)
    return "\n".join(each.sentence for each in await asyncio.to_thread(find_problems, settings))


@pytest.mark.process
async def test_it_names_what_would_not_work_in_a_pod_and_nothing_of_a_host(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(socket, "gethostname", lambda: "neumann-0")
    told = await problems_of(cluster, settings_document)
    assert "is lost with the pod" in told
    others = ("chronyd", "systemd", "polkit", "chown", "403", "kubernetes.pod")
    assert not [word for word in others if word in told]
    # A deletion and a change were asked about, and neither was made.
    still = (await cluster.kubelet.admin.get(cluster.kubelet.path("pods", "neumann-0"))).json()["metadata"]
    assert (still["uid"], "deletionTimestamp" in still) == (pod, False)
    assert await cluster.kubelet.text("neumann-0", "neumann-0.toml") == CONFIG


@pytest.mark.process
async def test_it_says_which_right_is_missing_and_where_it_runs(
    cluster: Cluster, pod: str, settings_document: dict[str, Any]
):
    assert cluster.played is not None
    cluster.played.tokens["agent"] = (type(ROLE[0])(("get",), "pods"), type(ROLE[0])(("get",), "configmaps"))
    told = await problems_of(cluster, settings_document)
    assert told.count("403") == 2
    assert "DELETE" in told
    assert "PATCH" in told
    assert "`kubernetes.pod` says neumann-0" in told


@pytest.mark.process
async def test_a_ping_that_may_not_be_used_is_said_with_the_pods_mend(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], node: Node
):
    recorded = Path(__file__).parents[2] / "data" / "ping" / "unprivileged-not-permitted.txt"
    (node.folder / "ping").write_text(f"#!/bin/sh\ncat {recorded}\n")
    assert "securityContext.sysctls" in await problems_of(cluster, settings_document)


@pytest.mark.parametrize(
    ("volumes", "is_lost"),
    [
        ({"/var/lib/neumann-agent": {"persistentVolumeClaim": {}}}, False),
        ({"/var/lib": {"persistentVolumeClaim": {}}}, False),
        ({"/var/lib/neumann-agent": {"emptyDir": {}}}, True),
        ({"/var": {"persistentVolumeClaim": {}}, "/var/lib/neumann-agent": {"emptyDir": {}}}, True),
        ({"/elsewhere": {"persistentVolumeClaim": {}}}, True),
        ({}, True),
    ],
)
def test_a_ledger_must_outlive_its_pod(volumes: dict[str, dict[str, Any]], is_lost: bool):
    named = [{"name": path, **source} for path, source in volumes.items()]
    mounts = [{"name": path, "mountPath": path} for path in volumes]
    pod = {"spec": {"volumes": named, "containers": [{"name": "agent", "volumeMounts": mounts}]}}
    assert loses(pod, Path("/var/lib/neumann-agent/ledger")) is is_lost
