"""A message as plain text, the way a person would read it out."""

from collections.abc import Callable, Mapping
from typing import Any

from lab.slack.shapes import Json

_STATUS_MARKS = {"pending": "[ ]", "in_progress": "[~]", "complete": "[x]", "error": "[!]"}


def plain_text(message: Mapping[str, Any]) -> str:
    """Return a message's or view's text: of blocks if it has any, else `text`; then of attachments."""
    blocks = message.get("blocks")
    parts = [blocks_text(blocks) if blocks else str(message.get("text") or "")]
    for attachment in message.get("attachments", []):
        parts += [attachment[name] for name in ("pretext", "title", "text") if attachment.get(name)]
        parts += [f"{field['title']}: {field['value']}" for field in attachment.get("fields", [])]
        parts.append(blocks_text(attachment.get("blocks", [])))
    return "\n".join(part for part in parts if part)


def blocks_text(blocks: list[Json]) -> str:
    """Return each block's text on lines of its own."""
    return "\n".join(text for text in (_block_text(block) for block in blocks) if text)


def _block_text(block: Json) -> str:
    read = _READERS.get(block["type"])
    return read(block) if read else ""


def _section(block: Json) -> str:
    parts = [block["text"]["text"]] if "text" in block else []
    parts += [each["text"] for each in block.get("fields", [])]
    return "\n".join(parts + _labels([block["accessory"]] if "accessory" in block else []))


def _labels(elements: list[Json]) -> list[str]:
    return [f"[{words}]" for element in elements if (words := _label(element))]


def _label(element: Json) -> str:
    if element["type"] == "overflow":
        return "… " + " / ".join(option["text"]["text"] for option in element["options"])
    return str(element["text"]["text"]) if element["type"] == "button" else ""


def _context(block: Json) -> str:
    return "\n".join(each["text"] for each in block["elements"])


def _input(block: Json) -> str:
    element = block["element"]
    choices = " ".join(f"[ ] {option['text']['text']}" for option in element.get("options", []))
    return f"{block['label']['text']}: {choices or element.get('initial_value') or '____'}"


def _task(block: Json) -> str:
    details = [_rich_text(block[name]) for name in ("details", "output") if name in block]
    return "\n    ".join([f"{_STATUS_MARKS[block['status']]} {block['title']}", *details])


def _plan(block: Json) -> str:
    return "\n".join([block["title"], *(_task(task) for task in block.get("tasks", []))])


def _rich_text(block: Json) -> str:
    return "\n".join("".join(each["text"] for each in part["elements"]) for part in block["elements"])


_READERS: Mapping[str, Callable[[Json], str]] = {
    "section": _section,
    "header": lambda block: str(block["text"]["text"]),
    "context": _context,
    "actions": lambda block: " ".join(_labels(block["elements"])),
    "input": _input,
    "markdown": lambda block: str(block["text"]),
    "task_card": _task,
    "plan": _plan,
    "rich_text": _rich_text,
}
