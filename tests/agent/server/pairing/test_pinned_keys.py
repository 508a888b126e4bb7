"""What is pinned and what is not: of which keys, by whom, and how they are listed and taken off."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import trustme
from msgspec.structs import replace

from agent.errors import ConfigError
from agent.protocol.base import BadMessageError
from agent.protocol.pairing import (
    BotCredentials,
    der_of,
    fingerprint,
)
from agent.server.pairing import make_own_key
from agent.server.pinned_keys import pin, pinned_keys, revoke
from agent.server.routes import tls_context
from agent.settings import load_settings
from shared.certificates import make_certificate
from tests.agent.server.pairing.bed import COMMENT, Keys

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({}, True),
        ({"certificates": ["c"] * 4, "verify_keys": ["k"] * 4, "second_verify_keys": ["s"] * 4}, True),
        ({"certificates": []}, False),
        ({"verify_keys": []}, False),
        ({"certificates": ["c"] * 5}, False),
        ({"verify_keys": ["k"] * 5}, False),
        ({"second_verify_keys": ["s"] * 5}, False),
    ],
)
def test_a_bot_shows_one_key_of_each_kind_and_at_most_four(changed: dict[str, list[str]], taken: bool):
    said = {"cluster": "demo", "node": "node1", "certificates": ["c"], "verify_keys": ["k"]} | changed
    if taken:
        assert json.loads(BotCredentials.from_json(json.dumps(said)).to_json()).items() >= said.items()
    else:
        with pytest.raises(BadMessageError):
            BotCredentials.from_json(json.dumps(said))


def test_half_a_pair_of_keys_is_not_made_up_for(config: Path):
    settings = load_settings(config)
    make_own_key(settings)
    for gone, kept in [(settings.tls.key, settings.tls.certificate)] * 2:
        aside = gone.read_bytes()
        gone.unlink()
        with pytest.raises(ConfigError, match=f"{kept} is there and {gone} is not"):
            make_own_key(settings)
        gone.write_bytes(aside)


def test_what_cannot_be_written_leaves_everything_as_it_was(
    document: dict[str, Any], config: Path, keys: Keys
):
    document["tls"]["authority"] = "/nowhere/authority.pem"
    config.write_text(tomlkit.dumps(document))
    before = config.read_bytes()
    with pytest.raises(ConfigError, match="nothing was changed"):
        pin(config, keys.identity())
    assert config.read_bytes() == before
    assert [path.name for path in config.parent.iterdir()] == ["agent.toml"]


@pytest.mark.parametrize(
    "certificates",
    [("",), ("no certificate",), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)],
)
def test_what_is_no_certificate_is_not_pinned(config: Path, keys: Keys, certificates: tuple[str, ...]):
    before = config.read_bytes()
    with pytest.raises(ConfigError, match=r"no certificate|not one certificate"):
        pin(config, replace(keys.identity(), certificates=certificates))
    assert config.read_bytes() == before


def test_a_key_that_is_none_is_not_pinned(config: Path, keys: Keys):
    before = config.read_bytes()
    with pytest.raises(ConfigError, match="Ed25519 public key"):
        pin(config, replace(keys.identity(), verify_keys=("AAAA",)))
    with pytest.raises(ConfigError, match="must not be one of"):
        pin(config, replace(keys.identity(), second_verify_keys=(keys.verify_key,)))
    assert config.read_bytes() == before


def test_a_key_is_taken_off_by_its_first_digits(config: Path, keys: Keys, tmp_path: Path):
    other = Keys.make(tmp_path / "other")
    for bot in (keys, other):
        pin(config, bot.identity())
    before = {key.fingerprint for key in pinned_keys(load_settings(config))}
    certificate = fingerprint(der_of(keys.certificate))
    with_colons = ":".join(certificate[at : at + 2] for at in range(0, 24, 2)).upper()
    assert revoke(config, with_colons).kind == "certificate"
    assert revoke(config, fingerprint(bytes(keys.grant.verify_key))).kind == "verify_keys"
    left = {key.fingerprint for key in pinned_keys(load_settings(config))}
    assert left == before - {certificate, fingerprint(bytes(keys.grant.verify_key))}
    assert COMMENT in config.read_text()
    for prefix, said in [
        (certificate, "No pinned key"),
        (next(iter(left))[:7], "at least 8"),
        ("", "least 8"),
    ]:
        with pytest.raises(ConfigError, match=said):
            revoke(config, prefix)


async def test_keys_are_listed_and_revoked_on_the_command_line(config: Path, keys: Keys):
    pin(config, keys.identity())

    async def run(*arguments: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.cli", "keys", "--config", str(config), *arguments,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    certificate, grant = fingerprint(der_of(keys.certificate)), fingerprint(bytes(keys.grant.verify_key))
    listed = f"sha256:{certificate}  lets in\nsha256:{grant}  grants\n"
    assert await run("list") == (0, listed, "")
    code, out, _ = await run("revoke", grant[:12])
    assert (code, "reload-or-restart neumann-agent" in out) == (0, True)
    assert await run("list") == (0, f"sha256:{certificate}  lets in\n", "")
    assert (await run("revoke"))[::2] == (2, "Say which key: `neumann-agent keys revoke FINGERPRINT`.\n")


def test_files_made_by_root_belong_to_whoever_the_folder_belongs_to(config: Path, keys: Keys):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    shutil.chown(config.parent, 65534, 65534)
    settings = load_settings(config)
    make_own_key(settings)
    pin(config, keys.identity())
    for made in (settings.tls.key, settings.tls.certificate, settings.tls.authority):
        assert (made.stat().st_uid, made.stat().st_gid) == (65534, 65534)
    assert config.stat().st_uid == 0, "what was there stays whose it is"


def wrapped(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


@pytest.mark.parametrize("label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PRIVATE KEY"])
def test_row_13_what_is_trusted_is_what_is_listed(
    tmp_path: Path, keys: Keys, config: Path, paired: str, label: str
):
    """OpenSSL also lets in who stands in such a block, which no list would show and nobody could revoke."""
    authority = Path(tomlkit.parse(config.read_text()).unwrap()["tls"]["authority"])
    authority.write_text(authority.read_text() + wrapped(label, der_of(keys.certificate)))
    settings = load_settings(config)
    for read in (lambda: pinned_keys(settings), lambda: tls_context(settings.tls)):
        with pytest.raises(ConfigError, match=f"holds a block '{label}'"):
            read()


def test_row_13_a_second_certificate_behind_the_first_is_not_hidden_in_one_block(
    keys: Keys, config: Path, paired: str
):
    first, hidden = der_of(keys.certificate), der_of(make_certificate("hidden", use="bot")[0].decode())
    authority = Path(tomlkit.parse(config.read_text()).unwrap()["tls"]["authority"])
    authority.write_text(wrapped("CERTIFICATE", first + hidden))
    with pytest.raises(ConfigError, match="not just one certificate"):
        tls_context(load_settings(config).tls)


def test_row_13_a_bot_that_wants_to_be_known_by_an_authority_is_not_paired_with(
    keys: Keys, config: Path, paired: str
):
    authority = trustme.CA().cert_pem.bytes().decode()
    identity = BotCredentials(
        cluster="demo", node="node1", certificates=(authority,), verify_keys=(keys.verify_key,)
    )
    before = config.read_text()
    with pytest.raises(ConfigError, match="an authority, which could let others in"):
        pin(config, identity)
    assert config.read_text() == before
