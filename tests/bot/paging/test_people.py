"""Whom the words of a schedule name."""

from __future__ import annotations

import pytest

from bot.paging.people import known

PEOPLE = {
    "Ann": "U0ANN",
    "ben@example.com": "U0BEN",
    "Jos\u00e9": "U0JOSE",
    "Sam O'Brien": "U0SAM",
    "PD_7": "U0PD",
}


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("On Call - Ann - Primary", "U0ANN"),
        ("On call: Ann.", "U0ANN"),
        ("Ann's week", "U0ANN"),
        ("Ann\u2019s week", "U0ANN"),
        ("'Ann'", "U0ANN"),
        ("_Ann_", "U0ANN"),
        ("on_call_ann", "U0ANN"),
        ("Ann+Zoe", "U0ANN"),
        ("@ann", "U0ANN"),
        ("ANN, please", "U0ANN"),
        ("MAILTO:Ben@Example.com", "U0BEN"),
        ("Ask ben@example.com.", "U0BEN"),
        ("<ben@example.com>", "U0BEN"),
        ("Jose\u0301", "U0JOSE"),
        ("JOS\u00c9", "U0JOSE"),
        ("JOSE\u0301's week", "U0JOSE"),
        ("sam o\u2019brien", "U0SAM"),
        ("pd_7", "U0PD"),
    ],
)
def test_a_name_counts_where_it_stands_whole(words: str, who: str):
    found = known([words], PEOPLE)
    assert found and found[1] == who


@pytest.mark.parametrize(
    "words",
    [
        "Annabel",
        "Johann",
        "D'Ann",
        "ann@example.com",
        "x.ann@example.com",
        "ann.smith",
        "reben@example.com",
        "big.ben@example.com",
        "ben+spam@example.com",
        "ben@example.com.au",
        "Jose",
        "Brien",
        "",
        "...",
    ],
)
def test_a_part_of_another_word_or_address_names_nobody(words: str):
    assert known([words], PEOPLE) is None


def test_a_name_without_a_letter_is_nobodys():
    assert known(["", "-"], {"-": "U0X"}) is None
