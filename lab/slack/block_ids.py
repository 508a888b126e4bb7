"""The ids Slack makes up for blocks and elements which came without."""

import copy
import secrets

from lab.slack.limits import acting_elements
from lab.slack.shapes import Json


def with_ids(blocks: object) -> list[Json]:
    """A copy of checked blocks in which each block, and each element that acts, has its id."""
    named: list[Json] = copy.deepcopy(blocks) if isinstance(blocks, list) else []
    for block in named:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in acting_elements(block):
            element.setdefault("action_id", secrets.token_urlsafe(4))
    return named
