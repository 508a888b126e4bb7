"""Whom the words of a schedule mean in Slack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def known(words: Iterable[str], people: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (name, Slack id) of the first configured person that the words name; `None` for none.

    A name counts where it stands whole: `Ann` is not in `Annabel`. Case and `mailto:` do not matter.
    """
    for word in words:
        text = f" {_plain(word)} "
        for name, user in people.items():
            if f" {_plain(name)} " in text:
                return name, user
    return None


def _plain(words: str) -> str:
    lower = words.casefold().removeprefix("mailto:")
    return " ".join("".join(char if char.isalnum() or char in "@.+_'" else " " for char in lower).split())
