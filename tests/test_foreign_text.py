"""Rules for what comes from outside: how it is fetched, and where its lines end."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = ("bot", "handlers", "runbooks", "agent", "shared")
ASKS = {"get", "post", "put", "delete", "request", "stream", "send", "aiter_bytes", "aread"}


def calls(*packages: str) -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of a method: where, the call, and the method's name."""
    for package in packages:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node, node.func.attr


def test_row_12_lines_end_at_a_line_feed_alone() -> None:
    """`splitlines` also ends them at U+2028, U+0085, form feeds …, which a label or a message may hold."""
    assert [place for place, _, name in calls(*PRODUCT) if name == "splitlines"] == []


def test_row_19_the_bot_asks_over_http_in_one_way() -> None:
    """Only `exchange` streams and caps. A client is called `http` or `_http` here."""
    other = [
        place
        for place, call, name in calls("bot")
        if name in ASKS
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value).endswith("http")
        and not place.startswith("bot/http/exchange.py")
    ]
    assert other == []
