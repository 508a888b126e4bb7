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
from agent.neumann_config.planned_edit import is_mount_point
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
        if loses(json.loads(raw), settings.state_dir):
            problems.append(f"{settings.state_dir} (state_dir) is lost with the pod: claim a volume for it.")
        await api.delete_pod(service.pod.uid, dry_run=True)
    except AgentError as error:
        problems.append(str(error))
    if why_not := await store_of(settings).why_not_editable():
        problems.append(why_not)
    return problems


def loses(pod: Any, folder: Path) -> bool:  # noqa: ANN401  any JSON
    """Return whether a folder is on no volume that outlives the pod; the deepest mount decides."""
    claimed = {each["name"] for each in pod["spec"].get("volumes", []) if "persistentVolumeClaim" in each}
    mounts = {
        Path(mount["mountPath"]): mount["name"]
        for container in pod["spec"]["containers"]
        for mount in container.get("volumeMounts", [])
    }
    places = [place for place in (folder, *folder.parents) if place in mounts]
    return not places or mounts[places[0]] not in claimed
