"""Every file that follows from the answers, as text; nothing is read or written here but what is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from bot.cli.init.answers import AGENT_PORT, GOSSIP_PORT, METRICS_PORT, RAFT_PORT, Answers, NodeAnswer

BOT_FILE, AGENT_FILE = "neumann-bot.toml", "neumann-agent.toml"
EXAMPLE_FILE = "neumann-bot.example.toml"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "slack-bot-token", "slack-app-token", "slack-signing-secret"
WEBHOOK_TOKEN = "webhook-token"  # noqa: S105


def agent_file(folder: Path, cluster: str, node: str) -> Path:
    """Return where the settings of a node's agent are kept until they are on the node."""
    return folder / "nodes" / cluster / node / AGENT_FILE


def bot_file(answers: Answers, folder: Path) -> str:
    """Return the bot's configuration; secrets and keys are files in `folder`."""
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Written by `neumann-bot init`. `neumann-bot check` says what is wrong with it;")
    )
    document.add(tomlkit.comment(f"{EXAMPLE_FILE} beside it has every key there is."))
    for name, values in _sections(answers, folder):
        table = tomlkit.table()
        table.update(values)
        document.add(tomlkit.nl())
        document.add(name, table)
    cluster = tomlkit.table()
    groups = [each for each in answers.may_confirm if each.startswith("S")]
    people = [each for each in answers.may_confirm if each not in groups]
    cluster.update({"name": answers.cluster, "confirm_groups": groups, "confirm_users": people})
    cluster.add("nodes", _tables(_node(each) for each in answers.nodes))
    document.add("clusters", _tables([cluster]))
    return tomlkit.dumps(document)


def _sections(answers: Answers, folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    def secret(name: str) -> InlineTable:
        inline = tomlkit.inline_table()
        inline["file"] = str(folder / name)
        return inline

    slack: dict[str, object] = {"bot_token": secret(BOT_TOKEN)}
    if answers.is_socket_mode:
        slack["app_token"] = secret(APP_TOKEN)
    yield "slack", slack | {"signing_secret": secret(SIGNING_SECRET), "channel": answers.channel}
    host, port = answers.listen
    yield "web", {"host": host, "port": port, "webhook_token": secret(WEBHOOK_TOKEN)}
    yield "redis", {"url": answers.redis_url}
    if answers.alertmanager_urls:
        yield "alertmanager", {"urls": list(answers.alertmanager_urls), "cluster": answers.cluster}
    if answers.prometheus_url:
        yield "prometheus", {"url": answers.prometheus_url}
    keys = {"certificate": str(folder / "bot.pem"), "key": str(folder / "bot.key")}
    yield "agents", keys | {"grant_key": secret("grant.key")}


def _node(node: NodeAnswer) -> Table:
    table = tomlkit.table()
    table["name"] = node.name
    table["metrics_url"] = f"http://{node.host}:{METRICS_PORT}"
    table["agent_url"] = f"https://{node.host}:{AGENT_PORT}"
    return table


def _tables(tables: Iterator[Table] | list[Table]) -> AoT:
    found = tomlkit.aot()
    for table in tables:
        found.append(table)
    return found


def agent_settings(answers: Answers, node: NodeAnswer) -> str:
    """Return the settings of a node's agent, for /etc/neumann-agent."""
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Written by `neumann-bot init`; `neumann-agent check` says what would not work.")
    )
    document.update(
        {
            "cluster": answers.cluster,
            "node": node.name,
            "listen": f"{node.host if _is_address(node.host) else '0.0.0.0'}:{AGENT_PORT}",  # noqa: S104
            "state_dir": "/var/lib/neumann-agent",
            "config_file": "/etc/neumann/config.toml",
            "tls": {
                "certificate": "/etc/neumann-agent/agent.pem",
                "key": "/etc/neumann-agent/agent.key",
                "authority": "/etc/neumann-agent/authority.pem",
            },
            "commands": {"chronyc": "/usr/lib/neumann-agent/chronyc"},
        }
    )
    document.add("peers", _tables(_peer(each) for each in answers.nodes if each != node))
    return tomlkit.dumps(document)


def _peer(node: NodeAnswer) -> Table:
    table = tomlkit.table()
    table["node"] = node.name
    table["raft"] = f"{node.host}:{RAFT_PORT}"
    table["gossip"] = f"{node.host}:{GOSSIP_PORT}"
    table["ping"] = node.host.strip("[]")
    return table


def _is_address(host: str) -> bool:
    return host.startswith("[") or host.replace(".", "").isdigit()
