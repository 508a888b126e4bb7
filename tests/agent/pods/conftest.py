"""A played API server with a pod and its ConfigMap, and the agent beside Neumann in that pod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.actions import observe_effect, pod_moves, successor
from agent.pods import config_map
from tests.agent.bed import Bot, Connected
from tests.agent.pods.bed import Cluster, played_cluster


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_map, "READ_WITHIN_S", 30.0)
    monkeypatch.setattr(successor, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(pod_moves, "_LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(observe_effect, "_OBSERVE_EVERY_S", 0.01)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with played_cluster(tmp_path) as played:
        yield played


@pytest.fixture
async def pod(cluster: Cluster) -> str:
    """The pod's uid; it runs and is ready."""
    return await cluster.fill()


@pytest.fixture
async def pod_bot(
    cluster: Cluster, pod: str, settings_document: dict[str, Any], connected: Connected
) -> AsyncIterator[Bot]:
    async with connected(cluster.settings(settings_document)) as bot:
        yield bot
