"""The page of threats is what the tests are: nothing on it that is not tried, no threat without a test."""

from __future__ import annotations

from measure.security_rows import PAGE, THREATS, page, row_tests


def test_the_page_is_made_from_the_tests() -> None:
    assert PAGE.read_text() == page(list(row_tests())), "python -m measure.security_rows"


def test_every_threat_is_tried_and_every_row_is_a_threat() -> None:
    assert {test.row for test in row_tests()} == set(THREATS)
