"""Set the bot up over real nodes by the short way of docs/install.md, and let a person sit down to it."""

from __future__ import annotations

import base64
import secrets
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import tomlkit

from lab.alerting.prometheus import real_alerting
from lab.redis_server import redis_url
from lab.slack.app.manifest import AppManifest
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from lab.stage import ALERTS_SPEED, CHANNEL
from measure.real_nodes.cluster import HOSTS
from measure.real_nodes.host import Host
from measure.real_nodes.thread.desk import BOT, Desk, neumann_bot

SSH = """\
#!/bin/sh
# What ssh would do: run what it is given in the node's own shell.
case $1 in
{ways}
esac
exec "$@"
"""
PATIENT_READINGS = {"metrics_deadline_s": 10, "agent_deadline_s": 30}
PATIENT_DEADLINES = {
    **dict.fromkeys(("clock", "service", "log", "config", "disk", "metrics", "certificates"), 15),
    **{"connects": 3, "pings": 10},
}


@asynccontextmanager
async def desk_over(folder: Path, nodes: Mapping[str, Host], *, patient: bool = False) -> AsyncIterator[Desk]:
    """Set the bot up as the document's short way does, and serve; the alerts come from Prometheus.

    `patient` gives it and the agents longer deadlines, for emulated processors.
    """
    async with redis_url(folder.parent / "redis") as redis:
        code, said = await neumann_bot(
            "init", "--folder", str(folder), "--defaults", "--cluster", "demo",
            "--nodes", " ".join(f"{name}={host}" for name, host in HOSTS.items()),
            "--channel", "C0INCIDENT", "--may-confirm", "S0ONCALL01",
            "--bot-url", f"http://{BOT}", "--redis-url", redis,
        )  # fmt: skip
        assert code == 0, said
        manifest = AppManifest.read(folder / "slack-manifest.yaml")
        async with (
            SlackWorkspaceServer(manifest=manifest, has_rate_limits=True) as slack,
            Person(slack.url, "alice", CHANNEL) as person,
        ):
            _hand_over(folder, slack, patient=patient)
            desk = Desk(person, folder, slack)
            await _pair(desk, nodes)
            async with _serving(desk):
                yield desk


def _hand_over(folder: Path, slack: SlackWorkspaceServer, *, patient: bool) -> None:
    """Paste the tokens, add a second approver's key, and make the lab's edits.

    Those are Slack's address, several actions a minute, and longer deadlines for emulated processors.
    """
    second = base64.b64encode(secrets.token_bytes(32)).decode()
    for name, token in (
        ("slack-bot-token", slack.bot_token),
        ("slack-app-token", slack.app_token),
        ("second-grant.key", second),
    ):
        (folder / name).touch(0o600)
        (folder / name).write_text(token)
    config = tomlkit.parse((folder / "neumann-bot.toml").read_text())
    config["slack"].update({"api_url": f"{slack.url}/api/"})
    config["agents"]["second_grant_key"] = {"file": str(folder / "second-grant.key")}
    config.update({"readings": PATIENT_READINGS} if patient else {})
    (folder / "neumann-bot.toml").write_text(tomlkit.dumps(config))
    for settings in folder.glob("nodes/demo/*/neumann-agent.toml"):
        agent = tomlkit.parse(settings.read_text())
        agent["limits"] = {"same_action_interval_s": 0}
        agent.update({"deadlines": PATIENT_DEADLINES} if patient else {})
        settings.write_text(tomlkit.dumps(agent))


async def _pair(desk: Desk, nodes: Mapping[str, Host]) -> None:
    ways = "\n".join(
        f'{HOSTS[name]}) set -- {shlex.join(node.shell())} sh -c "$2" ;;' for name, node in nodes.items()
    )
    ssh = desk.folder / "ssh"
    ssh.write_text(SSH.format(ways=ways))
    ssh.chmod(0o755)
    code, said = await desk.bot("agents", "add", "--all", "--ssh", str(ssh))
    assert code == 0, said
    code, said = await desk.bot("check")
    assert code == 0, said


@asynccontextmanager
async def _serving(desk: Desk) -> AsyncIterator[None]:
    await desk.serving.start()
    token = (desk.folder / "webhook-token").read_text().strip()
    metrics = {name: f"http://{host}:9090" for name, host in HOSTS.items()}
    try:
        await desk.serving.until_listening(BOT)
        webhook = f"http://{BOT}/alertmanager/demo"
        async with real_alerting(
            desk.folder / "prometheus", "demo", metrics, webhook, token, speed=ALERTS_SPEED
        ):
            yield
    finally:
        await desk.serving.stop()
