"""A configuration that cannot be used is named in one sentence, before anything runs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from bot.config import AgentSettings, RedisSettings, load
from bot.config.schema import schema_text
from bot.nodes.tls import tls_context
from bot.secret_files import SecretFile
from bot.store.client import connect_to
from handlers.errors import ConfigurationError

NODE = {"name": "node1", "metrics_url": "http://10.0.0.1:9090", "agent_url": "https://10.0.0.1:7880"}
GOOD: dict[str, Any] = {
    "slack": {"bot_token": {"file": "t"}, "signing_secret": {"file": "s"}, "channel": "C0INCIDENT"},
    "web": {"webhook_token": {"file": "w"}},
    "agents": {"certificate": "c.pem", "key": "c.key", "authority": "a.pem", "grant_key": {"file": "g"}},
    "clusters": [{"name": "demo", "channel": "C0DEMO", "nodes": [NODE]}, {"name": "prod", "nodes": [NODE]}],
}


def write(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / "neumann-bot.toml"
    file.write_text(tomlkit.dumps(document))
    return file


def refused(file: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    sentence = str(caught.value)
    assert str(file) in sentence
    assert "\n" not in sentence
    return sentence


def test_the_published_schema_is_the_codes_own() -> None:
    published = Path(__file__).parents[3] / "docs" / "neumann-bot.schema.json"
    assert published.read_text() == schema_text(), "make schema"


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD))
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080), (
        "only this machine, unless it is said"
    )
    assert settings.redis.url == "redis://127.0.0.1:6379/0"
    assert settings.cluster("prod") == settings.clusters[1]
    assert settings.cluster("other") is None
    assert [settings.channel_of(name) for name in ("demo", "prod", "other")] == [
        "C0DEMO",
        "C0INCIDENT",
        "C0INCIDENT",
    ]


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, {**GOOD, "redis": {"url": "redis://file", "prefix": "{kept}"}})
    monkeypatch.setenv("NEUMANN_BOT_REDIS__URL", "redis://environment")
    monkeypatch.setenv("NEUMANN_BOT_WEB__PORT", "9000")
    settings = load(file)
    assert (settings.redis.url, settings.redis.prefix) == ("redis://environment", "{kept}")
    assert settings.web.port == 9000


def without(section: str, name: str) -> dict[str, Any]:
    return {**GOOD, section: {key: value for key, value in GOOD[section].items() if key != name}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "slack"),
    "a missing key": (without("slack", "channel"), "slack.channel"),
    "a key that is unknown": ({**GOOD, "web": {**GOOD["web"], "prot": 1}}, "web.prot"),
    "a section that is unknown": ({**GOOD, "webb": {}}, "webb"),
    "a port that is none": ({**GOOD, "web": {**GOOD["web"], "port": 70_000}}, "web.port"),
    "a word for a number": ({**GOOD, "readings": {"sample_gap_s": "soon"}}, "readings.sample_gap_s"),
    "a deadline of no time": ({**GOOD, "readings": {"agent_deadline_s": 0}}, "readings.agent_deadline_s"),
    "a secret in the file": ({**GOOD, "web": {"webhook_token": "s3cr3t"}}, "web.webhook_token"),
    "a file that cannot be": (
        {**GOOD, "web": {"webhook_token": {"file": "/a\0b"}}},
        "web.webhook_token.file: this cannot be the name of a file",
    ),
    "a file of a name too long": (
        {**GOOD, "web": {"webhook_token": {"file": "/" + "x" * 256}}},
        "web.webhook_token.file",
    ),
    "a section that is a word": ({**GOOD, "slack": "yes"}, "slack"),
    "no clusters": ({**GOOD, "clusters": []}, "clusters"),
    "a cluster without nodes": ({**GOOD, "clusters": [{"name": "demo", "nodes": []}]}, "clusters.0.nodes"),
    "a cluster's odd name": ({**GOOD, "clusters": [{"name": "a b", "nodes": [NODE]}]}, "clusters.0.name"),
    "two clusters of one name": (
        {**GOOD, "clusters": [GOOD["clusters"][0]] * 2},
        "two clusters have the same name",
    ),
    "two nodes of one name": (
        {**GOOD, "clusters": [{"name": "demo", "nodes": [NODE, NODE]}]},
        "two nodes of cluster demo have the same name",
    ),
    "a status page that nobody may see": (
        {**GOOD, "status_page": {"access": "token"}},
        "status_page.access: no token in [[api.tokens]] has the scopes status:read and incidents:read",
    ),
    "a scope that acts": (
        {**GOOD, "api": {"tokens": [{"name": "a", "token": {"file": "t"}, "scopes": ["incidents:write"]}]}},
        "api.tokens.0.scopes",
    ),
}


@pytest.mark.parametrize(("document", "where"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_named(tmp_path: Path, document: dict[str, Any], where: str) -> None:
    sentence = refused(write(tmp_path, document))
    assert where in sentence
    assert "s3cr3t" not in sentence


def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "neumann-bot.toml"
    file.write_text("[slack\nchannel = 1")
    assert "is not TOML" in refused(file)
    assert "line 1" in refused(file)


@pytest.mark.parametrize("odd", [f"a = {'1' * 5000}", f"a = {'[' * 5000}"], ids=["digits", "brackets"])
def test_so_is_what_python_cannot_read(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "neumann-bot.toml"
    file.write_text(odd)
    assert "is not TOML" in refused(file)


def test_a_file_that_is_not_there_or_none(tmp_path: Path) -> None:
    assert "write one with `neumann-bot init`" in refused(tmp_path / "missing.toml")
    assert "cannot be read" in refused(tmp_path)
    assert "cannot be read: it is no regular file" in refused(Path("/dev/zero"))


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "neumann-bot.toml"
    file.write_bytes(b'[slack]\nchannel = "\xe9"\n')
    refused(file)


def test_an_environment_variable_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, GOOD)
    monkeypatch.setenv("NEUMANN_BOT_CLUSTERS", "demo")
    refused(file)


def test_a_secret_is_read_without_its_lines_end(tmp_path: Path) -> None:
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text("xoxb-1\n")
    secret = SecretFile(file=tmp_path / "token").read()
    assert secret.get_secret_value() == "xoxb-1"
    assert "xoxb-1" not in repr(secret)


@pytest.mark.parametrize(("content", "why"), [(None, "is not there: write it with"), ("\n", "is empty")])
def test_a_secret_that_is_not_there_is_named(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.touch(0o600)
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=f"The secret file {file} {why}"):
        SecretFile(file=file).read()


def test_a_secret_of_bytes_is_named(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError):
        SecretFile(file=file).read()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o777])
def test_row_21_a_secret_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text("xoxb-1")
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"{file} can be read or written by others"):
        SecretFile(file=file).read()


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_row_21_a_secret_that_the_group_may_read_is_taken(tmp_path: Path, mode: int) -> None:
    """So do systemd and Kubernetes hand it over."""
    file = tmp_path / "token"
    file.write_text("xoxb-1")
    file.chmod(mode)
    assert SecretFile(file=file).read().get_secret_value() == "xoxb-1"


def test_row_21_the_password_of_redis_lies_in_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    password = tmp_path / "redis-password"
    password.touch(0o600)
    password.write_text("p@ss/w:rd?#\n")
    known = {
        "redis://10.0.0.1:6379/0": "",
        "rediss://bot:old@10.0.0.1/0": "bot",
        "redis+sentinel://a,b:1/main/0": "",
    }
    for url, user in known.items():
        settings = RedisSettings(url=url, password=SecretFile(file=password))
        options = connect_to(settings).connection_pool.connection_kwargs
        assert (options["password"], options.get("username") or "") == ("p@ss/w:rd?#", user)
        assert "w:rd" not in repr(settings)
    assert "old" not in repr(RedisSettings(url="redis://:old@h/0"))


def test_row_13_an_agent_is_asked_over_tls_alone(tmp_path: Path) -> None:
    document = copy.deepcopy(GOOD)
    document["clusters"][0]["nodes"][0]["agent_url"] = "http://node1:7880"
    assert "agent_url of demo/node1 must begin with https://" in refused(write(tmp_path, document))


def test_row_21_the_bots_own_key_is_nobody_elses_to_read(tmp_path: Path) -> None:
    for name in ("bot.pem", "bot.key", "grant.key"):
        (tmp_path / name).write_text("")
    agents = AgentSettings(
        certificate=tmp_path / "bot.pem",
        key=tmp_path / "bot.key",
        grant_key=SecretFile(file=tmp_path / "grant.key"),
    )
    (tmp_path / "bot.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"bot\.key can be read or written by others \(mode 0644\)"):
        tls_context(agents)
