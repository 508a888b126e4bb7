"""A bot and an agent come to trust each other by a code that a person carries, and nobody else gets in."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from msgspec.structs import replace

from agent.errors import ConfigError
from agent.protocol import ActionReport, RestartService
from agent.protocol.pairing import (
    PairAnswer,
    PairRequest,
    der_of,
    fingerprint,
    is_proof,
    new_code,
    parse_code,
    prove,
)
from agent.server.pairing import listener
from agent.server.pinned_keys import pinned_keys
from agent.settings import load_settings
from shared.certificates import make_certificate
from tests.agent.bed import Bot, Node, agent_process, metrics_page
from tests.agent.server.pairing.bed import COMMENT, Keys, free_address, pairing

pytestmark = pytest.mark.process


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.0.0.1:65536", "7880", "127.0.0.1:²"])
def test_what_is_no_address_cannot_be_waited_at(config: Path, address: str):
    with pytest.raises(ConfigError, match="is not an address to wait at"):
        listener(load_settings(config), address)


async def test_a_bot_that_holds_the_code_is_let_in_and_obeyed(
    config: Path, document: dict[str, Any], keys: Keys, node: Node, tmp_path: Path
):
    code = new_code()
    async with pairing(config, code) as waiting:
        answer = await waiting.ask(keys.request(code, der_of(waiting.certificate)))
        assert isinstance(answer, PairAnswer)
        shown = der_of(waiting.certificate)
        assert answer.proof == prove(
            parse_code(code), "agent", agent_certificate=shown, identity=keys.identity()
        )
        ended, out, err = await waiting.end()
    assert (ended, err) == (0, "")
    assert fingerprint(shown) in out
    assert fingerprint(der_of(keys.certificate)) in out
    assert Path(document["tls"]["key"]).stat().st_mode & 0o777 == 0o600
    assert COMMENT in config.read_text()
    pinned = load_settings(config)
    assert pinned.grants.verify_keys == (keys.verify_key,)
    with metrics_page(node) as metrics_url:
        served = tomlkit.parse(config.read_text()).unwrap() | {"metrics_url": metrics_url}
        async with (
            agent_process(served, tmp_path) as (_, url),
            keys.client(url, waiting.certificate) as http,
        ):
            bot = Bot(http, keys.grant)
            report = await bot.commit(await bot.grant(RestartService()))
    assert isinstance(report, ActionReport) and report.state == "DONE"


async def test_a_code_is_made_and_shown_to_the_person_at_the_node(config: Path, keys: Keys):
    async with pairing(config, None) as waiting:
        assert waiting.process.stdout
        lines = [(await waiting.process.stdout.readline()).decode().strip() for _ in range(3)]
        code = lines[2].removeprefix("Code: ")
        assert len(parse_code(code)) == 16
        assert "neumann-bot agents add --cluster demo --node node1" in lines[1]
        assert isinstance(await waiting.ask(keys.request(code, der_of(waiting.certificate))), PairAnswer)
        assert (await waiting.end())[0] == 0


async def test_who_does_not_hold_the_code_ends_the_pairing_and_changes_nothing(config: Path, keys: Keys):
    code, before = new_code(), config.read_bytes()
    async with pairing(config, code) as waiting:
        shown = der_of(waiting.certificate)
        assert await waiting.ask(keys.request(new_code(), shown)) == (403, "pairing")
        ended, out, err = await waiting.end()
    assert (ended, err.count("\n")) == (2, 1)
    assert "did not hold the code" in err
    assert "Paired" not in out
    assert config.read_bytes() == before
    assert pinned_keys(load_settings(config)) == ()


async def test_settings_that_came_for_a_pairing_that_failed_do_not_stay(config: Path):
    before = config.read_bytes()
    given = tomlkit.dumps(tomlkit.parse(config.read_text()).unwrap() | {"node": "node2"})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config), "--listen", await free_address(),
        "--within-s", "0", "--code-file", "-", "--settings-from-stdin", stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await process.communicate(f"{new_code()}\n{given}".encode())
    assert "--node node2" in out.decode(), err.decode()
    assert (process.returncode, err.decode()) == (2, "Nobody came within 0 s; nothing was changed.\n")
    assert config.read_bytes() == before


async def test_who_stands_between_gains_nothing_from_what_it_hears(config: Path, keys: Keys):
    """It shows the bot a certificate of its own, and hands on what the bot says, with its own keys or not."""
    code = new_code()
    between, _ = make_certificate("between", use="agent")
    heard = PairRequest.from_json(keys.request(code, der_of(between.decode())))
    thief = Keys.make(keys.folder / "thief")
    replaced = replace(heard, identity=thief.identity())
    for body in (heard, replaced):
        async with pairing(config, code) as waiting:
            assert await waiting.ask(body.to_json()) == (403, "pairing")
            assert (await waiting.end())[0] == 2
    assert pinned_keys(load_settings(config)) == ()


def test_one_ends_proof_is_not_the_others(keys: Keys):
    code, shown = parse_code(new_code()), b"certificate"
    proofs = {
        prove(code, side, agent_certificate=certificate, identity=identity)
        for side in ("agent", "bot")
        for certificate in (shown, b"another")
        for identity in (keys.identity(), keys.identity(node="node2"), keys.identity(cluster="prod"))
    }
    assert len(proofs) == 12


def test_a_proof_is_taken_where_it_is_the_one_expected():
    assert is_proof("a" * 64, "a" * 64) is True
    assert is_proof("a" * 64, "b" * 64) is False


async def test_another_node_than_was_meant_says_so_and_goes_on_waiting(config: Path, keys: Keys):
    code = new_code()
    async with pairing(config, code) as waiting:
        shown = der_of(waiting.certificate)
        assert await waiting.ask(keys.request(code, shown, node="node2")) == (400, "other_node")
        assert isinstance(await waiting.ask(keys.request(code, shown)), PairAnswer)
        assert (await waiting.end())[0] == 0


async def test_the_wait_ends(config: Path):
    async with pairing(config, None, within_s=1) as waiting:
        ended, _, err = await waiting.end()
    assert (ended, err) == (2, "Nobody came within 1 s; nothing was changed.\n")


async def test_pairing_again_adds_only_what_is_new(config: Path, keys: Keys, tmp_path: Path):
    shown = set()
    other = Keys.make(tmp_path / "other")
    for bot in (keys, keys, other):
        code = new_code()
        async with pairing(config, code) as waiting:
            shown.add(waiting.certificate)
            assert isinstance(await waiting.ask(bot.request(code, der_of(waiting.certificate))), PairAnswer)
            assert (await waiting.end())[0] == 0
    assert len(shown) == 1, "the agent's own key stays"
    settings = load_settings(config)
    assert settings.grants.verify_keys == (keys.verify_key, other.verify_key)
    assert settings.tls.authority.read_text() == keys.certificate + other.certificate
