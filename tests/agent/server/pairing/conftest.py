"""An agent that trusts nobody yet, and a bot that wants to be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit

from agent.server.pairing import make_own_key
from agent.server.pinned_keys import pin
from agent.settings import load_settings
from tests.agent.server.pairing.bed import COMMENT, Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.make(tmp_path / "keys of a bot")


@pytest.fixture
def document(settings_document: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """An agent that has no key and trusts nobody yet."""
    folder = tmp_path / "etc"
    folder.mkdir()
    tls = {
        "certificate": str(folder / "agent.pem"),
        "key": str(folder / "agent.key"),
        "authority": str(folder / "authority.pem"),
    }
    return settings_document | {"tls": tls, "grants": {}}


@pytest.fixture
def config(document: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "agent.toml"
    path.write_text(tomlkit.dumps(document).replace("[grants]\n", f"{COMMENT}[grants]\n"))
    return path


@pytest.fixture
def paired(config: Path, keys: Keys) -> str:
    """The certificate of an agent that has a key and trusts one bot."""
    make_own_key(load_settings(config))
    pin(config, keys.identity())
    return load_settings(config).tls.certificate.read_text()
