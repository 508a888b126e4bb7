"""A picture is a valid PNG of the stated size, the same each time, drawn beside the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from bot.pictures.draw import draw_election_timeline, draw_link_map, draw_month
from bot.pictures.drawing.picture import WIDTH, Picture
from handlers.domain.undetermined import Undetermined
from runbooks import leader_election
from runbooks.evidence import Evidence
from tests.bot import incidents
from tests.bot.months import busy as busy_month
from tests.bot.months import calm as calm_month
from tests.bot.pictures.clusters import cluster, instead
from tests.bot.pictures.elections.storms import calm, storm
from tests.builders import cut, silent

SLACK_ALT_TEXT = 2_000
"""Characters that Slack takes in an image block's `alt_text`."""

EDGE = (0xC9, 0xCE, 0xD6)


def drawn(picture: Picture | Undetermined) -> Picture:
    assert isinstance(picture, Picture), picture
    return picture


async def link_map(read: Evidence) -> Picture:
    """The map with the runbook's own judgement."""
    return drawn(await draw_link_map(read, leader_election.diagnose(read)))


def assert_is_a_picture(picture: Picture) -> None:
    """A PNG of the size that it says, for a phone and with words for those who do not see it."""
    with Image.open(BytesIO(picture.png)) as image:
        image.load()
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert image.size == (picture.width, picture.height)
        assert image.getpixel((picture.width // 2, picture.height - 8)) == (255, 255, 255)
        assert image.getpixel((0, picture.height // 2)) == EDGE, "its own edge, in either theme of Slack"
        assert len(image.getcolors(1 << 24) or ()) > 20
    assert picture.width == WIDTH
    assert picture.height < 2 * picture.width
    assert 0 < len(picture.alt_text) < SLACK_ALT_TEXT


@pytest.mark.parametrize(
    "read",
    [
        cluster(1),
        cluster(3),
        incidents.partition(),
        incidents.unknown(),
        instead(cluster(9, cut(("node1", "node2"))), silent("node3")),
        cluster(51, cut(("node1", "node2"))),
    ],
    ids=["one", "healthy", "partition", "unknown", "nine", "fifty-one"],
)
async def test_a_link_map_is_a_picture(read: Evidence):
    assert_is_a_picture(await link_map(read))


async def test_a_timeline_is_a_picture():
    for series in (calm(), storm(), storm(51, unread={"node3": (200, 400)})):
        assert_is_a_picture(drawn(await draw_election_timeline(series)))


async def test_a_month_is_a_picture():
    for report in (calm_month(), busy_month(), busy_month(200)):
        assert_is_a_picture(drawn(await draw_month(report)))


async def test_the_same_input_gives_the_same_bytes():
    read = incidents.partition()

    assert (await link_map(read)).png == (await link_map(read)).png
    one, other = [drawn(await draw_election_timeline(storm())) for _ in range(2)]
    assert one.png == other.png


async def test_names_that_the_font_lacks_are_drawn_and_said_all_the_same():
    read = cluster(3)
    named = read.model_copy(update={"cluster": "zürich-東京"})

    picture = await link_map(named)
    assert_is_a_picture(picture)
    assert "zürich-東京" in picture.alt_text


async def test_the_event_loop_turns_while_a_picture_is_drawn():
    drawing = asyncio.create_task(link_map(cluster(51, cut(("node1", "node2")))))
    turns = 0
    while not drawing.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert_is_a_picture(await drawing)
    assert turns > 3  # drawn in the loop itself, there would be one


@pytest.mark.process
def test_pillow_is_not_loaded_before_a_picture_is_wanted():
    script = "import sys, bot.main, bot.pictures.draw; sys.exit('PIL' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
