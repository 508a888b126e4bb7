"""What is wrong with a value is said in our own words, whatever is wrong with it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from handlers.domain.complaints import complaint


class Word(StrEnum):
    ONE = "one"


class Inner(BaseModel):
    name: str


class Odd(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=3)] = ""
    count: Annotated[int, Field(ge=1, lt=10)] = 1
    share: Annotated[float, Field(allow_inf_nan=False)] = 0.5
    is_so: bool = True
    at: datetime | None = None
    aware: AwareDatetime | None = None
    kind: Literal["a", "b"] = "a"
    word: Word = Word.ONE
    inner: Inner | None = None
    many: Annotated[tuple[int, ...], Field(max_length=2)] = ()
    named: dict[str, str] = {}
    file: Path = Path()
    odd: str = ""

    @field_validator("odd")
    @classmethod
    def _is_even(cls, odd: str) -> str:
        if odd:
            raise ValueError("is odd")
        return odd


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "long"}, "is longer than 3 characters"),
        ({"text": 7}, "is not text"),
        ({"count": 0}, "is less than 1"),
        ({"count": 10}, "is not less than 10"),
        ({"count": "x"}, "is not a whole number"),
        ({"share": "x"}, "is not a number"),
        ({"share": float("inf")}, "is not a number that can be counted with"),
        ({"is_so": "perhaps"}, "is neither true nor false"),
        ({"at": "noon"}, "is not a date and time"),
        ({"aware": "2026-01-01T00:00:00"}, "has no time zone"),
        ({"kind": "c"}, "is none of 'a' or 'b'"),
        ({"word": "two"}, "is none of 'one'"),
        ({"inner": 7}, "is not a table of names and values"),
        ({"inner": {}}, "is missing"),
        ({"many": [1, 2, 3]}, "has more than 2 entries"),
        ({"many": 7}, "is not a list"),
        ({"named": 7}, "is not a table of names and values"),
        ({"file": 7}, "is not the name of a file"),
        ({"odd": "x"}, "is odd"),
        ({"other": 1}, "is not known here"),
    ],
)
def test_it_is_said_in_our_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Odd.model_validate(given)
    assert complaint(refused.value.errors()[0]) == said
