"""Two documents are the same where a reader finds the same in both."""

from __future__ import annotations

import tomllib

import pytest

from shared.toml_documents import is_same

ODD = "a = nan\nb = [inf, {c = -nan}]\nd = 1979-05-27T07:32:00Z\n"


def test_a_document_is_the_same_as_itself_whatever_numbers_it_has() -> None:
    assert is_same(tomllib.loads(ODD), tomllib.loads(ODD))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = nan", "a = inf"),
        ("a = 1", "a = 1.0"),
        ("a = 1", "a = true"),
        ("a = [1]", "a = [1, 1]"),
        ("", "a = 1"),
    ],
)
def test_another_value_or_type_is_another_document(one: str, other: str) -> None:
    assert not is_same(tomllib.loads(one), tomllib.loads(other))
