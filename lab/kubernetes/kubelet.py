"""What makes, places and runs a pod, played over the API: its StatefulSet, the scheduler and the kubelet."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

CONTAINER = "neumann"
RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-11-30T10:00:00Z"}}


def waiting(reason: str) -> dict[str, Any]:
    """Return the state of a container that waits."""
    return {"waiting": {"reason": reason}}


@dataclass(frozen=True)
class PlayedKubelet:
    """Acts by a client with an administrator's rights; `volume` is where the pod's ConfigMap is mounted."""

    admin: httpx.AsyncClient
    volume: Path
    pod: str = "neumann-0"
    namespace: str = "neumann"

    def path(self, resource: str, name: str = "") -> str:
        """Return the path of an object, or of all of its kind."""
        return f"/api/v1/namespaces/{self.namespace}/{resource}{'/' if name else ''}{name}"

    async def make_pod(self) -> str:
        """Create the pod on its host, as its StatefulSet and the scheduler do; return its uid."""
        spec = {
            "nodeName": "host-a",
            "automountServiceAccountToken": False,
            "containers": [{"name": CONTAINER, "image": "neumann"}],
        }
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.pod}, "spec": spec}
        answer = await self.admin.post(self.path("pods"), json=body)
        answer.raise_for_status()
        uid: str = answer.json()["metadata"]["uid"]
        return uid

    async def report(self, state: dict[str, Any], *, ready: bool = False, restarts: int = 0) -> None:
        """Report the state of Neumann's container; each report of a running one is of a new start of it."""
        started = f"containerd://{secrets.token_hex(8)}" if "running" in state else ""
        seen = {
            "name": CONTAINER,
            "image": "neumann",
            "imageID": "",
            "state": state,
            "lastState": {},
            "ready": ready,
            "restartCount": restarts,
            "containerID": started,
        }
        status = {"phase": "Running" if started else "Pending", "containerStatuses": [seen]}
        path = f"{self.path('pods', self.pod)}/status"
        headers = {"Content-Type": "application/merge-patch+json"}
        (await self.admin.patch(path, json={"status": status}, headers=headers)).raise_for_status()

    async def run_pod(self) -> str:
        """Make the pod and have it running and ready; return its uid."""
        uid = await self.make_pod()
        await self.report(RUNNING, ready=True)
        return uid

    async def until_deleted(self) -> None:
        """Wait until somebody has the pod deleted."""
        while "deletionTimestamp" not in (await self._pod())["metadata"]:  # noqa: ASYNC110  it is another's
            await asyncio.sleep(0.02)

    async def end_pod(self) -> None:
        """Say that the pod's containers have ended, which takes it away."""
        path = self.path("pods", self.pod)
        answer = await self.admin.request("DELETE", path, json={"gracePeriodSeconds": 0})
        answer.raise_for_status()

    async def text(self, config_map: str, key: str) -> str:
        """Return what a ConfigMap holds."""
        answer = await self.admin.get(self.path("configmaps", config_map))
        held: str = answer.raise_for_status().json()["data"][key]
        return held

    def mount(self, key: str, text: str) -> None:
        """Project a text into the volume, by exchanging one link for another as the kubelet does."""
        version = self.volume / f"..{datetime.now(UTC):%Y_%m_%d_%H_%M_%S}.{secrets.token_hex(4)}"
        version.mkdir(parents=True)
        (version / key).write_text(text)
        link = self.volume / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self.volume / "..data")
        if not (self.volume / key).is_symlink():
            (self.volume / key).symlink_to(f"..data/{key}")

    async def _pod(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.admin.get(self.path("pods", self.pod))).raise_for_status().json()
        return found
