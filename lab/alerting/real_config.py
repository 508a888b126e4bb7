"""Configuration for a real Prometheus and Alertmanager that watch the lab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lab.alerting.rule_words import SHIPPED_RULES, quickened_rules

SHIPPED_ALERTMANAGER = SHIPPED_RULES.parents[1] / "alertmanager" / "alertmanager.yml"


def write_prometheus_config(
    folder: Path,
    cluster: str,
    nodes: Mapping[str, str],
    alertmanager_address: str,
    speed: float,
    *,
    bot_url: str = "",
) -> Path:
    """Write the rules and the scrape configuration into the folder; return the latter's path.

    Args:
        folder: Where both go.
        cluster: The label of every target.
        nodes: Base URL of each node's /metrics, by the node's name.
        alertmanager_address: Host and port.
        speed: Divides every `for` and range of the rules.
        bot_url: Base URL of the bot's own metrics, where it is to be scraped too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yml").write_text(quickened_rules(speed), encoding="utf-8")
    every_second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    scraped = [
        {"targets": [urlsplit(url).netloc], "labels": {"cluster": cluster, "node": node}}
        for node, url in nodes.items()
    ]
    jobs: list[dict[str, Any]] = [{"job_name": "neumann", "static_configs": scraped}]
    if bot_url:
        targets = [{"targets": [urlsplit(bot_url).netloc]}]
        jobs.append({"job_name": "neumann-bot", "static_configs": targets})
    alertmanagers = {"static_configs": [{"targets": [alertmanager_address]}]}
    return _write(
        folder / "prometheus.yml",
        {
            "global": every_second,
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [alertmanagers]},
            "scrape_configs": jobs,
        },
    )


def write_alertmanager_config(folder: Path, webhook_url: str, token: str, group_interval_s: int) -> Path:
    """Write a configuration that sends all alerts, grouped by cluster, to one webhook; return its path."""
    token_file = folder / "webhook.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token, encoding="utf-8")
    credentials = {"authorization": {"type": "Bearer", "credentials_file": str(token_file.resolve())}}
    route = {
        "receiver": "neumann-bot",
        "group_by": ["cluster"],
        "group_wait": "1s",
        "group_interval": f"{group_interval_s}s",
        "repeat_interval": "1h",
    }
    webhook = {"url": webhook_url, "send_resolved": True, "max_alerts": 0, "http_config": credentials}
    receivers = [{"name": "neumann-bot", "webhook_configs": [webhook]}]
    inhibits = yaml.safe_load(SHIPPED_ALERTMANAGER.read_text(encoding="utf-8"))["inhibit_rules"]
    return _write(
        folder / "alertmanager.yml", {"route": route, "inhibit_rules": inhibits, "receivers": receivers}
    )


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
