"""`neumann-bot init`: from its questions to the first answer in Slack, as an operator walks it."""

from __future__ import annotations

import os
import signal
import stat
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from typer.testing import CliRunner

import agent.settings
from bot.cli import app
from bot.config import load
from handlers.errors import ConfigurationError, Refused
from lab.cluster.cluster import Lab
from lab.cluster.process import Process
from lab.slack.app.manifest import AppManifest
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from tests.bot.cli.test_agents import free_address
from tests.bot.cli.test_app import run as run_process
from tests.waiting import until

ASKED = (
    "--cluster", "demo", "--nodes", "node1=10.0.0.1 node2=10.0.0.2 node3", "--channel", "C0INCIDENT",
    "--may-confirm", "S0ONCALL01 U0ALICE",
)  # fmt: skip


def init(*arguments: str, typed: str | None = None) -> str:
    done = CliRunner().invoke(app.app, ("init", *arguments), input=typed)
    if isinstance(done.exception, Refused):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bot"


def test_what_it_writes_is_a_configuration_and_secrets_that_nobody_else_reads(folder: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    settings = load(folder / "neumann-bot.toml")
    assert [node.agent_url for node in settings.clusters[0].nodes] == [
        "https://10.0.0.1:7880",
        "https://10.0.0.2:7880",
        "https://node3:7880",
    ]
    assert settings.clusters[0].confirm_groups == ("S0ONCALL01",)
    assert settings.clusters[0].confirm_users == ("U0ALICE",)
    assert settings.slack.app_token, "Socket Mode is the default: it needs no public address"
    for secret in ("webhook-token", "slack-signing-secret"):
        assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600
    assert settings.web.webhook_token.read().get_secret_value() in (folder / "webhook-token").read_text()


def test_the_file_with_every_key_lies_where_the_configuration_says_that_it_does(folder: Path):
    said = init("--folder", str(folder), "--defaults", *ASKED)
    example = folder / "neumann-bot.example.toml"
    assert f"# {example.name} beside it has every key" in (folder / "neumann-bot.toml").read_text()
    assert str(example) in "".join(said.split())
    assert load(example).clusters, "it can be used as it is"


def test_the_units_user_may_enter_the_folder_whatever_the_umask_of_who_made_it(folder: Path):
    before = os.umask(0o077)
    try:
        init("--folder", str(folder / "below"), "--defaults", *ASKED)
    finally:
        os.umask(before)
    made = (folder, folder / "below", folder / "below" / "neumann-bot.toml")
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o755, 0o755, 0o644]


