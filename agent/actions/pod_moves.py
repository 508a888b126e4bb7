"""Restart and start Neumann's pod: deleted as this very one, and done once its successor has stayed ready."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from msgspec import UnsetType

from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.errors import ConfigFileError
from agent.neumann_config.edit import read_config_bytes
from agent.pods.api_server import ApiServer
from agent.pods.pod_view import WORDS
from agent.protocol import NodeState, Pod, RestartService, StartService
from agent.settings import Kubernetes

_FINAL = ("crash_loop", "image", "container_config")
"""A pod in one of these does not come up by being waited for; one that has ended once is started again."""
_LOOK_AGAIN_S = 0.5


def why_no_restart(case: Case, now: NodeState) -> str | None:
    """Return why the pod is not deleted to have Neumann restarted."""
    if other := _why_not_this_pod(case, now):
        return other
    was, pod = pod_of(case.agreed), pod_of(now)
    assert was and pod  # noqa: S101 (tells the type checker)
    if now.service_state != "active":
        return f"Neumann does not run in the pod {pod.name}{_trouble(pod)}; only a running one is restarted."
    if pod.container_id != was.container_id:
        return f"Neumann was started anew in the pod {pod.name} since this was agreed."
    return _why_not_with_this_text(case, now, pod)


def _why_not_with_this_text(case: Case, now: NodeState, pod: Pod) -> str | None:
    if case.agreed.config_sha256 is None:
        return None
    if now.config_sha256 != case.agreed.config_sha256:
        return "The configuration has changed since this was agreed, or cannot be read."
    if pod.mounted_sha256 != now.config_sha256:
        return f"The pod {pod.name} does not see the ConfigMap's text yet, which takes up to a minute."
    return None


def why_no_start(case: Case, now: NodeState) -> str | None:
    """Return why the pod is not deleted to have Neumann started."""
    if other := _why_not_this_pod(case, now):
        return other
    pod = pod_of(now)
    assert pod  # noqa: S101 (tells the type checker)
    if isinstance(now.service_load, str):
        return f"The pod {pod.name} cannot start{_trouble(pod)}: mend that first."
    if now.service_state in ("inactive", "failed"):
        return None
    return (
        f"Neumann in the pod {pod.name} is {now.service_state}{_trouble(pod)}; only a stopped one is started."
    )


def _why_not_this_pod(case: Case, now: NodeState) -> str | None:
    was, pod = pod_of(case.agreed), pod_of(now)
    if was is None or pod is None:
        return "The pod could not be read, so nothing is done to it."
    if pod.uid != was.uid:
        return f"The pod {pod.name} is another one now ({pod.uid}) than was agreed on ({was.uid})."
    return f"The pod {pod.name} is being deleted already." if pod.trouble == "terminating" else None


async def delete(case: Case) -> None:
    """Have this very pod deleted; whoever owns it makes another of the same name."""
    pod = pod_of(case.agreed)
    assert pod  # noqa: S101 (checked by _why_not_this_pod)
    await ApiServer(_settings(case)).delete_pod(pod.uid)


async def wait_until_mounted(case: Case, sha256: str) -> None:
    """Wait until the pod sees the ConfigMap's new text, or has had the time that the settings give."""
    give_up = time.monotonic() + _settings(case).mounted_within_s
    while time.monotonic() < give_up:
        try:
            if read_config_bytes(case.settings.config_file, follow_links=True).sha256 == sha256:
                return
        except ConfigFileError:
            pass  # the kubelet is exchanging it
        await asyncio.sleep(_LOOK_AGAIN_S)


def judge(case: Case, after: NodeState) -> bool | None:
    """Judge whether another pod of that name runs, is ready, and sees the text that was agreed on."""
    was, pod = pod_of(case.agreed), pod_of(after)
    if was is None or pod is None:
        return None
    if pod.uid == was.uid:
        return None if pod.trouble == "terminating" else False
    if pod.trouble in _FINAL:
        return False
    return True if pod.ready and not _sees_another(case, pod) else None


def has_begun(case: Case, after: NodeState) -> bool:
    """Say whether the pod is going or gone, so that only its successor can say what came of it."""
    was, pod = pod_of(case.agreed), pod_of(after)
    return bool(was and pod and (pod.uid != was.uid or pod.trouble == "terminating"))


def stayed_ready(first: NodeState, later: NodeState) -> bool | None:
    """Judge whether the start of Neumann that was seen first still runs and is ready."""
    was, pod = pod_of(first), pod_of(later)
    if was is None or pod is None:
        return None
    return pod.ready and (pod.uid, pod.container_id) == (was.uid, was.container_id)


def tell(case: Case, after: NodeState) -> str:
    """Put the move in words; what keeps the new pod from running has Kubernetes' name."""
    was, pod = pod_of(case.agreed), pod_of(after)
    if was is None or pod is None:
        return "The pod cannot be read, so it is not known what became of it."
    if pod.uid == was.uid:
        return f"The pod {pod.name} is still the one of before{_trouble(pod)}."
    now = "runs and is ready" if pod.ready else "does not run" if _trouble(pod) else "runs and is not ready"
    text = ", with an older text of its ConfigMap" if _sees_another(case, pod) else ""
    gone = f"The pod {pod.name} was deleted ({was.uid})"
    return f"{gone}; the one made in its place {now}{_trouble(pod)}{text}."


def pod_of(state: NodeState) -> Pod | None:
    """Return the pod of a state, if it has one."""
    return None if isinstance(state.pod, UnsetType) else state.pod


def _sees_another(case: Case, pod: Pod) -> bool:
    agreed = case.agreed.config_sha256
    return isinstance(case.action, RestartService) and agreed is not None and pod.mounted_sha256 != agreed


def _trouble(pod: Pod) -> str:
    return "" if isinstance(pod.trouble, UnsetType) else f" ({WORDS[pod.trouble]})"


def _settings(case: Case) -> Kubernetes:
    assert case.settings.kubernetes is not None  # noqa: S101 (a pod's actions alone come here)
    return case.settings.kubernetes


POD_START = ActionKind(
    of=StartService,
    reads=frozenset({"service"}),
    why_not=why_no_start,
    run=delete,
    judge=judge,
    tell=tell,
    lasts=stayed_ready,
    has_begun=has_begun,
)
POD_RESTART = replace(
    POD_START, of=RestartService, reads=frozenset({"service", "config"}), why_not=why_no_restart
)
