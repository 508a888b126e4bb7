"""What `/health` says is taken as far as it makes sense, and no page does harm."""

from __future__ import annotations

import pytest

from bot.nodes import health_page
from runbooks.evidence import Health, Role


def test_what_the_documentation_shows() -> None:
    body = b'{"status": "healthy", "raft_state": "Leader", "term": 7, "commit_index": 9, "members": 3}'
    assert health_page.parse(body) == Health(
        status="healthy", role=Role.LEADER, term=7, commit_index=9, members=3
    )


@pytest.mark.parametrize(
    "body",
    [b'{"status":' + b"[" * 30_000, b"[" * 30_000 + b"]" * 30_000, b"[]", b"OK", b"\xff", b'{"term": "x"}'],
    ids=["deep and open", "deep", "a list", "text", "no UTF-8", "another type"],
)
def test_row_19_what_is_none_is_one_sentence(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"/health|JSON|Expecting|decode"):
        health_page.parse(body)


def test_row_19_numbers_and_texts_are_bounded_and_the_last_of_two_counts() -> None:
    body = (
        b'{"status": "%s", "raft_state": {"a": 1}, "term": 1, "term": 1e309, "members": -1,'
        b' "commit_index": %s}'
    )
    said = health_page.parse(body % (b"x" * 9_000 + b"\\u202e", b"9" * 300))
    assert said == Health(status="x" * 99 + "…")
    assert health_page.parse(b'{"status": ["x"], "term": NaN}') == Health(status="unknown")
