"""What Slack, Alertmanager, Prometheus and systemd need of the answers, made from what is shipped."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from bot.cli.init.answers import METRICS_PORT, Answers
from bot.cli.init.shipped import shipped
from bot.cli.init.written import APP_TOKEN, BOT_FILE, WEBHOOK_TOKEN

_EXAMPLE = "https://neumann-bot.example.com"
_ETC = "/etc/neumann-bot"


def slack_manifest(answers: Answers) -> str:
    """Return the app's manifest: over Socket Mode without any address, else with that of the bot."""
    text = shipped("slack-manifest.yaml")
    if not answers.is_socket_mode:
        return _without_head(text).replace(_EXAMPLE, answers.public_url)
    text = re.sub(rf"^ *(request_)?url: {re.escape(_EXAMPLE)}.*\n", "", text, flags=re.MULTILINE)
    return _without_head(text).replace("socket_mode_enabled: false", "socket_mode_enabled: true")


def _without_head(text: str) -> str:
    """Leave out the comment at the top, which says to replace the address."""
    return '# The Slack app: "Create New App" > "From a manifest".\n' + text[text.index("_metadata:") :]


def alertmanager(answers: Answers, folder: Path) -> str:
    """Return receiver and route, with the bot's address and the file that holds its token."""
    text = shipped("alertmanager/alertmanager.yml")
    url = f"{answers.bot_url}/alertmanager/{answers.cluster}"
    text = text.replace("http://neumann-bot:8080/alertmanager/demo", url)
    copied = f"install -m 0640 -g prometheus {folder / WEBHOOK_TOKEN} /etc/alertmanager/neumann-bot.token"
    return f"# The token, on Alertmanager's host: {copied}\n{text}"


def prometheus(answers: Answers) -> str:
    """Return the scrape configuration of the nodes and of the bot, with the labels that the rules need."""
    targets = "".join(
        f'      - targets: ["{node.host}:{METRICS_PORT}"]\n'
        f"        labels: {{cluster: {answers.cluster}, node: {node.name}}}\n"
        for node in answers.nodes
    )
    where = urlsplit(answers.bot_url)
    scheme = "" if where.scheme == "http" else f"    scheme: {where.scheme}\n"
    return (
        "# Beside the shipped rules: neumann.rules.yml and neumann-bot.rules.yml.\n"
        "scrape_configs:\n"
        "  - job_name: neumann\n    scrape_timeout: 5s\n    static_configs:\n"
        f"{targets}"
        f"  - job_name: neumann-bot\n{scheme}    static_configs:\n"
        f'      - targets: ["{where.netloc}"]\n'
    )


def unit(answers: Answers, folder: Path, program: Path) -> str:
    """Return the bot's unit, for this folder and this program, with the credentials that are used."""
    text = shipped("systemd/neumann-bot.service").replace(_ETC, str(folder))
    text = text.replace("/opt/neumann-bot/bin/neumann-bot", str(program))
    if answers.is_socket_mode:
        text = re.sub(
            rf"^#(?=LoadCredential={APP_TOKEN}:|Environment=.*%d/{APP_TOKEN}$)", "", text, flags=re.M
        )
    if BOT_FILE not in text:
        raise AssertionError("the shipped unit starts the bot with another configuration")
    return text
