"""The bot's configuration for a lab, written as an operator would write it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import tomlkit

from lab.cluster.cluster import Lab
from lab.layout import Address


def write_bot_files(
    folder: Path,
    lab: Lab,
    *,
    listen: Address,
    redis_url: str,
    slack: dict[str, str],
    channel: str,
    confirm_groups: list[str],
    runbooks: Sequence[str] = (),
) -> tuple[Path, str]:
    """Write `neumann-bot.toml` and its secret files into a folder.

    Args:
        folder: Where they go; the secrets with mode 0600.
        lab: The cluster that the bot watches.
        listen: Where the bot listens.
        redis_url: Where it keeps its incidents.
        slack: `bot_token`, `signing_secret` and `api_url` of the workspace.
        channel: The channel's id.
        confirm_groups: Ids of the groups that may confirm actions.
        runbooks: Names or files of runbooks beside its own.

    Returns:
        The configuration file, and the token that the webhook demands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    webhook_token = secrets.token_urlsafe(24)
    document = {
        **({"runbooks": list(runbooks)} if runbooks else {}),
        "slack": _slack(folder, slack, channel),
        "web": {
            "host": listen.host,
            "port": listen.port,
            "webhook_token": _secret(folder / "webhook-token", webhook_token),
        },
        "redis": {"url": redis_url, "prefix": f"{{neumann-{secrets.token_hex(4)}}}"},
        "agents": _agents(lab),
        "clusters": [_cluster(lab, confirm_groups)],
    }
    file = folder / "neumann-bot.toml"
    file.write_text(tomlkit.dumps(document))
    return file, webhook_token


def _slack(folder: Path, workspace: dict[str, str], channel: str) -> dict[str, object]:
    return {
        "bot_token": _secret(folder / "slack-bot-token", workspace["bot_token"]),
        "signing_secret": _secret(folder / "slack-signing-secret", workspace["signing_secret"]),
        "channel": channel,
        "api_url": workspace["api_url"],
    }


def _agents(lab: Lab) -> dict[str, object]:
    keys = lab.bot_credentials
    return {
        "certificate": str(keys.certificate),
        "key": str(keys.key),
        "authority": str(keys.authority),
        "grant_key": {"file": str(keys.grant_key)},
    }


def _cluster(lab: Lab, confirm_groups: list[str]) -> dict[str, object]:
    nodes = [
        {
            "name": node.name,
            "metrics_url": node.metrics_url,
            "agent_url": node.agent_url,
            "host": f"host-{number}",
            "zone": f"zone-{number}",
        }
        for number, node in enumerate(lab.nodes, start=1)
    ]
    return {"name": lab.cluster, "confirm_groups": confirm_groups, "nodes": nodes}


def _secret(path: Path, value: str) -> dict[str, str]:
    path.touch(mode=0o600)
    path.write_text(value + "\n")
    return {"file": str(path)}
