"""Rich text: a block of its own, and what table cells and task cards hold."""

from lab.slack.block_kit.composition import IDENTIFIER
from lab.slack.shapes import Check, boolean, by_type, fields, integer, items, one_of, string

_LONGEST = 12_000  # no limit of its own is documented; the message's as a whole comes first

_STYLE = fields({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_CODE: dict[str, Check] = {
    "text": fields({"text": string(_LONGEST)}, {"style": _STYLE}),
    "link": fields({"url": string(3000)}, {"text": string(_LONGEST), "style": _STYLE, "unsafe": boolean}),
}
_INLINE = by_type(
    {
        **_CODE,
        "emoji": fields({"name": string(100)}, {"unicode": string(100), "skin_tone": integer}),
        "user": fields({"user_id": string(20)}, {"style": _STYLE}),
        "usergroup": fields({"usergroup_id": string(20)}, {"style": _STYLE}),
        "channel": fields({"channel_id": string(20)}, {"style": _STYLE}),
        "broadcast": fields({"range": one_of("here", "channel", "everyone")}),
        "date": fields(
            {"timestamp": integer, "format": string(200)}, {"url": string(3000), "fallback": string(3000)}
        ),
    }
)
_INLINES = items(_INLINE, 500)
_SECTION = by_type({"rich_text_section": fields({"elements": _INLINES})})
_PARTS = by_type(
    {
        "rich_text_section": fields({"elements": _INLINES}),
        "rich_text_preformatted": fields(
            {"elements": items(by_type(_CODE), 500)}, {"border": integer, "language": string(50)}
        ),
        "rich_text_quote": fields({"elements": _INLINES}, {"border": integer}),
        "rich_text_list": fields(
            {"style": one_of("bullet", "ordered"), "elements": items(_SECTION, 100)},
            {"indent": integer, "offset": integer, "border": integer},
        ),
    }
)
RICH_TEXT = fields({"elements": items(_PARTS, 100)}, {"block_id": IDENTIFIER})
A_RICH_TEXT = by_type({"rich_text": RICH_TEXT})
