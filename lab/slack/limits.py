"""What Slack refuses, in Slack's own error words: whole messages and whole views."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.slack.blocks import IDENTIFIER, MESSAGE_BLOCK, MODAL_BLOCK, MODAL_TITLE
from lab.slack.shapes import Json, boolean, by_type, fields, items, problem, string

POSTED_TEXT_CHARACTERS = 40_000
UPDATED_TEXT_CHARACTERS = 4_000
# Undocumented: public reports put the sum of all text in a message at 12,000 to 13,000 characters.
ALL_BLOCK_TEXT_CHARACTERS = 12_000
MARKDOWN_CHARACTERS = 12_000
VIEW_BYTES = 250_000
METADATA_BYTES = 16_000

_ATTACHMENT = fields(
    {},
    {
        "blocks": items(MESSAGE_BLOCK, 50, 0),
        **{name: string(8000, 0) for name in ("color", "fallback", "text", "pretext", "title", "footer")},
        **{name: string(3000) for name in ("title_link", "author_name", "author_link", "image_url")},
        "fields": items(fields({"title": string(300, 0), "value": string(2000, 0)}, {"short": boolean}), 20),
        "mrkdwn_in": items(string(20), 5),
    },
)
_VIEW = by_type(
    {
        "modal": fields(
            {"title": MODAL_TITLE, "blocks": items(MODAL_BLOCK, 100, 0)},
            {
                "submit": MODAL_TITLE,
                "close": MODAL_TITLE,
                "private_metadata": string(3000, 0),
                "callback_id": IDENTIFIER,
                "external_id": IDENTIFIER,
                "clear_on_close": boolean,
                "notify_on_close": boolean,
                "submit_disabled": boolean,
            },
        )
    }
)


class SlackRefusalError(Exception):
    """Slack's answer `ok: false`, with the error's name and what is wrong where."""

    def __init__(self, error: str, messages: Iterable[str] = ()) -> None:
        super().__init__(error)
        self.error = error
        self.messages = tuple(messages)


def check_message(message: Mapping[str, Any], *, text_characters: int = POSTED_TEXT_CHARACTERS) -> None:
    """Refuse a message which Slack would refuse.

    `message` holds `text`, `blocks`, `attachments`, `metadata` as sent; raises `SlackRefusalError`.
    """
    text, blocks, attachments = (message.get(name) for name in ("text", "blocks", "attachments"))
    if not (text or blocks or attachments):
        raise SlackRefusalError("no_text")
    if text is not None and (not isinstance(text, str) or len(text) > text_characters):
        raise SlackRefusalError("msg_too_long")
    _refuse("invalid_blocks", items(MESSAGE_BLOCK, 50, 0)(blocks or [], "/blocks"))
    _refuse("invalid_attachments", items(_ATTACHMENT, 100, 0)(attachments or [], "/attachments"))
    _check_together(_every_block(blocks, attachments))
    _check_metadata(message.get("metadata"))


def check_view(view: object) -> None:
    """Refuse a view which Slack would refuse; raises `SlackRefusalError`."""
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise SlackRefusalError("view_too_large")
    _refuse("invalid_arguments", _VIEW(view, "/view"))
    if not isinstance(view, dict):  # already refused above; this tells the type checker
        return
    _refuse("invalid_arguments", _duplicates([(block, "/view/blocks") for block in view["blocks"]]))
    if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
        _refuse("invalid_arguments", [problem("missing required field: submit", "/view")])


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


def acting_elements(block: Mapping[str, Any]) -> list[Json]:
    """The elements of one block which carry an action_id."""
    elements = block.get("elements") if block.get("type") == "actions" else None
    found = list(elements) if isinstance(elements, list) else []
    found += [block[name] for name in ("accessory", "element") if name in block]
    return [element for element in found if isinstance(element, dict) and element.get("type") != "image"]


def _refuse(error: str, problems: Iterable[str]) -> None:
    messages = list(problems)
    if messages:
        raise SlackRefusalError(error, messages)


def _every_block(blocks: object, attachments: object) -> list[tuple[Json, str]]:
    found = [(block, "/blocks") for block in blocks] if isinstance(blocks, list) else []
    for index, attachment in enumerate(attachments if isinstance(attachments, list) else []):
        found += [(block, f"/attachments/{index}/blocks") for block in attachment.get("blocks", [])]
    return found


def _check_together(located: list[tuple[Json, str]]) -> None:
    """What no single block shows: duplicates, a second table, and too much text in all."""
    _refuse("invalid_blocks", _duplicates(located))
    tables = [path for block, path in located if block["type"] == "table"]
    if len(tables) > 1:
        raise SlackRefusalError("invalid_blocks", [problem("only_one_table_allowed", tables[1])])
    markdown = sum(len(str(block["text"])) for block, _ in located if block["type"] == "markdown")
    total = sum(len(text) for block, _ in located for text in texts(block))
    if total > ALL_BLOCK_TEXT_CHARACTERS or markdown > MARKDOWN_CHARACTERS:
        raise SlackRefusalError("msg_blocks_too_long")


def _duplicates(located: list[tuple[Json, str]]) -> Iterator[str]:
    block_ids = Counter(block["block_id"] for block, _ in located if "block_id" in block)
    for block_id, count in block_ids.items():
        if count > 1:
            yield problem(f"block_id already exists: {block_id}", located[0][1])
    for index, (block, path) in enumerate(located):
        action_ids = Counter(e["action_id"] for e in acting_elements(block) if "action_id" in e)
        for action_id, count in action_ids.items():
            if count > 1:
                yield problem(f"action_id already exists: {action_id}", f"{path}/{index}")


def _check_metadata(metadata: object) -> None:
    if not metadata:  # an empty object takes metadata away
        return
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackRefusalError("invalid_metadata_format")
    if not isinstance(metadata["event_payload"], dict):
        raise SlackRefusalError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_BYTES:
        raise SlackRefusalError("metadata_too_large")
