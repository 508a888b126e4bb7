"""A node as docs/install.md makes it, and the bot's end of the line to its agent."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from measure.real_nodes.container import Container
from measure.real_nodes.document import REPOSITORY, documented
from measure.real_nodes.host import Ran

AGENT = "/opt/neumann-bot/bin/neumann-agent"
KEPT = "/root/config.toml"
SETTINGS = "/etc/neumann-agent/neumann-agent.toml"
BOT = """\
[slack]
bot_token = {{ file = "{folder}/secret" }}
signing_secret = {{ file = "{folder}/secret" }}
channel = "C0123456789"
[web]
webhook_token = {{ file = "{folder}/secret" }}
[agents]
certificate = "{folder}/bot.pem"
key = "{folder}/bot.key"
grant_key = {{ file = "{folder}/grant.key" }}
[[clusters]]
name = "demo"
[[clusters.nodes]]
name = "node1"
metrics_url = "http://node1:9090"
agent_url = "https://node1:7880"
"""


class Node:
    """A booted node with an agent, and a bot that is paired with it."""

    def __init__(self, container: Container, folder: Path) -> None:
        self.container = container
        self._bot = folder / "bot"
        self._bot.mkdir(parents=True, exist_ok=True)
        self.bot_config = self._bot / "bot.toml"

    def root(self, script: str, *, timeout_s: float = 120) -> Ran:
        """Run a script as root."""
        return self.container.run(script, timeout_s=timeout_s)

    def agent_user(self, script: str) -> Ran:
        """Run a script as the agent's user."""
        return self.container.run(script, user="neumann-agent")

    def prepare(self) -> Ran:
        """Carry out the chapter's fourth step, and its edit of the settings."""
        done = self.root("set -e; cd /src\n" + documented("useradd --system"))
        # "then edit it": the limit of one action in ten minutes would make a case last that long.
        self.root(f"sed -i 's/^# same_action_interval_s = .*/same_action_interval_s = 0/' {SETTINGS}")
        self.root("systemctl start true-time neumann; systemctl restart chrony; chronyc waitsync 30 0 0 1")
        return done

    def pair(self, *, beside: bool = False) -> str:
        """Carry out the fifth step: two terminals and one code. Return what both said."""
        code = secrets.token_hex(16)
        for name, text in (("code", code), ("secret", "a secret")):
            (self._bot / name).write_text(text)
            (self._bot / name).chmod(0o600)
        if not self.bot_config.exists():
            config = BOT.format(folder=self._bot).replace("node1:", "127.0.0.1:")
            self.bot_config.write_text(config)
        command = documented("neumann-agent pair").strip()
        said: list[Ran] = []
        waiting = threading.Thread(
            target=lambda: said.append(self.root(f"{command} --within-s 40 --code-file - <<< {code}"))
        )
        waiting.start()
        where = ("--pair-at", "https://127.0.0.1:7881") if beside else ("--url", "https://127.0.0.1:7880")
        bot = (sys.executable, "-m", "bot", "agents", "add", "--config", str(self.bot_config))
        named = ("--cluster", "demo", "--node", "node1", "--code-file", str(self._bot / "code"))
        for _ in range(20):
            added = self.container.from_outside((*bot, *named, *where))
            if added.code == 0:
                break
        waiting.join()
        return added.said + said[0].said

    def serve(self) -> Ran:
        """Start the agent as the chapter does."""
        return self.root(documented("enable --now neumann-agent"))

    def order(self, what: str) -> dict[str, Any]:
        """Order an action as the bot does, or with `clock` look at the clock; return what came of it."""
        program = (sys.executable, "-m", "measure.real_nodes.order", str(self.bot_config), what)
        ran = self.container.from_outside(program)
        if ran.code:
            raise RuntimeError(ran.said)
        answer: dict[str, Any] = json.loads(ran.said.splitlines()[-1])
        return answer

    def neumann(self, *lines: str) -> None:
        """Give Neumann's unit these lines more, stopped, with a file that is well and a clean slate."""
        unit = "[Service]\n" + "\n".join(lines) + "\n"
        drop_in = "/etc/systemd/system/neumann.service.d"
        self.root(f"systemctl stop neumann; mkdir -p {drop_in}; printf %s '{unit}' > {drop_in}/case.conf")
        self.root("systemctl daemon-reload; systemctl reset-failed neumann")
        self.root(
            f"[ -e {KEPT} ] || cp -p /etc/neumann/config.toml {KEPT}; cp {KEPT} /etc/neumann/config.toml"
        )


def version_of(node: Node) -> str:
    """Return the node's systemd, chrony and polkit."""
    said = node.root("dpkg-query -W -f '${Package} ${Version}\\n' systemd chrony polkitd").said
    return ", ".join(said.split("\n")[:3])


def head() -> str:
    """Return the commit that is tested."""
    asked = ("git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD")
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
