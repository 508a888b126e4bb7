"""What Kubernetes is given, created on a real API server: taken, kept to the field, and its pods admitted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lab.kubernetes.real_api_server import ASSETS, MISSING, client_of, real_api_server
from tests.deploy.test_chart import LEAST, MOST, OPERATORS, Object, rendered

WHY = f"no {' and '.join(MISSING)} in {ASSETS} (KUBEBUILDER_ASSETS): docs/kubernetes-nodes.md"
needs_api_server = pytest.mark.skipif(bool(MISSING), reason=WHY)
needs_helm = pytest.mark.skipif(
    find_spec("helm_python") is None, reason="Helm's library, which `make chart` installs"
)
CANARY = Path(__file__).parents[2] / "deploy" / "kubernetes" / "neumann-bot-canary.yaml"
NAMESPACE = "incidents"


class Kubernetes:
    """Creates objects as an administrator, in a namespace of their own."""

    def __init__(self, admin: httpx.AsyncClient) -> None:
        self._admin = admin

    async def create(self, given: Object) -> Object:
        """Create an object, and return it as it is stored; what is refused fails with the server's words."""
        version, resource = await self._resource(given)
        inside = f"/namespaces/{NAMESPACE}" if resource["namespaced"] else ""
        path = f"{_root(version)}{inside}/{resource['name']}"
        answer = await self._admin.post(path, json={**given, "apiVersion": version})
        assert answer.is_success, f"{given['kind']}: {answer.text}"
        stored: Object = answer.json()
        return stored

    async def _resource(self, given: Object) -> tuple[str, Object]:
        """Return the version that this server has of an object's kind, and what it says of that kind."""
        wanted = given["apiVersion"]
        for version in (wanted, f"{wanted.rpartition('/')[0]}/v1beta1"):
            answer = await self._admin.get(_root(version))
            for resource in answer.json().get("resources", ()) if answer.is_success else ():
                if resource["kind"] == given["kind"] and "/" not in resource["name"]:
                    return version, resource
        raise AssertionError(f"the server knows no {given['kind']} of {wanted}")


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@pytest.fixture
async def kubernetes(tmp_path: Path) -> AsyncIterator[Kubernetes]:
    async with real_api_server(tmp_path) as server, client_of(server, server.admin_token) as admin:
        cluster = Kubernetes(admin)
        await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        # What kube-controller-manager makes in every namespace.
        await cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
        yield cluster


def lost(given: Any, stored: Any, at: str) -> Iterator[str]:
    """Yield where what is stored is not what was given: a server ignores a field that it does not know."""
    if isinstance(given, dict) and isinstance(stored, dict):
        for name, each in given.items():
            yield from lost(each, stored.get(name), f"{at}.{name}")
    elif isinstance(given, list) and isinstance(stored, list) and len(given) == len(stored):
        for place, (each, kept) in enumerate(zip(given, stored, strict=True)):
            yield from lost(each, kept, f"{at}[{place}]")
    elif given != stored and given not in ({}, [], None):
        yield f"{at}: {given!r} is stored as {stored!r}"


def pod_of(owner: Object, name: str) -> Object:
    """Return the pod that a controller would make for a Deployment or a CronJob."""
    spec = owner["spec"].get("jobTemplate", owner)["spec"]
    template = spec["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": name},
        "spec": template["spec"],
    }


async def create_all(kubernetes: Kubernetes, objects: list[Object]) -> list[str]:
    """Create objects and the pods that follow from them; return what was not stored as it was given."""
    pods = [
        pod_of(each, f"{each['metadata']['name']}-0")
        for each in objects
        if each["kind"] in {"Deployment", "CronJob"}
    ]
    assert pods
    return [
        each
        for given in (*objects, *pods)
        for each in lost(
            {**given, "apiVersion": None},
            await kubernetes.create(given),
            f"{given['kind']} {given['metadata']['name']}",
        )
    ]


@pytest.mark.process
@needs_api_server
@needs_helm
@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
async def test_the_charts_objects_are_taken_and_its_pods_admitted(
    values: dict[str, Any], kubernetes: Kubernetes
) -> None:
    if high := values.get("priorityClassName"):
        await kubernetes.create(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": high},
                "value": 1000,
            }
        )
    objects = [each for each in rendered(values) if each["kind"] not in OPERATORS]
    assert await create_all(kubernetes, objects) == []


@pytest.mark.process
@needs_api_server
async def test_the_canarys_job_is_taken_and_its_pod_admitted(kubernetes: Kubernetes) -> None:
    objects = list(yaml.safe_load_all(CANARY.read_text()))
    assert await create_all(kubernetes, objects) == []


def test_a_field_that_a_server_leaves_out_or_changes_is_named() -> None:
    given = {"spec": {"kept": 1, "empty": {}, "containers": [{"gone": True}]}}
    stored = {"spec": {"kept": 1, "defaulted": 2, "containers": [{}]}}
    assert list(lost(given, stored, "Pod a")) == ["Pod a.spec.containers[0].gone: True is stored as None"]