def test_each_agents_file_names_the_others_and_agrees_with_the_bots(folder: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    bot = load(folder / "neumann-bot.toml").clusters[0]
    for node in bot.nodes:
        own = agent.settings.load_settings(folder / "nodes" / "demo" / node.name / "neumann-agent.toml")
        assert (own.cluster, own.node) == (bot.name, node.name)
        assert {peer.node for peer in own.peers} == {each.name for each in bot.nodes} - {node.name}
        assert own.listen.endswith(":7880")


def test_over_http_the_manifest_has_the_address_and_over_socket_mode_none(folder: Path, tmp_path: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    socket_mode = (folder / "slack-manifest.yaml").read_text()
    assert "http" not in socket_mode
    assert yaml.safe_load(socket_mode)["settings"]["socket_mode_enabled"] is True
    init("--folder", str(tmp_path / "http"), "--defaults", *ASKED, "--public-url", "https://bot.example.org/")
    http = yaml.safe_load((tmp_path / "http" / "slack-manifest.yaml").read_text())
    assert http["settings"]["socket_mode_enabled"] is False
    assert http["settings"]["interactivity"]["request_url"] == "https://bot.example.org/slack/events"
    assert load(tmp_path / "http" / "neumann-bot.toml").slack.app_token is None


def test_alerting_is_told_the_right_addresses(folder: Path):
    reached = (
        "--bot-url",
        "http://bot.example.org:8081",
        "--alertmanager",
        "http://am1:9093 http://am2:9093",
    )
    init("--folder", str(folder), "--defaults", *ASKED, *reached)
    settings = load(folder / "neumann-bot.toml")
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 8081)
    assert settings.alertmanager and settings.alertmanager.urls == ("http://am1:9093", "http://am2:9093")
    receivers = yaml.safe_load((folder / "alertmanager.yml").read_text())["receivers"]
    (webhook,) = receivers[-1]["webhook_configs"]
    assert webhook["url"] == "http://bot.example.org:8081/alertmanager/demo"
    nodes, bot = yaml.safe_load((folder / "prometheus.yml").read_text())["scrape_configs"]
    assert [each["labels"]["node"] for each in nodes["static_configs"]] == ["node1", "node2", "node3"]
    assert bot["static_configs"] == [{"targets": ["bot.example.org:8081"]}]


def test_the_unit_hands_over_every_secret_that_the_configuration_names(folder: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    lines = (folder / "neumann-bot.service").read_text().splitlines()
    handed = {line.split(":", 1)[1] for line in lines if line.startswith("LoadCredential=")}
    written = tomllib.loads((folder / "neumann-bot.toml").read_text())
    named = [written["slack"][key]["file"] for key in ("bot_token", "app_token", "signing_secret")]
    named += [written["web"]["webhook_token"]["file"], written["agents"]["grant_key"]["file"]]
    assert handed == {*named, written["agents"]["key"]}
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert start.endswith(f"--config {folder}/neumann-bot.toml")


def test_where_nobody_may_confirm_it_is_said(folder: Path):
    asked = ASKED[: ASKED.index("--may-confirm")]
    said = init("--folder", str(folder), "--defaults", *asked)
    assert "Nobody may confirm a remedy yet: name confirm_groups or confirm_users in neumann-bot" in said
    assert "Nobody may confirm" not in init("--folder", str(folder / "other"), "--defaults", *ASKED)


def test_a_person_is_asked_again_until_the_answer_is_one(folder: Path):
    typed = "\n".join(
        ("demo", "node1 node1", "node1 node2", "#incidents", "C0INCIDENT", *[""] * 6, "xoxb-1", "")
    )
    said = init("--folder", str(folder), typed=typed + "\n")
    assert "Two nodes have the name node1." in said
    assert "'#incidents' is not a valid channel id" in said
    assert (folder / "slack-bot-token").read_text() == "xoxb-1\n"
    assert f"install -m 0600 /dev/stdin {folder}/slack-app-token" in said
    assert "xoxb-1" not in said


def test_what_is_there_is_not_overwritten(folder: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    before = (folder / "webhook-token").read_text()
    with pytest.raises(Refused, match="nothing is overwritten"):
        init("--folder", str(folder), "--defaults", *ASKED)
    assert (folder / "webhook-token").read_text() == before


def test_a_script_that_leaves_an_answer_out_is_told_which(folder: Path):
    with pytest.raises(Refused, match="Its nodes"):
        init("--folder", str(folder), "--defaults", "--cluster", "demo")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("flag", "given", "mend"),
    [
        ("--prometheus", "https://joe:hunter2@prometheus:9090", "`token = { file = "),
        ("--alertmanager", "http://am1:9093 http://hunter2@am2:9093", "`token = { file = "),
        ("--bot-url", "http://joe:hunter2@bot:8080", "out of the address"),
        ("--public-url", "https://joe:hunter2@bot", "out of the address"),
        ("--redis-url", "redis://:hunter2@redis:6379/0", "`password = { file = "),
        ("--redis-url", "redis://redis:6379/0?password=hunter2", "`password = { file = "),
        ("--redis-url", "redis+sentinel://a,b:26379/main/0?Password=hunter2", "`password = { file = "),
    ],
)
def test_a_password_in_an_address_is_refused_in_a_sentence_that_does_not_repeat_it(
    folder: Path, flag: str, given: str, mend: str
):
    with pytest.raises(Refused) as told:
        init("--folder", str(folder), "--defaults", *ASKED, flag, given)
    assert mend in str(told.value)
    assert "hunter2" not in str(told.value)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("flag", "given"),
    [
        ("--bot-url", "http://[::1"),
        ("--prometheus", "http://prome theus"),
        ("--alertmanager", "https://[::1"),
        ("--redis-url", "redis://[::1"),
        ("--redis-url", "hello"),
        ("--redis-url", ""),
        ("--redis-url", "http://redis:6379"),
        ("--redis-url", "redis+sentinel://a,b:26379"),
    ],
)
def test_what_is_not_an_address_is_refused_before_anything_is_written(folder: Path, flag: str, given: str):
    with pytest.raises(Refused, match="is not a valid address"):
        init("--folder", str(folder), "--defaults", *ASKED, flag, given)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["", " ", "with space", 'a"b', "a\nExecStartPre=/bin/true", "$HOME", "a;b"])
