"""A code is read however a person gives it; what is none is told how long one is; a proof is one end's."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.protocol.pairing import (
    new_code,
    parse_code,
)

pytestmark = pytest.mark.process


@pytest.mark.parametrize("code", ["0" * 32, "ab" * 16, "0123456789" * 3 + "01"])
def test_a_code_that_a_person_made_up_is_none(code: str):
    with pytest.raises(ValueError, match="is random, and this one is not"):
        parse_code(code)


@pytest.mark.parametrize("code", ["", "1234", "g" * 32, "00" * 17])
async def test_a_code_that_is_none_is_said_before_anything_waits(config: Path, code: str, tmp_path: Path):
    (tmp_path / "code").write_text(code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config),
        "--code-file", str(tmp_path / "code"), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert (process.returncode, err.count(b"\n")) == (2, 1)
    assert b"32 hexadecimal digits" in err


@pytest.mark.parametrize("spoil", [str.upper, lambda code: code.replace("-", " "), lambda code: f" {code}\n"])
def test_a_code_is_read_however_a_person_gives_it(spoil: Callable[[str], str]):
    code = new_code()
    assert re.fullmatch("([0-9a-f]{4}-){7}[0-9a-f]{4}", code)
    assert parse_code(spoil(code)) == bytes.fromhex(code.replace("-", ""))


@pytest.mark.parametrize("code", ["", "1234", "g" * 32, "00" * 15, "00" * 17])
def test_what_is_no_code_is_told_how_long_one_is(code: str):
    with pytest.raises(ValueError, match="a pairing code has 32 hexadecimal digits"):
        parse_code(code)
