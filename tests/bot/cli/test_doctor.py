"""`neumann-bot doctor`: whether an alert would get through, and with the canary, that one does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from bot import clients
from bot.alerting.prometheus import PrometheusClient
from bot.cli.doctor import EXIT_UNREAD, canary_of, exit_code
from bot.config import PrometheusSettings, Settings, load
from bot.doctor.alerting import prometheus_findings
from bot.doctor.canary import keep_flying
from bot.doctor.parts_findings import readings, rooms, versions
from bot.slack.scopes import SCOPES
from bot.store.canary import CanaryFlag
from handlers.errors import Refused, StoreDown
from handlers.ports.doctor import Examined
from lab.alerting.prometheus import real_alerting
from lab.cluster.cluster import Lab
from lab.slack.app.manifest import SHIPPED_MANIFEST, AppManifest
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from runbooks.posture.inventory import Inventory, Site
from tests.bot.cli.test_app import run
from tests.bot.conftest import WriteConfig
from tests.bot.real_alerting import needs_the_real_programs, prometheus
from tests.bot.web.serving import serve
from tests.bot.worker.working import working
from tests.builders import evidence, healthy, known, silent
from tests.waiting import until

DEPLOY = Path(__file__).parents[3] / "deploy"


def line_of(finding: Examined) -> str:
    return f"{finding.state} {finding.says}"


def test_the_scopes_are_those_of_the_shipped_manifest() -> None:
    assert AppManifest.read(SHIPPED_MANIFEST).scopes == frozenset(SCOPES)


def test_a_finding_is_one_line_that_says_the_mend() -> None:
    assert line_of(Examined("Redis", "appends to a file")) == "ok Redis: appends to a file"
    assert line_of(Examined("Redis", "x", "set it")) == "BAD Redis: set it"


def test_what_was_not_asked_says_why_and_is_neither_well_nor_wrong() -> None:
    finding = Examined("Check", "user groups", not_asked="Slack does not answer")
    assert line_of(finding) == "? Check: user groups: not asked: Slack does not answer"
    assert finding.wrong is None


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "? Agents: versions of the agents of demo: not read: node1, node2 and node3 told none"),
        ({"node1": "2"}, "? Agents: versions of the agents of demo: not read: node2 and node3 told none"),
        (dict.fromkeys(("node1", "node2", "node3"), "2"), "ok Agents: 3 agents of demo run 2"),
        ({"node1": "1"}, "BAD Agents: the bot runs 2, but node1 1: finish the upgrade"),
    ],
)
def test_who_did_not_answer_is_not_counted_among_those_that_run_a_version(
    told: dict[str, str], line: str
) -> None:
    sites = {name: Site() for name in ("node1", "node2", "node3")}
    said = versions("demo", Inventory(sites=sites, agent_versions=told, bot_version="2"))
    assert line_of(said) == line


def test_a_disk_that_takes_no_writes_is_named_and_one_that_was_not_read_is_no_good_news() -> None:
    one, *others = healthy()
    assert one.disk.value
    failed = one.model_copy(update={"disk": known(one.disk.value.model_copy(update={"read_only": True}))})
    assert line_of(rooms(evidence(one, *others))) == "ok Disks: 3 nodes of demo can write the log of record"
    assert line_of(rooms(evidence(failed, *others))) == (
        "BAD Disks: of demo, node1: its file system is read-only (bot): repair that disk, or make room on it"
    )
    unread = evidence(*(silent(name) for name in ("node1", "node2", "node3")))
    room = "? Disks: room on the disks of demo: not read: no agent read that of"
    assert line_of(rooms(unread)) == f"{room} node1, node2 and node3"
    assert line_of(rooms(evidence(one, silent("node2")))) == f"{room} node2"


def test_an_agent_that_gave_no_answer_in_time_is_not_known_to_be_well() -> None:
    (line, *others) = (line_of(each) for each in readings(evidence(*healthy()[:2], silent("node3"))))
    assert line == "? Readings: metrics of node3 of demo: not read: no answer within 2 s"
    assert others[0].startswith("? Readings: clock, service, log, config, disk")
    assert others[0].endswith("of node3 of demo: not read: the agent gave no answer within 4 s")
    assert [each.state for each in readings(evidence(*healthy()))] == ["ok"]


def test_a_job_learns_that_not_all_was_read() -> None:
    well, unread = Examined("Redis", "appends to a file"), Examined("Disks", "demo", not_read="no answer")
    unasked = Examined("Prometheus", "rules", not_asked="not configured")
    assert [
        exit_code(found) for found in ((well, unasked), (well, unread), (unread, Examined("a", "", "b")))
    ] == [
        0,
        3,
        1,
    ]


@pytest.mark.process
async def test_where_slack_is_away_what_hangs_on_it_is_not_asked_for_that_reason(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("auth.test", "token_revoked", times=None)
    code, out, _ = await run("doctor", "--config", str(write_config(slack)))
    assert code == 1
    (line,) = (each for each in out.splitlines() if "user groups and channels" in each)
    assert line.startswith("?    Check: user groups and channels: S0")
    assert line.endswith("not asked: Slack did not let the bot in")


@pytest.mark.process
async def test_without_alerting_it_says_what_is_well_and_what_is_not_configured(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.manifest = AppManifest.read(SHIPPED_MANIFEST)
    file = write_config(slack)
    code, out, err = await run("doctor", "--config", str(file))
    # On a busy machine an agent may give no answer in time, and that is not 0.
    assert (code in (0, EXIT_UNREAD), err) == (True, ""), out
    assert "ok   Slack: the token has all 10 scopes" in out
    assert "ok   Nodes: every metrics page and every agent answers" in out
    assert "?    Prometheus: rules and targets: not asked: [prometheus] is not configured" in out
    code, _, err = await run("doctor", "--watch", "--config", str(write_config(slack)))
    assert (code, "Set canary_every_min in [doctor]" in err) == (2, True)
    code, _, err = await run("doctor", "--canary", "--config", str(write_config(slack)))
    assert (code, "configure both sections first" in err) == (2, True)
    file.write_text(f'runbooks = ["disk-full"]\n{file.read_text()}')
    code, out, err = await run("doctor", "--config", str(file))
    said = "BAD  Runbooks: There is no runbook disk-full, and no installed package offers one."
    assert (code, err, [each for each in out.splitlines() if "Runbooks" in each]) == (1, "", [said])


@pytest.mark.process
async def test_a_missing_secret_keeps_from_being_asked_only_what_needs_it(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    file = write_config(slack)
    (file.parent / "slack-bot-token").unlink()
    code, out, err = await run("doctor", "--config", str(file))
    said = out.splitlines()
    assert (code, err) == (1, "")
    assert said[0].startswith("BAD  Secrets: slack.bot_token: The secret file")
    assert "write it with `install -m 0600" in said[0]
    assert any(line.startswith("?    Check: Slack, user groups and channels: S0ONCALL01") for line in said)
    assert "ok   Nodes: every metrics page and every agent answers" in said
    assert "ok   Redis: appends to a file" in said


@pytest.mark.process
async def test_without_the_keys_for_agents_the_metrics_pages_are_read(
    write_config: WriteConfig, slack: SlackWorkspaceServer, tmp_path: Path
) -> None:
    file = write_config(slack)
    document = tomlkit.parse(file.read_text())
    document["agents"]["key"] = str(tmp_path / "bot.key")
    file.write_text(tomlkit.dumps(document))
    code, out, _ = await run("doctor", "--config", str(file))
    said = out.splitlines()
    assert (code, said[0].startswith("BAD  Configuration:")) == (1, True)
    assert "ok   Nodes: every metrics page answers" in said
    (line,) = (each for each in said if each.startswith("?    Agents: agents, their versions and disks"))
    assert "`neumann-bot agents add` makes it" in line


@pytest.mark.process
async def test_a_cluster_that_is_not_configured_is_no_clean_bill(write_config: WriteConfig) -> None:
    code, out, err = await run("doctor", "--cluster", "demp", "--config", str(write_config()))
    sentence = "neumann-bot: No cluster demp is configured: demo. Did you mean demo?\n"
    assert (code, out, err) == (2, "", sentence)


@pytest.mark.parametrize(
    ("asked", "configured", "flown_for"), [("", "eu", "eu"), ("demo", "eu", "demo"), ("eu", "", "eu")]
)
def test_the_test_alert_is_for_the_cluster_asked_for_or_else_for_the_configured_one(
    asked: str, configured: str, flown_for: str
) -> None:
    assert canary_of(two_clusters(configured), asked) == flown_for


def test_of_two_clusters_one_must_be_named() -> None:
    with pytest.raises(Refused, match="Which cluster"):
        canary_of(two_clusters(""), "")


def two_clusters(canary_cluster: str) -> Settings:
    example = load(DEPLOY / "neumann-bot.example.toml")
    clusters = (*example.clusters, example.clusters[0].model_copy(update={"name": "eu"}))
    doctor = example.doctor.model_copy(update={"canary_cluster": canary_cluster})
    return example.model_copy(update={"clusters": clusters, "doctor": doctor})


@pytest.mark.process
async def test_a_missing_scope_and_a_silent_node_are_named_with_their_mends(
    write_config: WriteConfig, slack: SlackWorkspaceServer, lab: Lab
) -> None:
    manifest = AppManifest.read(SHIPPED_MANIFEST)
    assert manifest.scopes
    slack.workspace.manifest = AppManifest(**{**vars(manifest), "scopes": manifest.scopes - {"files:write"}})
    await lab.kill("node3")
    code, out, _ = await run("doctor", "--json", "--config", str(write_config(slack)))
    await lab.restart_node("node3")
    assert code == 1
    wrong = [each["wrong"] for each in json.loads(out) if each["wrong"]]
    assert any("lacks files:write (put pictures and reports into a thread)" in each for each in wrong)
    assert any("demo/node3 metrics" in each for each in wrong)


@pytest.mark.process
@needs_the_real_programs
async def test_a_test_alert_goes_all_the_way_and_back(
    write_config: WriteConfig, slack: SlackWorkspaceServer, lab: Lab, tmp_path: Path, parts: AsyncExitStack
) -> None:
    file = write_config(slack)
    token = (file.parent / "webhook-token").read_text().strip()
    async with working(load(file)) as bot, serve(bot.web) as url:
        nodes = {node.name: node.metrics_url for node in lab.nodes}
        alerting = await parts.enter_async_context(
            real_alerting(tmp_path, "demo", nodes, f"{url}/alertmanager", token, speed=10, bot_url=url)
        )
        file.write_text(
            f'{file.read_text()}\n[alertmanager]\nurls = ["{alerting.alertmanager_url}"]\n'
            f'[prometheus]\nurl = "{alerting.prometheus_url}"\n[doctor]\ncanary_every_min = 60\n'
        )
        await parts.enter_async_context(scraped(load(file), 3, sends=True))
        flag = CanaryFlag(bot.redis, load(file).redis.prefix)
        assert await flag.last_home_s() == 0
        code, out, err = await run("doctor", "--canary", "--timeout-s", "40", "--config", str(file))
        assert await flag.last_home_s() > 0
    # On a busy machine an agent may give no answer in time, and that is not 0.
    assert (code in (0, EXIT_UNREAD), err) == (True, ""), out
    legs = [line for line in out.splitlines() if " Canary: " in line]
    assert [line.split(" (")[0].removeprefix("ok   Canary: ") for line in legs] == [
        "Prometheus' rule fires",
        "Alertmanager routes it to the bot",
        "the bot has opened an incident",
        "its thread is in Slack",
        "resolved has closed it",
    ]
    assert "ok   Rules: NoLeader fires when every node is gone" in out
    assert "A test alert of neumann-bot doctor for demo" in " ".join(
        plain_text(vars(each)) for each in slack.workspace.messages
    )


@asynccontextmanager
async def scraped(settings: Settings, nodes: int, *, sends: bool = False) -> AsyncIterator[PrometheusClient]:
    """Prometheus' client once so many nodes were scraped, and once it has found Alertmanager."""
    async with clients.alerting(settings) as (_, client):
        assert client

        async def is_ready() -> bool:
            up = await client.labels('up{job="neumann"}')
            return len(up) == nodes and (not sends or bool(await client.alertmanagers()))

        await until(is_ready, poll_s=0.2)
        yield client


