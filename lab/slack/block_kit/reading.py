"""Walking through blocks: what acts, what is text; and the ids Slack makes up."""

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from lab.slack.shapes import Json


def acting_elements(block: Mapping[str, Any]) -> list[Json]:
    """Return the elements of one block which carry an action_id."""
    elements = block.get("elements") if block.get("type") == "actions" else None
    found = list(elements) if isinstance(elements, list) else []
    found += [block[name] for name in ("accessory", "element") if name in block]
    return [element for element in found if isinstance(element, dict)]


def texts(value: object) -> Iterator[str]:
    """Yield every human text in a piece of Block Kit JSON: the strings under `text` and `title`."""
    if isinstance(value, dict):
        for name, content in value.items():
            if isinstance(content, str):
                if name in {"text", "title"}:
                    yield content
            else:
                yield from texts(content)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def with_ids(blocks: object) -> list[Json]:
    """Return a copy of checked blocks in which each block, and each element that acts, has its id."""
    named: list[Json] = copy.deepcopy(blocks) if isinstance(blocks, list) else []
    for block in named:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in acting_elements(block):
            element.setdefault("action_id", secrets.token_urlsafe(4))
    return named
