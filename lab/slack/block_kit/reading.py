"""Walking through blocks: what is nested in them, what acts, what is text; and the ids Slack makes up."""

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from lab.slack.shapes import Json

_HOLDERS_OF_ELEMENTS = {"actions": "elements", "card": "actions"}


def nested(block: Json) -> Iterator[Json]:
    """A block, and those which stand in it."""
    yield block
    children = block.get("child_blocks") if block.get("type") == "container" else None
    for child in children if isinstance(children, list) else []:
        yield from nested(child)


def acting_elements(block: Mapping[str, Any]) -> list[Json]:
    """The elements of one block which carry an action_id."""
    elements = block.get(_HOLDERS_OF_ELEMENTS.get(str(block.get("type")), ""))
    found = list(elements) if isinstance(elements, list) else []
    found += [block[name] for name in ("accessory", "element") if name in block]
    return [element for element in found if isinstance(element, dict) and element.get("type") != "image"]


def texts(value: object) -> Iterator[str]:
    """Every human text in a piece of Block Kit JSON: the strings under `text` and `title`."""
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


def file_references(value: object) -> Iterator[Json]:
    """Every `slack_file` that images in these blocks are taken from."""
    if isinstance(value, dict):
        for name, content in value.items():
            if name == "slack_file" and isinstance(content, dict):
                yield content
            else:
                yield from file_references(content)
    elif isinstance(value, list):
        for item in value:
            yield from file_references(item)


def with_ids(blocks: object) -> list[Json]:
    """A copy of checked blocks in which each block, and each element that acts, has its id."""
    named: list[Json] = copy.deepcopy(blocks) if isinstance(blocks, list) else []
    for outer in named:
        for block in nested(outer):
            block.setdefault("block_id", secrets.token_urlsafe(4))
            for element in acting_elements(block):
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return named
