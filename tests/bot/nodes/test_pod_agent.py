"""The bot orders a restart of a pod: its agent goes with it, and the next one says how it ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from nacl.signing import SigningKey
from starlette.applications import Starlette

from agent.settings import Settings
from bot.config import Cluster, Node
from bot.nodes.agent_client import AgentClient
from handlers.ports import Order, Outcome, Readiness
from lab.kubernetes.kubelet import RUNNING, waiting
from runbooks.plans import Action
from tests.agent.bed import Node as Host
from tests.agent.bed import Pki, document_of, serving
from tests.agent.pods.bed import played_cluster

pytestmark = pytest.mark.process


class WhoeverServes(httpx.AsyncBaseTransport):
    """Leads to the agent that serves now, and nowhere while there is none."""

    app: Starlette | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.app is None:
            raise httpx.ConnectError("nobody listens")
        return await httpx.ASGITransport(self.app).handle_async_request(request)


async def serve_until(over: asyncio.Event, settings: Settings, whoever: WhoeverServes) -> None:
    async with serving(settings) as (_, app):
        whoever.app = app
        await over.wait()
        whoever.app = None


@pytest.mark.parametrize(
    ("comes_up", "state", "word"),
    [(True, "done", "is ready"), (False, "not_done", "CrashLoopBackOff")],
)
async def test_the_end_of_a_restart_is_asked_of_the_agent_in_the_next_pod(
    tmp_path: Path, comes_up: bool, state: str, word: str
):
    key, whoever = SigningKey.generate(), WhoeverServes()
    node = Node(name="node1", metrics_url="http://127.0.0.1:1", agent_url="https://agent:7880")
    wanted = Order("demo", "inc-1", 1, 1, Action(type="restart_service", node="node1"), "U0ALICE001")
    async with played_cluster(tmp_path) as cluster, httpx.AsyncClient(transport=whoever) as http:
        await cluster.fill()
        settings = cluster.settings(document_of(Host(tmp_path), Pki.make(tmp_path), key))
        bot = AgentClient((Cluster(name="demo", nodes=(node,)),), http, key)

        async def replace_the_pod(first: asyncio.Event, second: asyncio.Event) -> None:
            await cluster.kubelet.until_deleted()
            first.set()
            await beside[0]
            await cluster.kubelet.end_pod()
            await cluster.kubelet.make_pod()
            beside.append(asyncio.create_task(serve_until(second, settings, whoever)))
            state = RUNNING if comes_up else waiting("CrashLoopBackOff")
            await cluster.kubelet.report(state, ready=comes_up)

        first, second = asyncio.Event(), asyncio.Event()
        beside = [asyncio.create_task(serve_until(first, settings, whoever))]
        try:
            while whoever.app is None:
                await asyncio.sleep(0.01)
            readiness = await bot.prepare(wanted)
            assert isinstance(readiness, Readiness), readiness
            beside.append(asyncio.create_task(replace_the_pod(first, second)))
            async with asyncio.timeout(30):
                outcome = await bot.commit(wanted, readiness)
            assert isinstance(outcome, Outcome)
            assert outcome.state == state, outcome.detail
            assert word in outcome.detail
        finally:
            first.set()
            second.set()
            with suppress(httpx.HTTPError):
                await asyncio.gather(*beside)
