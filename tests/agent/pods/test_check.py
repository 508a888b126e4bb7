"""`neumann-agent check` in a pod: asked of the API server, nothing changed."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from agent.check import find_problems
from agent.pods.check import loses
from agent.settings import Kubernetes
from tests.agent.bed import CONFIG, Node, settings_from
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


CLAIM: dict[str, Any] = {"persistentVolumeClaim": {}}
EMPTY: dict[str, Any] = {"emptyDir": {}}
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def loses_with(settings_document: dict[str, Any], **mounted: dict[str, dict[str, Any]]) -> bool:
    """Judge a pod whose containers mount these volumes at these places; a dash is an underscore here."""
    volumes = [
        {"name": f"{name}{path}", **source}
        for name, places in mounted.items()
        for path, source in places.items()
    ]
    containers = [
        {
            "name": name.replace("_", "-"),
            "volumeMounts": [{"name": f"{name}{path}", "mountPath": path} for path in places],
        }
        for name, places in mounted.items()
    ]
    place = {"state_dir": "/var/lib/neumann-agent/ledger", "config_file": "/etc/neumann/neumann-0.toml"}
    section = {"pod": "neumann-0", "config_map": "neumann-0", "config_key": "neumann-0.toml"}
    settings = settings_from(settings_document | place | {"kubernetes": section})
    assert settings.kubernetes is not None
    return loses({"spec": {"volumes": volumes, "containers": containers}}, settings, settings.kubernetes)


@pytest.mark.parametrize(
    ("volumes", "is_lost"),
    [
        ({"/var/lib/neumann-agent": CLAIM}, False),
        ({"/var/lib": CLAIM}, False),
        ({"/var/lib/neumann-agent": EMPTY}, True),
        ({"/var": CLAIM, "/var/lib/neumann-agent": EMPTY}, True),
        ({"/elsewhere": CLAIM}, True),
        ({}, True),
    ],
)
@pytest.mark.parametrize("others", [CLAIM, EMPTY], ids=["others claim", "others lose"])
@pytest.mark.parametrize("comes_last", [True, False])
def test_a_ledger_must_outlive_its_pod_in_the_agents_own_container(
    settings_document: dict[str, Any],
    volumes: dict[str, dict[str, Any]],
    is_lost: bool,
    others: dict[str, Any],
    comes_last: bool,
):
    theirs = {"/var/lib/neumann-agent": others, "/var/lib/neumann-agent/ledger": others}
    own = {"/etc/neumann": EMPTY, ACCOUNT: EMPTY} | volumes
    containers = {
        "neumann": theirs | {"/etc/neumann": EMPTY, ACCOUNT: EMPTY},
        "log_shipper": theirs | {ACCOUNT: EMPTY},
        "agent": own,
    }
    if not comes_last:
        containers = dict(reversed(containers.items()))
    assert loses_with(settings_document, **containers) is is_lost


@pytest.mark.parametrize(("source", "is_lost"), [(CLAIM, False), (EMPTY, True)])
def test_a_sidecar_that_kubernetes_starts_first_is_a_container_too(
    settings_document: dict[str, Any], source: dict[str, Any], is_lost: bool
):
    settings = settings_from(settings_document | {"state_dir": "/ledger"})
    kubernetes = Kubernetes(pod="p", config_map="c", config_key="k")
    first = {
        "name": "agent",
        "restartPolicy": "Always",
        "volumeMounts": [{"name": "v", "mountPath": "/ledger"}],
    }
    spec = {
        "volumes": [{"name": "v", **source}],
        "initContainers": [first],
        "containers": [{"name": "neumann"}],
    }
    assert loses({"spec": spec}, settings, kubernetes) is is_lost
