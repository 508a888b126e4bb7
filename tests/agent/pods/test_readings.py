"""What an agent reads of its pod, and what it says where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from agent.errors import ReadingError
from agent.pods.pod_view import service_in
from agent.pods.reader import reader_of
from agent.protocol import ObserveRequest, Pod, Service
from lab.kubernetes.kubelet import RUNNING, waiting
from tests.agent.bed import CONFIG
from tests.agent.pods.bed import KEY, Cluster


async def service_of(cluster: Cluster, document: dict[str, Any]) -> Service:
    seen = await reader_of(cluster.settings(document)).observe(ObserveRequest(readings=("service",)))
    assert seen.service is not None
    assert seen.service.value is not None, seen.service.missing
    return seen.service.value


async def test_a_pod_is_read_as_a_service(cluster: Cluster, pod: str, settings_document: dict[str, Any]):
    service = await service_of(cluster, settings_document)
    assert (service.state, service.pid, service.restarts) == ("active", None, 0)
    assert isinstance(service.pod, Pod)
    assert (service.pod.name, service.pod.uid, service.pod.ready) == ("neumann-0", pod, True)
    assert service.pod.trouble is UNSET


@pytest.mark.parametrize(
    ("reason", "state", "trouble", "load"),
    [
        ("CrashLoopBackOff", "failed", "crash_loop", UNSET),
        ("ImagePullBackOff", "failed", "image", "ImagePullBackOff"),
        ("ErrImagePull", "failed", "image", "ErrImagePull"),
        ("CreateContainerConfigError", "failed", "container_config", "CreateContainerConfigError"),
        ("ContainerCreating", "unknown", "starting", UNSET),
        ("SomethingNew", "unknown", "starting", UNSET),
    ],
)
async def test_a_container_that_waits_is_known_by_its_reason(
    cluster: Cluster,
    pod: str,
    settings_document: dict[str, Any],
    reason: str,
    state: str,
    trouble: str,
    load: object,
):
    await cluster.kubelet.report(waiting(reason))
    service = await service_of(cluster, settings_document)
    assert isinstance(service.pod, Pod)
    assert (service.state, service.pod.trouble, service.load) == (state, trouble, load)


async def test_a_pod_that_is_being_deleted_is_unknown(
    cluster: Cluster, pod: str, settings_document: dict[str, Any]
):
    await cluster.kubelet.admin.delete(cluster.kubelet.path("pods", "neumann-0"))
    service = await service_of(cluster, settings_document)
    assert isinstance(service.pod, Pod)
    assert (service.state, service.pod.trouble) == ("unknown", "terminating")


@pytest.mark.parametrize(
    ("code", "words"), [(401, "token"), (403, "Role"), (429, "no more requests"), (500, "500")]
)
async def test_what_the_api_server_refuses_is_unknown_and_says_why(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], code: int, words: str
):
    assert cluster.played is not None
    cluster.played.trouble["GET"] = code
    reader = reader_of(cluster.settings(settings_document))
    seen = await reader.observe(ObserveRequest(readings=("service",)))
    assert seen.service is not None
    assert seen.service.value is None
    assert words in (seen.service.missing or "")
    assert (await reader.state()).service_state == "unknown"


async def test_a_token_is_read_anew_once_it_is_renewed(
    cluster: Cluster, pod: str, settings_document: dict[str, Any]
):
    reader = reader_of(cluster.settings(settings_document))
    assert cluster.played is not None
    cluster.played.tokens["renewed"] = cluster.played.tokens.pop("agent")
    assert (await reader.state()).pod is UNSET
    (cluster.account / "token").write_text("renewed\n")
    assert (await reader.state()).pod is not UNSET


async def test_without_a_service_account_nothing_is_known(
    cluster: Cluster, pod: str, settings_document: dict[str, Any]
):
    (cluster.account / "token").unlink()
    reader = reader_of(cluster.settings(settings_document))
    seen = await reader.observe(ObserveRequest(readings=("service", "clock")))
    assert seen.service is not None
    assert "service account" in (seen.service.missing or "")
    assert seen.clock is not None
    assert "by hand" in (seen.clock.missing or "")


async def test_another_authority_is_not_trusted(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], pki: Any
):
    (cluster.account / "ca.crt").write_bytes(pki.authority.cert_pem.bytes())
    seen = await reader_of(cluster.settings(settings_document)).observe(ObserveRequest(readings=("service",)))
    assert seen.service is not None
    assert "no answer" in (seen.service.missing or "")
    assert cluster.played is not None
    assert not [line for line in cluster.played.seen if line.startswith("GET")]


async def test_the_file_is_read_as_it_is_mounted(
    cluster: Cluster, pod: str, settings_document: dict[str, Any]
):
    cluster.kubelet.mount(KEY, CONFIG.replace("150", "160"))
    reader = reader_of(cluster.settings(settings_document))
    seen = await reader.observe(ObserveRequest(readings=("config",)))
    assert seen.config is not None
    assert seen.config.value is not None
    assert seen.config.value.election_timeout_min_ms == 160
    state = await reader.state()
    assert isinstance(state.pod, Pod)
    assert state.pod.mounted_sha256 == seen.config.value.sha256 != state.config_sha256


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"metadata": {"name": 1}}', b"[" * 100_000, b"\xff"])
def test_what_is_no_pod_is_no_service(raw: bytes):
    with pytest.raises(ReadingError):
        service_in(raw, "neumann", mounted_sha256=None, boottime_s=1.0)


def test_how_a_container_ended_has_systemds_words():
    last = b'"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}'
    raw = (
        b'{"metadata":{"name":"p","uid":"u"},"status":{"containerStatuses":[{"name":"neumann","restartCount":3,'
        b'"ready":true,"containerID":"c","state":{"running":{"startedAt":"2001-01-01T00:00:00Z"}},'
        + last
        + b"}]}}"
    )
    service = service_in(raw, "neumann", mounted_sha256=None, boottime_s=1.0)
    assert (service.result, service.restarts) == ("oom-kill", 3)
    # It would have started before the boot: one of the clocks has been set.
    assert service.started_boottime_s is None
    assert RUNNING
