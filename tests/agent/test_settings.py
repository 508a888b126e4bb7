"""A wrong settings file is one sentence that names the field and the mend."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from agent.errors import ConfigError
from agent.settings import load_settings
from tests.agent.bed import settings_from


@pytest.mark.parametrize("odd", [f"a = {'1' * 5000}", f"a = {'[' * 5000}"], ids=["digits", "brackets"])
def test_what_python_cannot_read_is_no_toml(tmp_path: Path, odd: str):
    file = tmp_path / "agent.toml"
    file.write_text(odd)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_settings(file)


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        (None, "cluster", None, "the field `cluster` is missing; add it."),
        (None, "listen", "7880", 'the field `listen` is wrong: write it as "host:port".'),
        (None, "state_dir", "here", "the field `state_dir` is wrong: write an absolute path."),
        (None, "service", "-.mount", "the field `service` is wrong: "),
        (None, "metrics_url", "https://127.0.0.1:9090", 'is wrong: write it as "http://host:port".'),
        (None, "metrics_url", "http://127.0.0.1", 'is wrong: write it as "http://host:port".'),
        (None, "metrics_url", "http://a@b:1/x", 'is wrong: write it as "http://host:port".'),
        (None, "data_dir", "data", "the field `data_dir` is wrong: write an absolute path."),
        (None, "colour", "red", "the field `colour` is not known; remove it or correct its name."),
        (None, "data_dir", "/a\0b", "the field `data_dir` is wrong: this cannot be the path of a file."),
        (None, "data_dir", "/" + "x" * 4_095, "the field `data_dir` is wrong: this cannot be the path"),
        ("tls", "key", None, "the field `tls.key` is missing; add it."),
        ("grants", "verify_keys", ["AAAA"], "write an Ed25519 public key of 32 bytes as base64."),
        ("commands", "chronyc", "chronyc", "the field `commands.chronyc` is wrong: write an absolute path."),
        ("limits", "max_step_s", 5000, "the field `limits.max_step_s` is wrong: "),
        ("limits", "nonce_life_s", float("nan"), "the field `limits.nonce_life_s` is wrong: "),
        ("limits", "nonce_life_s", 61, "the field `limits.nonce_life_s` is wrong: expected `float` <= 60.0."),
        ("limits", "same_action_interval_s", float("inf"), "`limits.same_action_interval_s` is wrong: "),
        ("limits", "skew_threshold_ms", float("inf"), "the field `limits.skew_threshold_ms` is wrong: "),
        ("limits", "max_step_s", "5", "`limits.max_step_s` is wrong: expected `float`, got `str`."),
        ("limits", "max_step_s", True, "`limits.max_step_s` is wrong: expected `float`, got `bool`."),
        (
            "limits",
            "max_steps",
            5,
            "the field `limits.max_steps` is not known; remove it or correct its name.",
        ),
        (None, "service", "neumann\n", "the field `service` is wrong: "),
        (None, "metrics_url", "http://a b:1", 'is wrong: write it as "http://host:port".'),
        (None, "listen", 7880, "the field `listen` is wrong: write it as text."),
        (None, "node", "", "the field `node` is wrong: "),
        (None, "tls", "here", "the field `tls` is wrong: expected `object`, got `str`."),
        (None, "log_files", ["/a", "b"], "the field `log_files.1` is wrong: write an absolute path."),
        (None, "peers", [{"node": "n", "raft": "n"}], "the field `peers.0.raft` is wrong: write it as"),
        (None, "peers", [{"node": "n"}], "the field `peers.0.raft` is missing; add it."),
    ],
)
def test_each_mistake_is_named(
    settings_document: dict[str, Any],
    tmp_path: Path,
    section: str | None,
    key: str,
    value: object,
    sentence: str,
):
    document = copy.deepcopy(settings_document)
    table = document[section] if section else document
    if value is None:
        del table[key]
    else:
        table[key] = value
    path = tmp_path / "agent.toml"
    path.write_text(tomlkit.dumps(document))
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_good_file_with_its_defaults(settings_document: dict[str, Any], tmp_path: Path):
    for field in ("limits", "data_dir", "metrics_url"):
        del settings_document[field]
    path = tmp_path / "agent.toml"
    path.write_text(tomlkit.dumps(settings_document))
    settings = load_settings(path)
    assert (settings.data_dir, settings.metrics_url) == (Path("/var/lib/neumann"), "http://127.0.0.1:9090")
    assert (settings.deadlines.disk, settings.deadlines.metrics) == (1, 2)
    assert settings.limits.same_action_interval_s == 600
    assert settings.limits.skew_threshold_ms == 500
    assert len(settings.grants.pinned) == 1


def test_one_key_cannot_speak_for_two_people(settings_document: dict[str, Any]):
    grants = settings_document["grants"]
    grants["second_verify_keys"] = grants["verify_keys"]
    with pytest.raises(ConfigError) as caught:
        settings_from(settings_document)
    assert str(caught.value) == (
        "agent.toml: the field `grants` is wrong: a key of `second_verify_keys` must not be one of"
        " `verify_keys`."
    )


def test_no_file_and_no_toml(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("a = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(tmp_path / "bad.toml")
