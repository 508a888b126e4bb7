"""In which form Slack took a message where it refused a fuller one; this process alone remembers it."""

from __future__ import annotations

import time
from typing import Any

from bot.slack.views.message import Form, Message

KEPT_S = 600.0
"""What was too long may be shorter by then."""

MAX_KEPT = 1000


class TakenForms:
    """The plainer forms that were needed lately, by incident and message."""

    def __init__(self) -> None:
        self._plainly = False
        self._kept: dict[tuple[str, str], tuple[Form, float]] = {}

    def of(self, incident_id: str, field: str, message: Message) -> list[tuple[Form, dict[str, Any]]]:
        """Return the message's forms and bodies, from the first that may pass down to its bare text."""
        starts, until_s = self._kept.get((incident_id, field), (Form.FULL, 0.0))
        if until_s < time.monotonic():
            starts = Form.PLAIN if self._plainly and message.plain else Form.FULL
        forms, order = list(message.forms()), list(Form)
        return [each for each in forms if order.index(each[0]) >= order.index(starts)]

    def note(self, incident_id: str, field: str, form: Form) -> None:
        """Note that Slack took this form, and refused a fuller one."""
        if form is Form.PLAIN:
            self._plainly = True  # a kind of block that the workspace does not take
            return
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[incident_id, field] = form, time.monotonic() + KEPT_S
