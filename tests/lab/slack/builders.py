"""Block Kit, built small."""

from typing import Any

Piece = dict[str, Any]

DIVIDER: Piece = {"type": "divider"}


def plain(text: str = "x") -> Piece:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Piece:
    return {"type": "mrkdwn", "text": text}


def option(text: str = "A", value: str = "a") -> Piece:
    return {"text": plain(text), "value": value}


def button(**more: object) -> Piece:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def actions(*elements: Piece, **more: object) -> Piece:
    return {"type": "actions", "elements": list(elements), **more}


def acting(kind: str, **more: object) -> Piece:
    return {"type": kind, "action_id": kind, **more}


def options(count: int, **more: object) -> Piece:
    return {"options": [option(f"Option {n}", str(n)) for n in range(count)], **more}


def confirm(title: int = 1, text: int = 1, yes: int = 1, no: int = 1) -> Piece:
    words = {"title": plain("x" * title), "text": mrkdwn("x" * text)}
    return {**words, "confirm": plain("x" * yes), "deny": plain("x" * no)}


def task(**more: object) -> Piece:
    return {"type": "task_card", "task_id": "t", "title": "Read", "status": "pending", **more}


def plan(tasks: int) -> Piece:
    return {"type": "plan", "title": "P", "tasks": [task()] * tasks}


def rich(*inlines: Piece, part: str = "rich_text_section") -> Piece:
    return {"type": "rich_text", "elements": [{"type": part, "elements": list(inlines)}]}


def section(**more: object) -> Piece:
    return {"type": "section", **more}


def header(text: Piece) -> Piece:
    return {"type": "header", "text": text}


def context(*elements: Piece) -> Piece:
    return {"type": "context", "elements": list(elements)}


def field(element: Piece | None = None, **more: object) -> Piece:
    element = element or acting("plain_text_input")
    return {"type": "input", "label": plain("Why"), "element": element, **more}


def modal(*blocks: Piece, **more: object) -> Piece:
    return {"type": "modal", "title": plain("Fix"), "blocks": list(blocks) or [DIVIDER], **more}


def form(*blocks: Piece, **more: object) -> Piece:
    return modal(*blocks, submit=plain("Go"), **more)


def home(*blocks: Piece, **more: object) -> Piece:
    return {"type": "home", "blocks": list(blocks) or [DIVIDER], **more}
