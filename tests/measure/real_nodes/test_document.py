"""The nodes are set up by the document's own commands, so the document has to have them."""

from __future__ import annotations

import re

import pytest

from measure.real_nodes.document import REPOSITORY, documented

PROGRAMS = sorted((REPOSITORY / "measure/real_nodes").rglob("*.py"))
WANTED = [
    words for program in PROGRAMS for words in re.findall(r'documented\("(.+?)"\)', program.read_text())
]


@pytest.mark.parametrize("words", WANTED)
def test_the_chapter_has_one_block_of_commands_with_the_words_that_a_program_looks_for(words: str) -> None:
    assert words in documented(words)


def test_a_step_that_the_chapter_does_not_have_is_not_made_up() -> None:
    with pytest.raises(ValueError, match="expected 1, got 0"):
        documented("rm -rf /")
