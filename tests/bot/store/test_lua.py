"""Every Lua script says what it takes, names it once, and is called with what it names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.store.scripts import Script, parameters

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "bot" / "store" / "lua"
SCRIPTS = sorted(FOLDER.rglob("*.lua"))


def name_of(script: Path) -> str:
    """The name by which the bot calls it."""
    return str(script.relative_to(FOLDER).with_suffix(""))


TAKES = re.compile(r"\b(?:KEYS|ARGV)\b")

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def head_and_body(script: Path) -> tuple[list[str], list[str]]:
    lines = script.read_text().splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return lines[:end], lines[end:]


@each_script
def test_its_head_says_what_it_does_takes_and_returns(script: Path) -> None:
    head, body = head_and_body(script)
    assert re.match(r"-- [A-Z].+", head[0])
    assert any(line.startswith("-- Returns ") for line in head)
    indexes = {"KEYS": 0, "ARGV": 0}
    for line in head:
        if found := re.match(r"-- (KEYS|ARGV)\[(\d+)(?:\.\.\.)?\] \w", line):
            indexes[found[1]] += 1
            assert int(found[2]) == indexes[found[1]], "in their order, without a gap"
    taken = {"KEYS": 0, "ARGV": 0}
    for kind, index in re.findall(r"\b(KEYS|ARGV)\[(\d+)\]", "\n".join(body)):
        taken[kind] = max(taken[kind], int(index))
    for kind, first in re.findall(r"unpack\((KEYS|ARGV), (\d+)\)|", "\n".join(body)):
        if kind:
            taken[kind] = max(taken[kind], int(first))
    for first in re.findall(r"for i = (\d+), #ARGV do", "\n".join(body)):
        taken["ARGV"] = max(taken["ARGV"], int(first))
    assert taken == indexes, "all that the head names is taken, and no more"


@each_script
def test_it_binds_keys_and_arguments_to_the_names_of_its_head_and_uses_these_alone(script: Path) -> None:
    _, body = head_and_body(script)
    bound = body.index("")
    assert not [line for line in body[bound:] if TAKES.search(line)]
    assert all(TAKES.search(line) or re.fullmatch(r"local \w+ = \{\}", line) for line in body[:bound])
    for _, name in parameters(name_of(script)):
        assert re.search(rf"^local .*\b{name}\b.* = ", "\n".join(body[:bound]), re.MULTILINE), name


@pytest.mark.process
def test_luacheck_finds_nothing() -> None:
    luacheck = shutil.which("luacheck")
    if luacheck is None:
        pytest.skip("luacheck is not installed (Debian: lua-check)")
    command = [luacheck, "--no-color", "--quiet", *map(str, SCRIPTS)]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_every_script_is_called_by_the_bot() -> None:
    source = "".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    assert set(map(name_of, SCRIPTS)) == set(re.findall(r'Script\(redis, "([\w/]+)"\)', source))


async def test_it_is_called_with_what_its_head_names_and_nothing_else(redis: Redis, prefix: str) -> None:
    forget = Script(redis, "holder_forget")
    await redis.hset(f"{prefix}:h", mapping={"a": "1", "b": "2"})
    await forget(holders=f"{prefix}:h", held="a", holder="1")
    await forget(holders=f"{prefix}:h", held="b", holder="1")
    assert await redis.hgetall(f"{prefix}:h") == {b"b": b"2"}
    with pytest.raises(TypeError, match=r"holder_forget\.lua takes"):
        await forget(holders=f"{prefix}:h", held="b")
    with pytest.raises(TypeError, match=r"holder_forget\.lua takes"):
        await forget(holders=f"{prefix}:h", held="b", holder="2", more=1)
