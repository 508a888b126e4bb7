"""Whom the words of a schedule mean in Slack."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping


def known(words: Iterable[str], people: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (name, Slack id) of the first configured person that the words name; `None` for none.

    A name counts where it stands whole: `Ann` is in `Ann's week`, and not in `Annabel` or `ann@example.com`.
    Case, `mailto:` and how an accent is composed do not matter.
    """
    for word in words:
        text = f" {_plain(word)} "
        for name, user in people.items():
            if (whole := _plain(name)) and f" {whole} " in text:
                return name, user
    return None


def _plain(words: str) -> str:
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", words).casefold())
    lower = composed.replace("\u2019", "'").removeprefix("mailto:")
    spaced = "".join(char if _is_of_a_word(char) or char in "@.+_'" else " " for char in lower)
    return " ".join(word for token in spaced.split() for word in _words(token))


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _words(token: str) -> Iterator[str]:
    """Yield an address as one word, and of anything else its words, without what is only punctuation."""
    is_address = "@" in token.strip("@.+_'")
    for part in [token] if is_address else token.replace("_", " ").replace("+", " ").split():
        if word := part.strip("@.+_'").removesuffix("'s").rstrip("."):
            yield word
