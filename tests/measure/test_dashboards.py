"""The committed dashboards are what the program writes, and ask for metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from redis.asyncio import Redis

from bot.store.client import connect
from bot.web.metrics import BotMetrics
from lab.node.exporter import NodeCollector, NodeStatus
from lab.node.gossip import Membership
from measure.dashboards.__main__ import FILES, FOLDER, text_of

OF_PROMETHEUS = {"up", "ALERTS"}
LABELS = r"\{[^}]*\}|\b(?:by|on)\s*\([^)]*\)"
WORDS = {"sum", "max", "min", "count", "by", "or", "increase", "rate", "vector", "time"}

each_dashboard = pytest.mark.parametrize("name", FILES)


def panels(name: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(text_of(FILES[name]))["panels"]
    return made


def expressions(name: str) -> list[str]:
    return [target["expr"] for panel in panels(name) for target in panel.get("targets", ())]


async def bots_page(redis_url: str, prefix: str) -> str:
    redis: Redis = connect(redis_url)
    metrics = BotMetrics(redis, prefix, canary_every_s=3600.0)
    metrics.answers.labels("alertmanager", 200).inc()
    page = (await metrics.page()).decode()
    await redis.aclose()
    return page


def exporters_page() -> str:
    status = NodeStatus(
        role="leader",
        term=7,
        commit_index=10,
        applied_index=10,
        elections_total=1,
        append_entries_total=5,
        entries=10,
        memory_bytes=1,
        disk_bytes=1,
        wal_size_bytes=1,
        membership=Membership(3, 3, 0, 0),
    )
    registry = CollectorRegistry()
    registry.register(NodeCollector(lambda: status, "state_label"))
    return generate_latest(registry).decode()


def names_on(page: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))


@each_dashboard
def test_what_is_committed_is_what_the_program_writes(name: str):
    assert (FOLDER / name).read_text() == text_of(FILES[name]), "`make dashboards` writes it anew"


def test_nothing_else_lies_beside_them():
    assert {file.name for file in FOLDER.iterdir()} == set(FILES)


@each_dashboard
async def test_every_metric_that_is_asked_for_exists(name: str, redis_url: str, prefix: str):
    there = names_on(await bots_page(redis_url, prefix)) | names_on(exporters_page()) | OF_PROMETHEUS
    for expr in expressions(name):
        asked = set(re.findall(r"\b[A-Za-z_]\w+\b(?!\()", re.sub(LABELS, " ", expr))) - WORDS
        asked = {each for each in asked if not re.fullmatch(r"\d+[smhd]", each)}
        assert asked and asked <= there, expr


@each_dashboard
def test_panels_lie_beside_each_other_and_are_told_apart(name: str):
    made = panels(name)
    assert len({panel["id"] for panel in made}) == len(made)
    cells = [set(_cells(panel["gridPos"])) for panel in made]
    assert all(0 <= x < 24 for each in cells for x, _ in each)
    assert not any(one & other for one, other in combinations(cells, 2))
    for panel in made:
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(refs)) == len(refs)
        assert panel["type"] == "row" or (panel["description"].endswith((".", "?")) and refs)


def _cells(at: dict[str, int]) -> list[tuple[int, int]]:
    return [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]


def promtool(*argv: str, said: str = "") -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on PATH")
    run = subprocess.run(
        ("promtool", *argv), input=said, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.process
def test_promtool_parses_every_expression(tmp_path: Path):
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$cluster", "demo")}
        for number, expr in enumerate(expr for name in FILES for expr in expressions(name))
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))


@pytest.mark.process
async def test_promtool_finds_nothing_wrong_with_the_names_of_the_bots_metrics(redis_url: str, prefix: str):
    promtool("check", "metrics", said=await bots_page(redis_url, prefix))
