"""What ends a node's process, or keeps it from being started: disk, configuration, log, memory."""

from __future__ import annotations

from runbooks.evidence import NodeEvidence
from runbooks.log_damage import why_damaged
from runbooks.log_room import why_no_room
from runbooks.node_recovery.causes import NodeCause

KILLED_FOR_MEMORY = "oom-kill"
"""systemd's word for it (systemd.service(5)); the agent of a pod gives Kubernetes' OOMKilled as the same."""

Reason = tuple[NodeCause, tuple[str, ...]]


def why_it_ends(node: NodeEvidence) -> Reason | None:
    """Return what a node's process cannot live with, and what shows it; `None` where nothing read does."""
    if room := why_no_room(node):
        return NodeCause.NO_ROOM_TO_RUN, room
    if node.config.value and node.config.value.malformed:
        return NodeCause.CONFIG_BROKEN, (f"{node.config.value.path} is no TOML ({node.config.by})",)
    if damage := why_damaged(node):
        return NodeCause.LOG_DAMAGED, damage
    return None


def unread_endings(node: NodeEvidence) -> list[str]:
    """Return the readings that are missing of what a failed process may have ended by."""
    values = {"disk": node.disk.value, "configuration": node.config.value, "log": node.log.value}
    return [f"the {name} of {node.node}" for name, value in values.items() if value is None]


def was_killed_for_memory(node: NodeEvidence) -> bool:
    """Return whether the kernel ended the process for want of memory when it ended last."""
    return node.service.value is not None and node.service.value.result == KILLED_FOR_MEMORY


def was_stopped_cleanly(node: NodeEvidence) -> bool:
    """Return whether somebody or something stopped the service, and it did not fail."""
    service = node.service.value
    return service is not None and service.state == "inactive" and service.result == "success"
