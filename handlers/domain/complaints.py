"""What is wrong with a value that was given, in words of our own and not of what checked it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not JSON",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is shorter than {min_length} characters",
    "too_long": "has more than {max_length} entries",
    "too_short": "has fewer than {min_length} entries",
    "greater_than": "is not more than {gt}",
    "greater_than_equal": "is less than {ge}",
    "less_than": "is not less than {lt}",
    "less_than_equal": "is more than {le}",
    "literal_error": "is none of {expected}",
    "enum": "is none of {expected}",
    "timezone_aware": "has no time zone",
    "value_error": "{error}",
    "string_pattern_mismatch": "is not written as it has to be",
    "finite_number": "is not a number that can be counted with",
}
"""By the kind of the error, or by its beginning; the braces are filled from what the error knows."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("string", "is not text"),
    ("int", "is not a whole number"),
    ("float", "is not a number"),
    ("bool", "is neither true nor false"),
    ("date", "is not a date and time"),
    ("time", "is not a time"),
    ("path", "is not the name of a file"),
    ("url", "is not an address"),
    ("list", "is not a list"),
    ("tuple", "is not a list"),
    ("set", "is not a list"),
    ("dict", "is not a table of names and values"),
    ("mapping", "is not a table of names and values"),
    ("model", "is not a table of names and values"),
)
OTHERWISE = "is of another kind than documented"


def complaint(found: ErrorDetails) -> str:
    """Return what is wrong with a value, to follow its name: `is not a whole number`."""
    kind = found["type"]
    if words := _WORDS.get(kind):
        known = {name: str(value) for name, value in found.get("ctx", {}).items()}
        try:
            return words.format_map(known)
        except KeyError:
            return OTHERWISE
    return next((words for beginning, words in _KINDS if kind.startswith(beginning)), OTHERWISE)