async def test_one_canary_flies_after_the_other_whatever_becomes_of_it() -> None:
    told: list[str] = []
    waits: list[float] = []
    flights = [
        [Examined("Canary", "the rule fires")],
        [Examined("Canary", "the rule fires", "it does not fire")],
    ]

    async def fly() -> AsyncIterator[Examined]:
        if not flights:
            raise StoreDown("Redis does not answer.")
        for leg in flights.pop(0):
            yield leg

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_flying(fly, 3600.0, lambda leg: told.append(line_of(leg)), sleep)
    assert told == [
        "ok Canary: the rule fires",
        "BAD Canary: it does not fire",
        "BAD Canary: Redis does not answer.",
    ]
    assert all(3500 < each <= 3600 for each in waits)


SILENT_RULE: dict[str, Any] = {
    "alert": "NoLeader",
    "expr": 'sum(tensor_chain_raft_state{state="leader"}) == 0',
}


@pytest.mark.process
@needs_the_real_programs
async def test_the_runbook_pages_own_rule_is_found_to_be_silent_in_a_total_outage(
    settings: Settings, tmp_path: Path, parts: AsyncExitStack
) -> None:

    rules = {"groups": [{"name": "page", "rules": [SILENT_RULE]}]}
    running = await parts.enter_async_context(prometheus(tmp_path, rules, "127.0.0.1:1"))
    with_it = settings.model_copy(update={"prometheus": PrometheusSettings(url=running.url)})
    client = await parts.enter_async_context(scraped(with_it, 1))
    wrong = [each.wrong async for each in prometheus_findings(client, with_it) if each.wrong]
    said = "\n".join(wrong)
    assert "NoLeader stays silent for demo when every node is gone" in said
    assert "ElectionStorm is not loaded" in said
    assert 'no target has job="neumann", cluster="demo" and node="node2" (2 of 3 nodes lack one)' in said
    assert 'tensor_chain_raft_state has no series with cluster="demo"' in said
    assert "sends its alerts to no Alertmanager" in said
