"""The compose file fits the bot: its variables, its mounts, and what the proxy lets through."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import bot.cli.app
from bot.config import Settings
from bot.web.app import WEBHOOK_PATHS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "compose"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
NGINX = (FOLDER / "nginx.conf").read_text()


def test_every_variable_sets_a_key_of_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = {
        command.callback.__name__ for command in bot.cli.app.app.registered_commands if command.callback
    }
    for part in ("web", "worker"):
        command, _, config = SERVICES[part]["command"]
        assert command == part and command in commands
        assert any(mount.endswith(f"{Path(config).parent}:ro") for mount in SERVICES[part]["volumes"])
    for name, value in SERVICES["web"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings(**tomllib.loads((ROOT / "deploy" / "neumann-bot.example.toml").read_text()))
    web = settings.web
    assert (web.host, web.port, web.status_port, web.worker_status_port) == ("0.0.0.0", 8080, 8081, 8081)
    assert settings.redis.url == "redis://valkey:6379/0"
    assert settings.redis.password and settings.redis.password.file.name == "valkey-password"
    assert f":{web.status_port}/livez" in SERVICES["web"]["healthcheck"]["test"][-1]


def test_nobody_runs_as_root_or_writes_where_it_need_not() -> None:
    assert set(SERVICES) == {"web", "worker", "valkey", "proxy"}
    for service in SERVICES.values():
        assert service["user"] == "65534:65534"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]


def test_what_is_mounted_is_here_or_made_by_the_page_beside_it() -> None:
    page = (FOLDER / "README.md").read_text()
    mounted = {
        mount.split(":")[0] for each in SERVICES.values() for mount in each["volumes"] if "}" not in mount
    }
    assert mounted == {"./valkey.conf", "./data", "./nginx.conf", "./tls"}
    for name in mounted:
        assert (FOLDER / name).exists() or f" {Path(name).name}" in page


def test_the_proxy_lets_slack_and_alertmanager_through_and_nothing_else() -> None:
    places = dict(re.findall(r"location (=? ?/\S*) \{ ([^;]+); \}", NGINX))
    assert places.pop("/") == "return 404"
    assert set(places.values()) == {"proxy_pass http://web:8080"}
    assert set(places) == {"= /slack/events", "= /alertmanager", "/alertmanager/"}
    assert {path.split("{")[0] for path in WEBHOOK_PATHS} == {"/alertmanager", "/alertmanager/"}


@pytest.mark.process
def test_compose_takes_the_file() -> None:
    for argv in (("docker", "compose"), ("docker-compose",)):
        if (
            shutil.which(argv[0])
            and not subprocess.run((*argv, "version"), capture_output=True, check=False).returncode
        ):
            done = subprocess.run(
                (*argv, "-f", FOLDER / "compose.yaml", "config", "-q"),
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode, done.stdout) == (0, ""), done.stderr
            return
    pytest.skip("compose is not installed")
