"""The modals to give an incident on, put it off, or write something into it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.slack.views.blocks import Block, cut
from handlers.domain.events import MAX_NOTE_CHARS
from handlers.domain.incident import Incident

ASSIGN, SNOOZE, NOTE, NOTE_MESSAGE = "care_assign", "care_snooze", "care_note", "care_note_message"
BLOCK, ACTION = "chosen", "value"
SPANS = {"15 minutes": 15, "30 minutes": 30, "1 hour": 60, "4 hours": 240, "until tomorrow": 960}


def assign(incident: Incident) -> Block:
    """To whom?"""
    element = {"type": "users_select", "action_id": ACTION}
    return _modal(ASSIGN, f"Assign {incident.id}", "Assign", incident.handle, _input("To whom", element))


def snooze(incident: Incident) -> Block:
    """For how long?"""
    options = [_option(text, str(minutes)) for text, minutes in SPANS.items()]
    element = {
        "type": "static_select",
        "action_id": ACTION,
        "options": options,
        "initial_option": options[1],
    }
    return _modal(SNOOZE, f"Snooze {incident.id}", "Snooze", incident.handle, _input("For how long", element))


def note(incident: Incident) -> Block:
    """What?"""
    element = {
        "type": "plain_text_input",
        "action_id": ACTION,
        "multiline": True,
        "max_length": MAX_NOTE_CHARS,
    }
    return _modal(NOTE, f"Note in {incident.id}", "Add", incident.handle, _input("What happened", element))


def note_message(incidents: Iterable[Incident], source: str) -> Block:
    """Into which incident does this message belong?

    Args:
        incidents: Those that are open.
        source: Where the message is, for when the modal is submitted.
    """
    options = [_option(cut(f"{each.id}: {each.cluster}", 75), each.handle) for each in incidents]
    element = {"type": "static_select", "action_id": ACTION, "options": options[:100]}
    return _modal(NOTE_MESSAGE, "Add to an incident", "Add", source, _input("Incident", element))


def chosen(view: Block) -> str:
    """What was chosen or written."""
    value = view["state"]["values"][BLOCK][ACTION]
    picked = value.get("selected_user") or value.get("value")
    return str(picked or (value.get("selected_option") or {}).get("value") or "")


def span_of(view: Block) -> timedelta:
    """How long was chosen."""
    return timedelta(minutes=int(chosen(view)))


def _modal(callback: str, title: str, submit: str, metadata: str, block: Block) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": cut(title, 24)},
        "submit": {"type": "plain_text", "text": submit},
        "close": {"type": "plain_text", "text": "Leave it"},
        "blocks": [block],
    }


def _input(label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": BLOCK,
        "label": {"type": "plain_text", "text": label},
        "element": element,
    }


def _option(text: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": text}, "value": value}
