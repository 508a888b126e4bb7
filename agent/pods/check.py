"""What would not work in a pod, asked of the API server without changing anything there."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.boot import boottime_s
from agent.errors import AgentError
from agent.mounts import is_mount_point
from agent.neumann_config.store import store_of
from agent.pods.api_server import ANSWER_WITHIN_S, ApiServer
from agent.pods.pod_view import service_in
from agent.protocol import Pod
from agent.settings import Kubernetes, Settings


def pod_problems(settings: Settings, kubernetes: Kubernetes) -> Iterator[str]:
    """Yield one sentence for each thing that fails."""
    yield from asyncio.run(_asked(settings, kubernetes))
    if is_mount_point(settings.config_file):
        yield f"{settings.config_file} is mounted by subPath, so no change is seen: mount its folder."
    if socket.gethostname() != kubernetes.pod:
        yield f"This runs in {socket.gethostname()}, and `kubernetes.pod` says {kubernetes.pod}: correct it."


async def _asked(settings: Settings, kubernetes: Kubernetes) -> list[str]:
    api, problems = ApiServer(kubernetes), []
    try:
        raw = await api.pod(within_s=ANSWER_WITHIN_S)
        service = service_in(raw, kubernetes.container, mounted_sha256=None, boottime_s=boottime_s())
        assert isinstance(service.pod, Pod)  # noqa: S101 (tells the type checker)
        if service.restarts is None:
            problems.append(f"The pod {kubernetes.pod} has no container {kubernetes.container} yet.")
        if loses(json.loads(raw), settings, kubernetes):
            problems.append(f"{settings.state_dir} (state_dir) is lost with the pod: claim a volume for it.")
        await api.delete_pod(service.pod.uid, dry_run=True)
    except AgentError as error:
        problems.append(str(error))
    if why_not := await store_of(settings).why_not_editable():
        problems.append(why_not)
    return problems


def loses(pod: Any, settings: Settings, kubernetes: Kubernetes) -> bool:  # noqa: ANN401  any JSON
    """Return whether the ledger is, in the agent's own container, on no volume that outlives the pod."""
    claimed = {each["name"] for each in pod["spec"].get("volumes", []) if "persistentVolumeClaim" in each}
    mounted = [_mounts(each) for each in _containers(pod["spec"]) if each["name"] != kubernetes.container]
    # No container is told its name. The agent's is the one with a token that sees Neumann's file.
    needed = (kubernetes.service_account, settings.config_file)
    own = [mounts for mounts in mounted if all(_volume_of(place, mounts) for place in needed)] or mounted
    return not own or any(_volume_of(settings.state_dir, mounts) not in claimed for mounts in own)


def _containers(spec: Any) -> Iterator[Any]:  # noqa: ANN401  any JSON
    """Yield the containers that run side by side; one that Kubernetes starts first is among the others."""
    yield from spec["containers"]
    yield from (each for each in spec.get("initContainers", []) if each.get("restartPolicy") == "Always")


def _mounts(container: Any) -> dict[Path, str]:  # noqa: ANN401  any JSON
    return {Path(mount["mountPath"]): mount["name"] for mount in container.get("volumeMounts", [])}


def _volume_of(place: Path, mounts: dict[Path, str]) -> str | None:
    """Return the volume that a place is on; the deepest mount decides."""
    return next((mounts[each] for each in (place, *place.parents) if each in mounts), None)
