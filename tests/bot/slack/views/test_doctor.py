"""The doctor in Slack: what is wrong comes first, foreign words are inert, much stays one message."""

from __future__ import annotations

import json

from bot.slack.views import doctor
from handlers.ports.doctor import Examined
from lab.slack.limits import check_message
from lab.slack.plain_text import plain_text

WELL = Examined("Redis", "appends to a file")
WRONG = Examined("Agents", "", "node1 <!channel> runs 1: finish the upgrade")
UNREAD = Examined("Readings", "clock of node2", not_read="no answer within 4 s")
UNASKED = Examined("Prometheus", "rules", not_asked="[prometheus] is not configured")


def shown(*examined: Examined) -> str:
    text, blocks = doctor.report(examined)
    check_message({"text": text, "blocks": blocks})
    return str(plain_text({"blocks": blocks}))


def test_all_is_well_only_where_all_was_asked() -> None:
    assert "All is well." in shown(WELL)
    assert "Nothing that was asked is wrong; 1 not asked." in shown(WELL, UNASKED)


def test_an_agent_that_was_not_read_is_not_known_to_be_well() -> None:
    said = shown(WELL, UNREAD)
    assert "Nothing is known to be wrong, but 1 thing could not be read: not known to be well." in said
    assert "Readings: clock of node2: not read: no answer within 4 s" in said
    assert "1 thing looked at and well" in said


def test_what_is_wrong_comes_first_with_its_mend() -> None:
    said = shown(WELL, UNASKED, WRONG)
    assert "1 thing would keep an alert from its thread." in said
    assert said.index("finish the upgrade") < said.index("not asked")
    assert "<!channel>" not in json.dumps(doctor.report((WRONG,)))


def test_however_much_there_is_it_is_one_message() -> None:
    many = (Examined("Agents", "", f"node{number} {'x' * 500}") for number in range(200))
    assert "and 180 more" in shown(*many)
