"""A configuration that cannot be used is named in one sentence, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit

from bot.config import load
from bot.main import channel_of
from bot.secret_file import SecretFile
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


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD))
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080), (
        "only this machine, unless it is said"
    )
    assert settings.redis.url == "redis://127.0.0.1:6379/0"
    assert settings.cluster("prod") == settings.clusters[1]
    assert settings.cluster("other") is None
    assert [channel_of(settings, name) for name in ("demo", "prod", "other")] == [
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


def test_a_file_that_is_not_there_or_none(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refused(tmp_path / "missing.toml")
    assert "cannot be read" in refused(tmp_path)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "neumann-bot.toml"
    file.write_bytes(b'[slack]\nchannel = "\xe9"\n')
    refused(file)


def test_an_environment_variable_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, GOOD)
    monkeypatch.setenv("NEUMANN_BOT_CLUSTERS", "demo")
    refused(file)


def test_a_secret_is_read_without_its_lines_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-1\n")
    secret = SecretFile(file=tmp_path / "token").read()
    assert secret.get_secret_value() == "xoxb-1"
    assert "xoxb-1" not in repr(secret)


@pytest.mark.parametrize(("content", "why"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_secret_that_is_not_there_is_named(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=f"The secret file {file} {why}"):
        SecretFile(file=file).read()


def test_a_secret_of_bytes_is_named(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError):
        SecretFile(file=file).read()
