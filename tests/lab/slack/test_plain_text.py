"""A message reads as text, whichever blocks it is made of."""

from typing import Any

import pytest

from lab.slack.limits import check_message
from lab.slack.plain_text import plain_text

RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [{"type": "text", "text": "offset "}, {"type": "text", "text": "812 ms"}],
        },
    ],
}
GO = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
CHOICES = {
    "options": [
        {"text": {"type": "plain_text", "text": word}, "value": word.lower()} for word in ("Note", "Report")
    ]
}
CASES: list[tuple[dict[str, Any], str]] = [
    ({"type": "header", "text": {"type": "plain_text", "text": "No leader"}}, "No leader"),
    (
        {"type": "section", "text": {"type": "mrkdwn", "text": "*term* 7"}, "accessory": GO},
        "*term* 7\n[Go]",
    ),
    ({"type": "actions", "elements": [GO, GO]}, "[Go] [Go]"),
    ({"type": "actions", "elements": [GO, {"type": "overflow", **CHOICES}]}, "[Go] [… Note / Report]"),
    (
        {
            "type": "input",
            "label": {"type": "plain_text", "text": "More"},
            "element": {"type": "checkboxes", **CHOICES},
        },
        "More: [ ] Note [ ] Report",
    ),
    ({"type": "context", "elements": [{"type": "mrkdwn", "text": "read 2 s ago"}]}, "read 2 s ago"),
    (
        {
            "type": "plan",
            "title": "Sync clocks",
            "tasks": [
                {"type": "task_card", "task_id": "1", "title": "node1", "status": "complete", "output": RICH}
            ],
        },
        "Sync clocks\n[x] node1\n    offset 812 ms",
    ),
    ({"type": "markdown", "text": "**bold**"}, "**bold**"),
    ({"type": "divider"}, ""),
]


@pytest.mark.parametrize(("block", "text"), CASES)
def test_each_block_reads_as_text(block: dict[str, Any], text: str) -> None:
    check_message({"blocks": [block]})
    assert plain_text({"text": "fallback", "blocks": [block]}) == text


def test_text_without_blocks_and_attachments_are_read() -> None:
    attachment = {"title": "Finding", "fields": [{"title": "term", "value": "7"}], "blocks": [CASES[0][0]]}
    message = {"text": "parent", "attachments": [attachment]}
    check_message(message)
    assert plain_text(message) == "parent\nFinding\nterm: 7\nNo leader"
