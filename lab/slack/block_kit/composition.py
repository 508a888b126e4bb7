"""Block Kit's small parts: texts, confirm dialogs, options."""

from lab.slack import limit_table as limit
from lab.slack.shapes import (
    Check,
    boolean,
    by_type,
    fields,
    one_of,
    string,
)

IDENTIFIER = string(limit.IDENTIFIER)


def plain(longest: int) -> Check:
    """Check for a plain_text object."""
    return by_type({"plain_text": fields({"text": string(longest)}, {"emoji": boolean})})


def text(longest: int) -> Check:
    """Check for a plain_text or mrkdwn object."""
    mrkdwn = fields({"text": string(longest)}, {"verbatim": boolean})
    return by_type({"plain_text": plain(longest), "mrkdwn": mrkdwn})


CONFIRM = fields(
    {
        "title": plain(limit.CONFIRM_TITLE),
        "text": text(limit.CONFIRM_TEXT),
        "confirm": plain(limit.CONFIRM_BUTTON),
        "deny": plain(limit.CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)


def _option(words: Check, *, has_url: bool = False) -> Check:
    address = {"url": string(limit.URL)} if has_url else {}
    return fields({"text": words, "value": string(limit.OPTION_VALUE)}, {"description": words, **address})


OPTION = _option(plain(limit.OPTION_TEXT))
CHOICE = _option(text(limit.OPTION_TEXT))  # checkboxes take mrkdwn
OVERFLOW_OPTION = _option(plain(limit.OPTION_TEXT), has_url=True)
