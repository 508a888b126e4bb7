"""The command that a person would type to start or restart a node's process, as plans show it."""

from __future__ import annotations

from typing import Literal

from runbooks.evidence import NodeEvidence


def service_command(node: NodeEvidence, verb: Literal["start", "restart"]) -> str:
    """Return the command; a pod is started and restarted by having Kubernetes make it anew."""
    pod = node.service.value.pod if node.service.value else None
    return f"kubectl delete pod {pod.name}" if pod else f"systemctl {verb} neumann"