def test_a_folder_whose_name_would_have_to_be_quoted_is_refused(tmp_path: Path, name: str):
    given = str(tmp_path / name) if name.strip() else name
    with pytest.raises(Refused, match="cannot be the folder"):
        init("--folder", given, "--defaults", *ASKED)
    assert list(tmp_path.iterdir()) == []


def test_the_bot_is_given_a_port_that_its_unit_may_bind(folder: Path, tmp_path: Path):
    for number, url in enumerate(("http://bot.example.com", "http://[::1]", "http://127.0.0.1:")):
        into = tmp_path / str(number)
        init("--folder", str(into), "--defaults", *ASKED, "--bot-url", url)
        assert load(into / "neumann-bot.toml").web.port == 8080
        assert f"{url.rstrip(':')}:8080/alertmanager/demo" in (into / "alertmanager.yml").read_text()
    with pytest.raises(Refused, match=r"port 80: .* 1024"):
        init("--folder", str(folder), "--defaults", *ASKED, "--bot-url", "http://bot.example.com:80")


@pytest.mark.parametrize("trouble", ["missing", "empty", "open"])
def test_a_token_that_cannot_be_taken_is_said_before_anything_is_written(
    folder: Path, tmp_path: Path, trouble: str
):
    token = tmp_path / "token"
    if trouble != "missing":
        token.write_text("" if trouble == "empty" else "xoxb-1")
        token.chmod(0o600 if trouble == "empty" else 0o644)
    arguments = ("--folder", str(folder), "--defaults", *ASKED, "--bot-token-file", str(token))
    done = CliRunner().invoke(app.app, ("init", *arguments))
    assert isinstance(done.exception, ConfigurationError)
    assert not folder.exists()
    token.write_text("xoxb-1")
    token.chmod(0o600)
    init(*arguments)
    assert (folder / "slack-bot-token").read_text() == "xoxb-1\n"


@pytest.mark.parametrize(
    ("flag", "given"),
    [("--channel", "C0123456789"), ("--may-confirm", "S0123456789"), ("--may-confirm", "U0123456789")],
)
def test_an_id_of_the_example_is_refused(folder: Path, flag: str, given: str):
    with pytest.raises(Refused, match=f"{given} is the example's: \"Copy "):
        init("--folder", str(folder), "--defaults", *ASKED, flag, given)
    assert not folder.exists()


def test_a_token_file_that_the_mode_does_not_use_is_refused(folder: Path, tmp_path: Path):
    token = tmp_path / "token"
    token.write_text("xapp-1")
    token.chmod(0o600)
    over_http = ("--public-url", "https://bot.example.com")
    for unused, mode in (("--app-token-file", over_http), ("--signing-secret-file", ())):
        with pytest.raises(Refused, match=f"{unused} is not used"):
            init("--folder", str(folder), "--defaults", *ASKED, *mode, unused, str(token))
    assert not folder.exists()


def test_before_the_first_pairing_it_is_said_what_makes_the_keys(folder: Path):
    init("--folder", str(folder), "--defaults", *ASKED)
    config = ("--config", str(folder / "neumann-bot.toml"))
    makes = "grant.key is not there: `neumann-bot agents add` makes the bot's keys"
    status = CliRunner().invoke(app.app, ("status", *config))
    assert isinstance(status.exception, ConfigurationError)
    assert makes in str(status.exception)
    assert makes in CliRunner().invoke(app.app, ("check", *config)).output


