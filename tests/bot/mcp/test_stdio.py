"""A model's client starts `neumann-bot mcp` as it would at home, over real nodes and a real Redis."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from lab.cluster.cluster import Lab
from tests.bot.conftest import WriteConfig

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.process


async def test_a_client_starts_it_asks_and_hangs_up(write_config: WriteConfig, lab: Lab):
    config = write_config()
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "bot", "mcp", "--config", str(config)], cwd=ROOT
    )
    async with Client(command) as client:
        clusters = (await client.call_tool("list_clusters", {})).structured_content
        status = (await client.call_tool("get_status", {})).structured_content
        incidents = (await client.call_tool("list_incidents", {})).structured_content
    assert clusters
    assert status
    assert [status["cluster"]] == clusters["clusters"]
    assert {node["node"] for node in status["nodes"]} == {node.name for node in lab.nodes}
    assert incidents is not None
