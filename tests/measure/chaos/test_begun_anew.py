"""What is judged wrong of a thread that was begun anew, and what is not."""

from __future__ import annotations

from bot.slack.delivery.thread_pass import DELETED
from bot.slack.views.blocks import section
from bot.slack.views.message import Message as Drawn
from lab.slack.message import Message
from measure.chaos.begun_anew import is_behind, is_wrong
from tests.bot.slack.views_seen import told

HEADLINE = Drawn("headline", "north: NoLeader.", (section("*north*"),), colour="#fff")
REPLY = Drawn("findings", "Nobody leads.", (section("why"),))


def posted(ts: str, below: str | None = None) -> Message:
    return Message("C1", ts, "U1", "", thread_ts=below)


def test_a_thread_that_goes_on_below_a_new_headline_is_right() -> None:
    shown = {"headline": [posted("2.0")], "findings": [posted("1.5", "1.0"), posted("2.5", "2.0")]}
    contents = {"2.0": [told(HEADLINE.led_by(DELETED).body())], "2.5": [told(REPLY.body())]}
    assert list(is_behind(contents, "inc-1", (HEADLINE, REPLY), shown)) == []
    assert list(is_wrong(contents, "inc-1", shown)) == []


def test_a_reply_that_is_left_in_the_lost_thread_is_behind() -> None:
    shown = {"headline": [posted("2.0")], "findings": [posted("1.5", "1.0")]}
    contents = {"2.0": [told(HEADLINE.body())], "1.5": [told(REPLY.body())]}
    (said,) = is_behind(contents, "inc-1", (HEADLINE, REPLY), shown)
    assert said == "inc-1 findings does not stand below the newest headline"


def test_what_shows_an_older_state_or_is_missing_is_behind() -> None:
    contents = {"2.0": [told(REPLY.body())]}
    said = list(is_behind(contents, "inc-1", (HEADLINE, REPLY), {"headline": [posted("2.0")]}))
    assert said == [
        "inc-1 headline shows something else than the timeline says",
        "inc-1 findings is not in Slack",
    ]


def test_the_same_words_twice_in_a_thread_and_a_third_headline_are_wrong() -> None:
    shown = {"headline": [posted(f"{n}.0") for n in range(3)], "findings": [posted("3.1", "1.0")] * 2}
    contents = {"3.1": [told(REPLY.body())], **{f"{n}.0": [str(n)] for n in range(3)}}
    assert list(is_wrong(contents, "inc-1", shown)) == [
        "inc-1 has 3 headlines",
        "inc-1 findings was posted with the same words in the same thread",
    ]
