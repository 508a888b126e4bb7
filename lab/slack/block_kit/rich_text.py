"""Rich text, as far as task cards use it: sections of styled text."""

from lab.slack.block_kit.composition import IDENTIFIER
from lab.slack.shapes import boolean, by_type, fields, items, string

_MAX_TEXT = 12_000  # no limit of its own is documented; the message's as a whole comes first

_STYLE = fields({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_TEXT = by_type({"text": fields({"text": string(_MAX_TEXT)}, {"style": _STYLE})})
_SECTION = by_type({"rich_text_section": fields({"elements": items(_TEXT, 500)})})
RICH_TEXT = fields({"elements": items(_SECTION, 100)}, {"block_id": IDENTIFIER})
A_RICH_TEXT = by_type({"rich_text": RICH_TEXT})
