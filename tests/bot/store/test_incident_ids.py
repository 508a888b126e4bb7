"""An incident that is missing is known by its number, and a number that is none hides nothing."""

from __future__ import annotations

import pytest

from bot.store.incident_ids import MAX_NUMBER, with_missing


def test_a_number_without_an_incident_is_named() -> None:
    assert with_missing(b"3", ["inc-1-xk4pf", "inc-3-bcdfg"]) == ("inc-1-xk4pf", "inc-2", "inc-3-bcdfg")


@pytest.mark.parametrize("last", [b"", b"-1", b"abc", b"\xff", b"1e9", b"9" * 5000, "\u0663".encode()])
def test_a_last_number_that_is_none_leaves_what_is_known(last: bytes) -> None:
    assert with_missing(last, ["inc-1-xk4pf", "inc-" + "9" * 5000]) == ("inc-1-xk4pf", "inc-" + "9" * 5000)


def test_a_number_that_the_bot_never_gave_out_is_not_counted_up_to() -> None:
    assert len(with_missing(b"999999999999", [])) == MAX_NUMBER
