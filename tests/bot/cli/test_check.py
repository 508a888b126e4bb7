"""`neumann-bot check` says everything that is wrong in the file at once: line, key, and the mend."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

GOOD = """\
[slack]
bot_token = {{ file = "{folder}/slack-bot-token" }}
signing_secret = {{ file = "{folder}/slack-signing-secret" }}
channel = "C0INCIDENT"
[web]
webhook_token = {{ file = "{folder}/webhook-token" }}
[agents]
certificate = "{folder}/bot.pem"
key = "{folder}/bot.key"
grant_key = {{ file = "{folder}/grant.key" }}

[[clusters]]
name = "demo"
confirm_groups = ["S0ONCALL01"]

[[clusters.nodes]]
name = "node1"
metrics_url = "http://10.0.0.1:9090"
agent_url = "https://10.0.0.1:7880"

[[clusters.nodes]]
name = "node2"
metrics_url = "http://10.0.0.2:9090"
agent_url = "https://10.0.0.2:7880"
"""
SECRETS = {
    "slack-bot-token": "xoxb-1",
    "slack-signing-secret": "s3cr3t",
    "webhook-token": "t0k3n",
    "grant.key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}


NOBODY = "127.0.0.1:1"
"""Where neither Redis nor Slack answers."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a configuration with its secrets; the bot's certificate is not there yet."""
    monkeypatch.setenv("NEUMANN_BOT_SLACK__API_URL", f"http://{NOBODY}/api/")
    monkeypatch.setenv("NEUMANN_BOT_REDIS__URL", f"redis://{NOBODY}/0")
    for name, secret in SECRETS.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(secret)
    tmp_path.chmod(0o755)  # as a folder of /etc has it
    path = tmp_path / "neumann-bot.toml"
    path.write_text(GOOD.format(folder=tmp_path))
    return path


def wrong(config: Path, *changes: tuple[str, str]) -> list[str]:
    """Return what is said to be wrong in the file once it is changed, without its name."""
    text = config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    config.write_text(text)
    done = CliRunner().invoke(app.app, ("check", "--config", str(config)))
    assert done.exit_code == 2, done.output
    assert not any(secret in done.output for secret in SECRETS.values())
    lines = done.stderr.splitlines()
    assert all(line.startswith("wrong: ") for line in lines)
    of_the_file = (
        line for line in lines if not line.startswith(("wrong: Redis", "wrong: Slack", "wrong: The agent"))
    )
    return [line.removeprefix("wrong: ").replace(f"{config}:", "") for line in of_the_file]


def test_unknown_keys_are_named_with_their_line_and_what_was_meant(config: Path):
    changes = (("channel =", "chanel ="), ("confirm_groups", "confirm_group"), ("[web]", "[web]\nport = 0"))
    assert wrong(config, *changes) == [
        "1: slack.channel: is missing; add it",
        "4: slack.chanel: is not a key that the bot knows; did you mean `channel`?",
        "6: web.port: is less than 1",
        "15: clusters.0.confirm_group: is not a key that the bot knows; did you mean `confirm_groups`?",
    ]


def test_a_secret_in_the_file_is_not_repeated(config: Path):
    folder = config.parent
    written = (f'{{ file = "{folder}/webhook-token" }}', '"t0k3n"')
    assert wrong(config, written) == [
        '6: web.webhook_token: secrets are not written here: write { file = "/path/of/the/secret" }'
    ]


def test_what_cannot_be_beside_each_other_is_told_at_once(config: Path):
    changes = (("https://10.0.0.1", "http://10.0.0.1"), ('"node2"', '"node1"'))
    assert wrong(config, *changes) == [
        "19: clusters.0.nodes.0.agent_url: agent_url of demo/node1 must begin with https://",
        "22: clusters.0.nodes.1.name: two nodes of cluster demo have the same name, node1",
    ]


