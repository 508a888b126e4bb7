"""Block Kit's small parts: texts, confirm dialogs, options, images."""

from collections.abc import Iterator

from lab.slack import limit_table as limit
from lab.slack.shapes import (
    Check,
    all_of,
    boolean,
    by_type,
    exactly_one,
    fields,
    items,
    one_of,
    problem,
    string,
)

IDENTIFIER = string(limit.IDENTIFIER)


def plain(longest: int) -> Check:
    """A plain_text object."""
    return by_type({"plain_text": fields({"text": string(longest)}, {"emoji": boolean})})


def text(longest: int) -> Check:
    """A plain_text or mrkdwn object."""
    mrkdwn = fields({"text": string(longest)}, {"verbatim": boolean})
    return by_type({"plain_text": plain(longest), "mrkdwn": mrkdwn})


def _web_address(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str) and not value.startswith(("https://", "http://")):
        yield problem("must be a valid URL", path)


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
CHOICE = _option(text(limit.OPTION_TEXT))  # radio buttons and checkboxes take mrkdwn
OVERFLOW_OPTION = _option(plain(limit.OPTION_TEXT), has_url=True)
OPTION_GROUP = fields({"label": plain(limit.OPTION_TEXT), "options": items(OPTION, limit.OPTIONS)})

_SLACK_FILE = all_of(
    exactly_one("id", "url"), fields({}, {"id": string(20), "url": all_of(string(limit.URL), _web_address)})
)
_ALT_TEXT = {"alt_text": string(limit.IMAGE_ALT_TEXT)}
_IMAGE_SOURCE: dict[str, Check] = {
    "image_url": all_of(string(limit.IMAGE_URL), _web_address),
    "slack_file": _SLACK_FILE,
}
IMAGE_ELEMENT = all_of(exactly_one("image_url", "slack_file"), fields(_ALT_TEXT, _IMAGE_SOURCE))
IMAGE_BLOCK = all_of(
    exactly_one("image_url", "slack_file"),
    fields(_ALT_TEXT, {**_IMAGE_SOURCE, "title": plain(limit.IMAGE_ALT_TEXT), "block_id": IDENTIFIER}),
)
