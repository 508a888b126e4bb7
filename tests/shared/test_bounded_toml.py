"""TOML of others: what it says is read, and no file takes long."""

from __future__ import annotations

import time

import pytest

from shared.bounded_toml import MAX_KEY_PARTS, loads

SLOW_KEYS = {
    "a dotted key": "a" + ".a" * 20_000 + " = 1\n",
    "a dotted key of quoted parts": "''" + '.""' * 10_000 + " = 1\n",
    "a dotted key with escaped quotes in it": "a" + r'."\"".a' * 8_000 + " = 1\n",
    "one with spaces around its dots": "a" + " .\ta" * 10_000 + " = 1\n",
    "one in a header": "[" + "a." * 20_000 + "a]\n",
    "one in an inline table": "a = {a" + ".a" * 20_000 + " = 1}\n",
}
HARMLESS = {
    "a long word": "a = '" + "x" * 40_000 + "'",
    "quotes": "'" * 40_000,
    "escaped quotes": '"\\' * 20_000,
    "a quoted key of long parts": "a" + f".'{'x' * 250}'" * 150 + " = 1",
    "double quotes": '"' * 40_000,
    "spaces": "a" + " " * 40_000 + "= 1",
    "words and spaces": "a " * 20_000,
    "keys just short enough": "".join(f"k{n}" + ".a" * (MAX_KEY_PARTS - 1) + " = 1\n" for n in range(100)),
}


@pytest.mark.parametrize("what", SLOW_KEYS)
def test_a_key_of_many_parts_is_refused_with_its_line_and_at_once(what: str) -> None:
    before_s = time.process_time()
    with pytest.raises(ValueError, match=r"more than 200 parts \(at line 2\)"):
        loads("b = 1\n" + SLOW_KEYS[what])
    assert time.process_time() - before_s < 1.0


@pytest.mark.parametrize("what", HARMLESS)
def test_what_is_only_long_costs_no_time(what: str) -> None:
    before_s = time.process_time()
    try:
        loads(HARMLESS[what])
    except ValueError as error:
        assert "parts" not in str(error)
    assert time.process_time() - before_s < 1.0


def test_what_is_written_is_what_is_read() -> None:
    text = "[a.b]\nc.'d e'.f = 1\nwhen = '1.2.3'\n"
    assert loads(text) == {"a": {"b": {"c": {"d e": {"f": 1}}, "when": "1.2.3"}}}
