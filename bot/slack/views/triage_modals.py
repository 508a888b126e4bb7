"""The modals that assign or snooze an incident, or add a note to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.slack.views.blocks import Block, cut, external_id
from handlers.domain.alerts import Alert
from handlers.domain.events.triage import MAX_NOTE_CHARS
from handlers.domain.incident import Incident

ASSIGN, SNOOZE, NOTE, NOTE_MESSAGE = "care_assign", "care_snooze", "care_note", "care_note_message"
MERGE, SPLIT = "care_merge", "care_split"
BLOCK, ACTION = "chosen", "value"
SPANS = {"15 minutes": 15, "30 minutes": 30, "1 hour": 60, "4 hours": 240, "until tomorrow": 960}


@dataclass(frozen=True)
class _Shown:
    """A modal's content: its metadata, the incident's handle if it is known, and who sees it."""

    metadata: str
    handle: str
    viewer: str


def assign(incident: Incident, viewer: str) -> Block:
    """Ask to whom the incident is assigned."""
    element = {"type": "users_select", "action_id": ACTION}
    return _modal(
        ASSIGN,
        f"Assign {incident.id}",
        "Assign",
        _Shown(incident.handle, incident.handle, viewer),
        _input("To whom", element),
    )


def snooze(incident: Incident, viewer: str) -> Block:
    """Ask for how long the incident is snoozed."""
    options = [_option(text, str(minutes)) for text, minutes in SPANS.items()]
    element = {
        "type": "static_select",
        "action_id": ACTION,
        "options": options,
        "initial_option": options[1],
    }
    return _modal(
        SNOOZE,
        f"Snooze {incident.id}",
        "Snooze",
        _Shown(incident.handle, incident.handle, viewer),
        _input("For how long", element),
    )


def note(incident: Incident, viewer: str) -> Block:
    """Ask for the text of a note."""
    element = {
        "type": "plain_text_input",
        "action_id": ACTION,
        "multiline": True,
        "max_length": MAX_NOTE_CHARS,
    }
    return _modal(
        NOTE,
        f"Note in {incident.id}",
        "Add",
        _Shown(incident.handle, incident.handle, viewer),
        _input("What happened", element),
    )


def merge(incident: Incident, others: Iterable[Incident], viewer: str) -> Block:
    """Ask into which other incident of the cluster this one is merged."""
    options = [_option(cut(f"{each.id}: {_alerts(each)}", 75), each.id) for each in others]
    element = {"type": "static_select", "action_id": ACTION, "options": options[:100]}
    return _modal(
        MERGE,
        f"Merge {incident.id}",
        "Merge",
        _Shown(incident.handle, incident.handle, viewer),
        _input("Into which incident", element),
    )


def split(incident: Incident, viewer: str) -> Block:
    """Ask which alert gets an incident of its own."""
    options = [_option(cut(_apart(each, incident), 75), each.fingerprint) for each in incident.firing]
    element = {"type": "static_select", "action_id": ACTION, "options": options[:100]}
    return _modal(
        SPLIT,
        f"Split {incident.id}",
        "Split off",
        _Shown(incident.handle, incident.handle, viewer),
        _input("Which alert", element),
    )


def note_message(incidents: Iterable[Incident], source: str, viewer: str) -> Block:
    """Ask to which incident a message is added.

    Args:
        incidents: The open incidents.
        source: The message as JSON, kept until the modal is submitted.
        viewer: The Slack id of whom it is shown to.
    """
    options = [_option(cut(f"{each.id}: {each.cluster}", 75), each.handle) for each in incidents]
    element = {"type": "static_select", "action_id": ACTION, "options": options[:100]}
    return _modal(
        NOTE_MESSAGE, "Add to an incident", "Add", _Shown(source, "", viewer), _input("Incident", element)
    )


def _apart(alert: Alert, incident: Incident) -> str:
    """Return an alert's name, and what tells it from the incident's other alerts."""
    common = set.intersection(*(set(each.labels.items()) for each in incident.firing))
    own = [f"{name}={value}" for name, value in sorted(alert.labels.items()) if (name, value) not in common]
    return " ".join([alert.name, *(each for each in own if not each.startswith("alertname="))])


def _alerts(incident: Incident) -> str:
    return ", ".join(sorted({alert.name for alert in incident.alerts.values()}))


def chosen(view: Block) -> str:
    """Return what was chosen or written."""
    value = view["state"]["values"][BLOCK][ACTION]
    picked = value.get("selected_user") or value.get("value")
    return str(picked or (value.get("selected_option") or {}).get("value") or "")


def span_of(view: Block) -> timedelta:
    """Return the span that was chosen."""
    return timedelta(minutes=int(chosen(view)))


def _modal(callback: str, title: str, submit: str, shown: _Shown, block: Block) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": shown.metadata,
        "external_id": external_id(shown.handle, shown.viewer),
        "title": {"type": "plain_text", "text": cut(title, 24)},
        "submit": {"type": "plain_text", "text": submit},
        "close": {"type": "plain_text", "text": "Cancel"},
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
