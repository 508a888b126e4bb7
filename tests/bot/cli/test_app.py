"""The command as an operator runs it: a sentence and an exit code, whatever is wrong."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lab.cluster.cluster import Lab
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import WriteConfig

pytestmark = pytest.mark.process


async def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `neumann-bot`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_check_says_that_all_is_well(write_config: WriteConfig, slack: SlackWorkspaceServer) -> None:
    file = write_config(slack)
    code, out, err = await run("check", "--config", str(file))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"fine: {file}: clusters demo",
        "fine: Redis: takes writes",
        "fine: Slack: the bot token is taken",
        "fine: user group S0ONCALL01: 2 members",
        "fine: channel C0INCIDENT: the bot is in it",
        "not asked: nodes and agents: `neumann-bot doctor` asks them",
        "not asked: Alertmanager and Prometheus: `neumann-bot doctor` asks them",
    ]


async def test_check_goes_on_with_all_that_a_missing_secret_is_not_needed_for(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    file = write_config(slack)
    secret = file.parent / "webhook-token"
    secret.unlink()
    code, out, err = await run("check", "--config", str(file))
    assert (code, err.count("\n")) == (2, 1)
    assert f"web.webhook_token: The secret file {secret} is not there" in err
    assert f"write it with `install -m 0600 /dev/stdin {secret}`" in err
    assert [line.split(":")[:2] for line in out.splitlines()][:4] == [
        ["fine", " Redis"],
        ["fine", " Slack"],
        ["fine", " user group S0ONCALL01"],
        ["fine", " channel C0INCIDENT"],
    ]


async def test_check_names_each_group_and_channel_that_is_not_as_it_should_be(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    file = write_config(slack)
    file.write_text(
        file.read_text()
        .replace("S0ONCALL01", "S0DELETED1")
        .replace('channel = "C0INCIDENT"', 'channel = "C0GONE0001"')
        + '\n[[permissions]]\nconfirm_groups = ["S0ONCALL01", "S0GONE0002"]\n'
    )
    code, _, err = await run("check", "--config", str(file))
    assert code == 1
    assert [line.split(":")[1] for line in err.splitlines()] == [
        " user group S0DELETED1",
        " user group S0GONE0002",
        " channel C0GONE0001",
    ]
    assert "Slack has no user group S0DELETED1 any more, which the configuration names" in err
    assert "channel_not_found: check the channel id in the configuration" in err


async def test_check_and_doctor_say_that_nobody_may_confirm(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    file = write_config(slack)
    file.write_text(file.read_text().replace('confirm_groups = ["S0ONCALL01"]', "confirm_groups = []"))
    says = "nobody may confirm a remedy on demo: name confirm_groups or confirm_users"
    code, _, err = await run("check", "--config", str(file))
    assert (code, err.splitlines()) == (1, [f"wrong: cluster demo: {says}"])
    code, out, _ = await run("doctor", "--config", str(file))
    assert (code, f"BAD  Check: cluster demo: {says}" in out) == (1, True)


async def test_check_says_that_the_bot_was_not_invited(
    write_config: WriteConfig, slack: SlackWorkspaceServer
) -> None:
    slack.faults.fail("conversations.history", "not_in_channel")
    code, _, err = await run("check", "--config", str(write_config(slack)))
    assert code == 1
    assert "invite the bot to the channel" in err


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_check_says_that_the_token_is_no_good(
    write_config: WriteConfig, slack: SlackWorkspaceServer, word: str
) -> None:
    slack.faults.fail("auth.test", word, times=None)
    code, out, err = await run("check", "--config", str(write_config(slack)))
    assert (code, err.count("\n")) == (1, 1)
    assert f"Slack says {word}" in err
    assert "not asked: user groups and channels: S0ONCALL01, C0INCIDENT" in out
    assert "fine: channel" not in out


async def test_check_says_that_nobody_answers(write_config: WriteConfig) -> None:
    code, out, err = await run("check", "--config", str(write_config(redis="redis://127.0.0.1:1/0")))
    assert code == 1
    assert [line.split(": ")[1] for line in err.splitlines()] == ["Redis", "Slack"]
    assert "not asked: user groups" in out


async def test_status_reads_the_cluster_with_neither_slack_nor_redis(
    write_config: WriteConfig, lab: Lab
) -> None:
    file = write_config(redis="redis://127.0.0.1:1/0")
    for _ in range(10):  # on a busy machine a leader may not last for the time of a reading
        before = await lab.claims()
        code, out, err = await run("status", "--config", str(file))
        assert (code in (0, 1), err) == (True, "")
        if code == 0 and before and before == await lab.claims():
            break
    else:
        pytest.fail("the lab's leader never lasted for the time of a reading")
    assert f"A leader exists: {before[-1][1]} leads term" in out
    assert "Can it elect? yes" in out
    assert all(node.name in out for node in lab.nodes)


async def test_a_cluster_that_nobody_could_read_is_said_to_be_that_and_not_to_have_no_leader(
    write_config: WriteConfig,
) -> None:
    file = write_config()
    text = re.sub(r'_url = "(https?)://127[^"]*"', r'_url = "\1://127.0.0.1:1"', file.read_text())
    file.write_text(text)
    for command in ("status", "diagnose"):
        code, out, err = await run(command, "--config", str(file))
        assert (code, err) == (3, "")
        assert out.startswith("demo: could not be read: no node and no agent answers")
        assert "no leader" not in out.lower()
        code, out, _ = await run(command, "--json", "--config", str(file))
        assert (code, "could not be read" in json.loads(out)["error"]) == (3, True)


async def test_a_cluster_that_is_not_configured_is_named(write_config: WriteConfig) -> None:
    code, out, err = await run("status", "dema", "--config", str(write_config()))
    assert (code, out) == (2, "")
    assert err == "neumann-bot: No cluster dema is configured: demo. Did you mean demo?\n"


async def test_every_command_says_in_one_sentence_that_its_configuration_is_not_there(tmp_path: Path) -> None:
    file = str(tmp_path / "missing.toml")
    commands = ("check", "status", "serve", "web", "worker")
    for code, out, err in await asyncio.gather(*(run(command, "--config", file) for command in commands)):
        assert (code, out) == (2, "")
        assert err.startswith("neumann-bot: There is no configuration ")
        assert err.count("\n") == 1


async def test_a_secret_that_is_gone_is_named_by_check(write_config: WriteConfig) -> None:
    file = write_config()
    for gone in ("webhook-token", "slack-bot-token"):
        (file.parent / gone).unlink()
    code, out, err = await run("check", "--config", str(file))
    assert (code, err.count("\n")) == (2, 2), "both at once"
    assert f"write it with `install -m 0600 /dev/stdin {file.parent / 'webhook-token'}`" in err
    assert f"fine: {file}" not in out
    assert "not asked: Slack, user groups and channels: S0ONCALL01, C0INCIDENT" in out


async def test_an_address_of_redis_that_is_none_is_named(write_config: WriteConfig) -> None:
    code, _, err = await run("check", "--config", str(write_config(redis="http://127.0.0.1:1")))
    assert code == 2
    assert err.count("\n") == 1


async def test_the_version_is_that_of_the_package() -> None:
    assert await run("--version") == (0, f"neumann-bot {metadata.version('neumann-bot')}\n", "")


async def test_an_unknown_command_is_a_usage_error() -> None:
    code, _, err = await run("explode")
    assert code == 2
    assert "explode" in err
