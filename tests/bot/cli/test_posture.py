"""`neumann-bot posture` reads live and says it as text and as JSON; its exit code is for a job."""

from __future__ import annotations

import json

import pytest

from bot.cli.posture import as_document
from lab.cluster.cluster import Lab
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check
from tests.bot.cli.test_app import run
from tests.bot.conftest import WriteConfig
from tests.builders import evidence

LINE = {
    "check",
    "severity",
    "fact",
    "advice",
    "nodes",
    "since",
    "muted_until",
    "muted_by",
    "rule",
    "source",
}


def test_the_json_has_a_line_for_each_check_with_its_rule_and_source() -> None:
    document = as_document(judge(evidence(), Inventory()))
    lines = document["lines"]
    assert isinstance(lines, list)
    assert {line["check"] for line in lines} == {check.value for check in Check}
    assert all(set(line) == LINE for line in lines)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.process
async def test_a_lost_node_is_exit_code_1_and_redis_is_not_needed(
    write_config: WriteConfig, lab: Lab
) -> None:
    config = str(write_config(redis="redis://127.0.0.1:1/0"))
    code, out, err = await run("posture", "--config", config)
    # On a busy machine the links may be too slow for the timeouts, and that is a warning.
    assert code == int("warning: " in out)
    assert "fine: Fault tolerance (spare-nodes)\n  can lose any 1 node (3 of 3 can vote)" in out
    assert "critical: " not in out
    assert "Without what the bot keeps in Redis no trend is known" in err
    await lab.kill("node1")
    code, out, _ = await run("posture", "--json", "--config", config)
    assert code == 1
    assert json.loads(out)["lines"][0]["check"] == "spare-nodes"