SSH = """\
#!/bin/sh
# What ssh would do: run what it is given in the node's own shell.
NODE={lab}/$(ls {lab} | grep -x "node${{1##*.}}") PATH={bin}:$PATH
export NODE PATH
exec sh -c "$2"
"""
AGENT = """\
#!/bin/sh
# The agent, where this node of the lab has the files that a real one has under /etc and /var.
sed -e "s#/etc/neumann/config.toml#$NODE/config.toml#" -e "s#/etc/neumann-agent#$NODE#" \
    -e "s#/var/lib/neumann-agent#$NODE/agent#" -e "s#/usr/lib/neumann-agent#$NODE/bin#" |
    '{python}' -m agent.cli "$@" --config "$NODE/neumann-agent.toml"
"""
SYSTEMCTL = """\
#!/bin/sh
case "$1" in enable)
    '{python}' -m agent.cli serve --config "$NODE/neumann-agent.toml" </dev/null >"$NODE/agent.out" 2>&1 &
    echo $! >"$NODE/agent.pid" ;;
esac
"""


@pytest_asyncio.fixture
async def bare_nodes(tmp_path: Path) -> AsyncIterator[Lab]:
    """Three nodes, as they are before any agent is on them."""
    async with Lab(tmp_path / "nodes", with_agents=False) as lab:
        yield lab
        for pid in lab.folder.glob("*/agent.pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.fixture
def ssh(tmp_path: Path, bare_nodes: Lab) -> Iterator[Path]:
    """Something that behaves as ssh to those nodes does."""
    (tmp_path / "bin").mkdir()
    known = {"lab": bare_nodes.folder, "bin": tmp_path / "bin", "python": sys.executable}
    for name, script in (("ssh", SSH), ("neumann-agent", AGENT), ("systemctl", SYSTEMCTL)):
        (tmp_path / "bin" / name).write_text(script.format(**known))
        (tmp_path / "bin" / name).chmod(0o755)
    yield tmp_path / "bin" / "ssh"


@pytest.mark.process
async def test_from_init_to_the_first_answer_in_slack(
    folder: Path, bare_nodes: Lab, ssh: Path, redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
):
    commands = 3  # the agent's package, on each of three nodes
    nodes = " ".join(f"{node.name}={node.agent.host}" for node in bare_nodes.nodes)
    reached = free_address()
    answers = (
        "--cluster",
        "demo",
        "--nodes",
        nodes,
        "--channel",
        "C0INCIDENT",
        "--may-confirm",
        "S0ONCALL01",
    )
    where = ("--bot-url", f"http://{reached}", "--redis-url", redis_url)
    code, _, err = await run_process("init", "--folder", str(folder), "--defaults", *answers, *where)
    assert (code, err) == (0, "")
    commands += 1
    manifest = AppManifest.read(folder / "slack-manifest.yaml")
    async with SlackWorkspaceServer(manifest=manifest, has_rate_limits=True) as slack:
        for name, token in (("slack-bot-token", slack.bot_token), ("slack-app-token", slack.app_token)):
            (folder / name).touch(0o600)
            (folder / name).write_text(token)
            commands += 1
        monkeypatch.setenv("NEUMANN_BOT_SLACK__API_URL", f"{slack.url}/api/")
        monkeypatch.setenv("NEUMANN_BOT_REDIS__PREFIX", prefix)
        config = ("--config", str(folder / "neumann-bot.toml"))

        code, out, err = await run_process("agents", "add", "--all", "--ssh", str(ssh), *config)
        assert (code, err) == (0, ""), out
        assert out.count("its agent runs") == 3
        code, out, err = await run_process("check", *config)
        assert (code, err) == (0, "")
        commands += 2
        bot = Process("bot", (sys.executable, "-m", "bot", "serve", *config), folder / "bot.out")
        await bot.start()
        commands += 1
        try:
            await bot.until_listening(reached)
            await until(bare_nodes.leader)
            async with Person(slack.url, "alice") as alice:

                async def is_taken() -> bool:
                    return (await alice.command("/neumann election status")).ok

                await until(is_taken, "the bot has opened its socket, and takes the command")
                commands += 1
                answer = await alice.wait_for_message(lambda m: "leads term" in plain_text(m), 60)
            assert plain_text(answer).count("+0 ms") == 3, "every agent has read its node's clock"
        finally:
            await bot.stop()
    assert commands <= 12