def test_placeholders_names_for_ids_and_shared_addresses(config: Path):
    changes = (
        ('"C0INCIDENT"', '"#incidents"'),
        ('"S0ONCALL01"', '"S0123456789", "@oncall"'),
        ("https://10.0.0.2", "https://10.0.0.1"),
    )
    assert wrong(config, *changes) == [
        "4: slack.channel: '#incidents' is not a valid channel id, such as C0123456789: \"Copy link\" on it"
        " ends in it",
        '14: clusters.0.confirm_groups: S0123456789 is the example\'s: "Copy group ID" in the menu of your'
        " user group",
        "14: clusters.0.confirm_groups: '@oncall' is not a valid user group id, such as S0123456789: \"Copy"
        ' group ID" in its menu',
        "24: clusters.0.nodes.1.agent_url: is the address of demo/node1 too, so one process would count as"
        " two members",
    ]


def test_every_secret_is_tried(config: Path):
    (config.parent / "webhook-token").unlink()
    (config.parent / "grant.key").write_text("")
    (config.parent / "slack-signing-secret").chmod(0o644)
    (config.parent / "slack-bot-token").write_text("xapp-1")
    said = wrong(config)
    assert [line.split(":")[:2] for line in said] == [
        ["3", " slack.signing_secret"],
        ["6", " web.webhook_token"],
        ["10", " agents.grant_key"],
        ["2", " slack.bot_token"],
    ]
    assert "begins with xoxb-" in said[-1]


def test_a_token_of_the_api_is_held_against_what_the_bot_takes_at_its_start(config: Path):
    file = config.parent / "api-token"
    token = f'name = "screen"\ntoken = {{ file = "{file}" }}\nscopes = ["status:read"]\n'
    config.write_text(f"{config.read_text()}\n[[api.tokens]]\n{token}")
    assert f"install -m 0600 /dev/stdin {file}" in wrong(config)[-1]
    file.touch(0o600)
    file.write_text("short")
    (said,) = wrong(config)
    assert "api.tokens: The token in" in said
    assert "has fewer than 20 characters" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what the unit's user does not")
def test_a_folder_that_the_units_user_may_not_enter_is_named(config: Path):
    config.parent.chmod(0o700)
    said = [line for line in wrong(config) if "its folder" in line]
    assert said and said[0].endswith(f"chmod 755 {config.parent}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what the unit's user does not")
def test_every_file_that_is_no_secret_is_held_against_what_the_units_user_may_read(config: Path):
    closed = [config.parent / name for name in ("on-call.ics", "alertmanager.pem", "prometheus.pem")]
    for file in closed:
        file.touch(0o600)
    calendar, alertmanager, prometheus = closed
    config.write_text(
        f'{config.read_text()}[alertmanager]\nurls = ["https://10.0.0.9:9093"]\n'
        f'authority = "{alertmanager}"\n'
        f'[prometheus]\nurl = "https://10.0.0.9:9090"\nauthority = "{prometheus}"\n'
        f'[escalation.on_call]\ncalendar = "{calendar}"\npeople = {{ Ann = "U0ANN0001" }}\n'
    )
    said = "\n".join(wrong(config))
    assert [file.name for file in closed if f"chmod 644 {file}" not in said] == []


def test_the_variable_is_named_where_it_came_from_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEUMANN_BOT_WEB__PORT", "eighty")
    monkeypatch.setenv("NEUMANN_BOT_REDSI__URL", "redis://elsewhere")
    first, second = wrong(config)
    assert first.startswith("the environment variable NEUMANN_BOT_WEB__PORT: web.port: ")
    assert second == (
        "the environment variable NEUMANN_BOT_REDSI__URL: sets nothing: there is no section `redsi`; did you"
        " mean `redis`?"
    )


def test_what_cannot_be_used_and_is_none_of_these_is_said_too(config: Path):
    (said,) = wrong(config)
    assert "bot.pem" in said or "bot.key" in said


def test_the_answer_is_a_document_for_scripts(config: Path):
    config.write_text(config.read_text().replace("channel =", "chanel ="))
    done = CliRunner().invoke(app.app, ("check", "--json", "--config", str(config)))
    assert (done.exit_code, done.stderr) == (2, "")
    states = [each["state"] for each in json.loads(done.stdout)]
    assert states == ["wrong", "wrong", *["not asked"] * 4]


def test_another_command_says_the_first_and_how_many_more(config: Path):
    config.write_text(config.read_text().replace("channel =", "chanel ="))
    done = CliRunner().invoke(app.app, ("status", "--config", str(config)))
    assert str(done.exception) == (
        f"{config}:1: slack.channel: is missing; add it (and 1 more: `neumann-bot check` tells all)."
    )
