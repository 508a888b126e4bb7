"""Of what agents say of fences, one alone is believed up to what may be true."""

from __future__ import annotations

import pytest

from handlers.domain.fences import MAX_CLAIM, MAX_FIRST_CLAIM, liars, plausible

CASES: dict[str, tuple[dict[str, int | None], tuple[str, ...]]] = {
    "nobody says anything": ({"a": None, "b": None}, ()),
    "as high as may be": ({"a": 10, "b": 3}, ()),
    "one alone": ({"a": 11, "b": 10, "c": None}, ("a",)),
    "two bear each other out": ({"a": 11, "b": 12, "c": 0}, ()),
    "beyond all that is believed": ({"a": MAX_CLAIM + 1, "b": 2**63 - 1, "c": 0}, ("a", "b")),
    "one that may be true beside one that cannot": ({"a": 11, "b": 2**62, "c": 0}, ("a", "b")),
    "two beside one that cannot be true": ({"a": 11, "b": 2**62, "c": 12}, ("b",)),
}


@pytest.mark.parametrize(("seen", "expected"), CASES.values(), ids=CASES.keys())
def test_row_12_who_is_not_believed(seen: dict[str, int | None], expected: tuple[str, ...]) -> None:
    assert liars(seen, 10) == expected


def test_what_is_plausible_follows_what_is_known() -> None:
    assert plausible(0) == MAX_FIRST_CLAIM
    assert plausible(2**40) == 2**40 + 1_000
