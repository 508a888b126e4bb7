"""What Slack refuses, in Slack's own error words: whole messages and whole views."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab.slack import limit_table as limit
from lab.slack.block_kit.blocks import HOME_BLOCK, MESSAGE_BLOCK, MODAL_BLOCK
from lab.slack.block_kit.composition import IDENTIFIER, plain
from lab.slack.block_kit.reading import acting_elements, texts
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Check, Json, boolean, by_type, fields, items, problem, string

__all__ = [
    "UPDATED_TEXT_CHARACTERS",
    "SlackRefusalError",
    "acting_elements",
    "check_message",
    "check_view",
    "texts",
]

UPDATED_TEXT_CHARACTERS = limit.UPDATED_TEXT

_WORDS = string(limit.ATTACHMENT_TEXT, 0)
_ADDRESS = string(limit.URL)
_ATTACHMENT = fields(
    {},
    {
        "blocks": items(MESSAGE_BLOCK, limit.MESSAGE_BLOCKS, 0),
        **dict.fromkeys(("color", "fallback", "text", "pretext", "title", "footer"), _WORDS),
        **dict.fromkeys(("title_link", "author_name", "author_link", "image_url"), _ADDRESS),
        "fields": items(
            fields({"title": string(300, 0), "value": string(2000, 0)}, {"short": boolean}),
            limit.ATTACHMENT_FIELDS,
        ),
        "mrkdwn_in": items(string(20), 5),
    },
)
_VIEW_FIELDS: dict[str, Check] = {
    "private_metadata": string(limit.PRIVATE_METADATA, 0),
    "callback_id": IDENTIFIER,
    "external_id": IDENTIFIER,
}
_MODAL = fields(
    {"title": plain(limit.MODAL_TITLE), "blocks": items(MODAL_BLOCK, limit.VIEW_BLOCKS, 0)},
    {
        **_VIEW_FIELDS,
        "submit": plain(limit.MODAL_TITLE),
        "close": plain(limit.MODAL_TITLE),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = fields({"blocks": items(HOME_BLOCK, limit.VIEW_BLOCKS, 0)}, _VIEW_FIELDS)
_KINDS_OF_VIEW = {"modal": by_type({"modal": _MODAL}), "home": by_type({"home": _HOME})}


def check_message(message: Mapping[str, Any], *, text_characters: int = limit.POSTED_TEXT) -> None:
    """Refuse a message which Slack would refuse.

    `message` holds `text`, `blocks`, `attachments`, `metadata` as sent; raises `SlackRefusalError`.
    """
    text, blocks, attachments = (message.get(name) for name in ("text", "blocks", "attachments"))
    if not (text or blocks or attachments):
        raise SlackRefusalError("no_text")
    if text is not None and (not isinstance(text, str) or len(text) > text_characters):
        raise SlackRefusalError("msg_too_long")
    if isinstance(attachments, list) and len(attachments) > limit.MESSAGE_ATTACHMENTS:
        raise SlackRefusalError("too_many_attachments")
    _refuse("invalid_blocks", items(MESSAGE_BLOCK, limit.MESSAGE_BLOCKS, 0)(blocks or [], "/blocks"))
    each_attachment = items(_ATTACHMENT, limit.MESSAGE_ATTACHMENTS, 0)
    _refuse("invalid_attachments", each_attachment(attachments or [], "/attachments"))
    _check_together(_every_block(blocks, attachments))
    _check_metadata(message.get("metadata"))


def check_view(view: object, kind: str = "modal") -> None:
    """Refuse a view which Slack would refuse; `kind` is "modal" or "home"; raises `SlackRefusalError`."""
    if len(json.dumps(view).encode()) > limit.VIEW_BYTES:
        raise SlackRefusalError("view_too_large")
    _refuse("invalid_arguments", _KINDS_OF_VIEW[kind](view, "/view"))
    if not isinstance(view, dict):  # already refused above; this tells the type checker
        return
    located = [(block, "/view/blocks") for block in view["blocks"]]
    _refuse("invalid_arguments", _duplicates(located))
    elements = [element for block in view["blocks"] for element in acting_elements(block)]
    if sum(bool(element.get("focus_on_load")) for element in elements) > 1:
        _refuse("invalid_arguments", [problem("only one element can have focus_on_load", "/view/blocks")])
    needs_submit = kind == "modal" and any(block["type"] == "input" for block in view["blocks"])
    if needs_submit and "submit" not in view:
        _refuse("invalid_arguments", [problem("missing required field: submit", "/view")])


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
    """Refuse what no single block shows: duplicates, and too much text in all."""
    _refuse("invalid_blocks", _duplicates(located))
    markdown = sum(len(str(block["text"])) for block, _ in located if block["type"] == "markdown")
    total = sum(len(text) for block, _ in located for text in texts(block))
    if total > limit.ALL_BLOCK_TEXT or markdown > limit.MARKDOWN:
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
    if len(json.dumps(metadata)) > limit.METADATA_BYTES:
        raise SlackRefusalError("metadata_too_large")
