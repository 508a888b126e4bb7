"""Somebody without Slack opens /status and sees how the clusters are; what is not known is said to be so."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from html.parser import HTMLParser

import httpx
import pytest
import pytest_asyncio

from bot.config.read_only import Scope
from bot.web.status_page.page import element
from bot.web.status_page.style import STYLE
from handlers.domain.alerts import UNCONFIGURED
from handlers.domain.events.triage import Acknowledged
from handlers.errors import StoreDown
from runbooks import leader_election
from tests.bot.incidents import healed, quorum_loss
from tests.bot.web.api.site import ALL, NARROW, Door, ReadOnlySite, open_door, open_site
from tests.builders import ALICE, NOON, alert, diagnosed, opened
from tests.handlers.story import diagnosed_world
from tests.handlers.world import World

BAD_NAME = '<script>alert("node1")</script>'


@pytest_asyncio.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    async with open_door() as door:
        yield door


@pytest.fixture
async def site(door: Door) -> AsyncIterator[ReadOnlySite]:
    async with open_site(door, await diagnosed_world(quorum_loss())) as site:
        yield site


def opened_to_all(door: Door, world: World) -> AbstractAsyncContextManager[ReadOnlySite]:
    return open_site(door, world, page="open")


async def look(site: ReadOnlySite, token: str = ALL, query: str = "") -> httpx.Response:
    shown = base64.b64encode(f"me:{token}".encode()).decode()
    return await site.http.get(f"/status{query}", headers={"Authorization": f"Basic {shown}"})


class Text(HTMLParser):
    """The words of a page, and every element with its attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data != STYLE:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def led() -> World:
    world = World()
    world.cluster.leader = "node1"
    return world


async def test_a_cluster_without_leader_and_its_incident_are_shown(site: ReadOnlySite):
    answer = await look(site)
    assert answer.status_code == 200
    text = Text(answer.text).text
    assert "1 cluster without a known leader: demo." in text
    assert "No leader with a majority 3 of 3 1 2026-11-24 12:00 UTC" in text
    assert "inc-1" in text
    assert "NoLeader" in text
    assert "Nobody has it yet." in text


async def test_all_is_well_only_where_all_is_known(door: Door):
    async with open_site(door, led()) as site:
        text = Text((await look(site)).text).text
    assert "Every cluster has a leader, and no incident is open." in text
    assert "node1 leads term 8, acknowledged by 3 of 3" in text


async def test_a_cluster_that_does_not_answer_could_not_be_read_and_is_not_fine(door: Door):
    world = led()
    world.cluster.silent = {"node1", "node2", "node3"}
    async with open_site(door, world) as site:
        text = Text((await look(site)).text).text
    assert "Could not be read: no node answers 0 of 3" in text
    assert "1 cluster without a known leader: demo." in text
    assert "Every cluster" not in text


async def test_incidents_that_could_not_be_read_are_a_503_that_shows_the_clusters_all_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    async def down() -> tuple[str, ...]:
        raise StoreDown

    world = led()
    monkeypatch.setattr(world.timelines, "open_incidents", down)
    async with open_site(door, world) as site:
        answer = await look(site)
    text = Text(answer.text).text
    assert answer.status_code == 503
    assert "Every cluster has a leader. The incidents could not be read." in text
    assert "None is open" not in text
    assert "node1 leads term 8" in text


async def test_an_incident_that_cannot_be_believed_counts_as_open(door: Door):
    world = led()
    world.timelines.events["inc-1"], world.timelines.open["demo/x"] = [opened()], "inc-1"
    world.timelines.tampered.add("inc-1")
    async with open_site(door, world) as site:
        text = Text((await look(site)).text).text
    assert "1 incident not closed yet." in text
    assert "Not shown, since they could not be read: 1." in text
    assert "3 of 3 0 or more" in text, "nobody knows of which cluster it is"
    assert "None is open" not in text


async def test_what_was_closed_is_shown_with_its_end(door: Door):
    world = led()
    world.timelines.events["inc-1"], world.timelines.released["demo/x"] = list(healed()), "inc-1"
    async with open_site(door, world) as site:
        text = Text((await look(site)).text).text
    assert "inc-1 demo NoLeader." in text
    assert "closed 2026-11-24 12:03 UTC" in text


async def test_what_does_not_fit_is_counted_and_a_change_that_may_be_among_it_is_not_denied(door: Door):
    world = led()
    for number in range(1, 13):
        world.timelines.events[f"inc-{number}"] = list(healed())
        world.timelines.released[str(number)] = f"inc-{number}"
    async with open_site(door, world) as site:
        text = Text((await look(site)).text).text
    assert "inc-12 " in text
    assert "inc-2 " not in text
    assert "And 2 more." in text

    world.timelines.tampered |= set(world.timelines.events)
    async with open_site(door, world) as site:
        text = Text((await look(site)).text).text
    assert "3 of 3 0 not known" in text
    assert "None of them can be shown. And 12 more." in text


async def test_the_open_page_names_no_node_no_person_and_nothing_from_outside(door: Door):
    world = await diagnosed_world(quorum_loss())
    world.timelines.events["inc-1"] = [
        opened(alert("Secret10.1.2.3", instance="10.1.2.3:9090")),
        *diagnosed(quorum_loss()),
        Acknowledged(at=NOON, by=ALICE),
    ]
    async with opened_to_all(door, world) as site:
        answer = await site.http.get("/status")
        assert answer.status_code == 200
        assert "inc-1" in answer.text
        assert leader_election.TITLE in answer.text
        for secret in ("node1", "node2", "alice", "10.1.2.3", "Secret"):
            assert secret not in answer.text


async def test_the_open_page_does_not_repeat_what_an_alert_calls_its_cluster(door: Door):
    world = led()
    begun = opened(alert(cluster="wire money to 10.1.2.3"), runbook=UNCONFIGURED)
    world.timelines.events["inc-1"] = [begun.model_copy(update={"cluster": "wire money to 10.1.2.3"})]
    world.timelines.open["wire money to 10.1.2.3/unconfigured"] = "inc-1"
    async with opened_to_all(door, world) as site:
        text = Text((await site.http.get("/status")).text).text
    assert "inc-1 not configured An alert without a runbook" in text
    assert "money" not in text


async def test_the_open_page_says_that_there_is_a_leader_and_not_which(door: Door):
    async with opened_to_all(door, led()) as site:
        text = Text((await site.http.get("/status")).text).text
    assert "A leader, acknowledged by 3 of 3" in text
    assert "node1" not in text


@pytest.mark.parametrize("shown", [None, "Basic", "Basic !!", "Bearer wrong", "Basic bWU6d3Jvbmc="])
async def test_without_a_token_the_browser_asks_for_one(site: ReadOnlySite, shown: str | None):
    answer = await site.http.get("/status", headers={"Authorization": shown} if shown else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "demo" not in answer.text


async def test_a_token_must_be_for_both_status_and_incidents(site: ReadOnlySite):
    for scope in Scope:
        assert (await look(site, NARROW[scope])).status_code == 403


async def test_who_looks_too_often_is_told_when_to_come_again(door: Door):
    async with open_site(door, led(), per_min=1) as site:
        assert (await look(site)).status_code == 200
        again = await look(site)
    assert (again.status_code, again.headers["retry-after"]) == (429, "60")


async def test_what_is_shown_runs_nothing_and_is_kept_by_nobody(site: ReadOnlySite):
    answer = await look(site)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"].startswith("'sha256-")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert answer.headers["cache-control"] == "no-store"
    page = Text(answer.text)
    assert page.all("script") == []
    assert not any(name.startswith("on") or name == "style" for _, given in page.elements for name in given)


async def test_text_from_outside_stays_text(door: Door):
    world = await diagnosed_world(quorum_loss())
    world.timelines.events["inc-1"] = [opened(alert(BAD_NAME))]
    async with open_site(door, world) as site:
        answer = await look(site)
    assert BAD_NAME not in answer.text
    assert BAD_NAME in Text(answer.text).text


@pytest.mark.parametrize("text", ["<b>", "&amp;", "\"'", "a\u202eb", "a\nb"])
def test_only_markup_that_was_made_here_is_markup(text: str):
    made = element("p", text, title=text)
    assert "<b>" not in made
    assert "\u202e" not in element("p", text)
    assert "\n" not in element("p", text)


async def test_the_page_can_be_read_without_seeing_it(site: ReadOnlySite):
    page = Text((await look(site)).text)
    assert page.all("html") == [{"lang": "en"}]
    assert [tag for tag, _ in page.elements if tag in ("header", "main", "footer")] == [
        "header",
        "main",
        "footer",
    ]
    named = {given["aria-labelledby"] for given in page.all("section")}
    assert named == {given["id"] for given in page.all("h2")}
    heads = page.all("th")
    assert heads
    assert all(given["scope"] in ("col", "row") for given in heads)
    assert all(given["aria-label"] for given in page.all("table"))


async def test_it_reloads_only_where_its_reader_asks_for_that(site: ReadOnlySite):
    assert Text((await look(site)).text).all("meta")[-1].get("http-equiv") is None
    assert Text((await look(site, query="?reload=1")).text).all("meta")[-1]["http-equiv"] == "refresh"


async def test_many_who_look_at_once_make_the_bot_look_once(door: Door):
    world = led()
    async with opened_to_all(door, world) as site:
        for _ in range(5):
            assert (await site.http.get("/status")).status_code == 200
    assert world.cluster.commits == 101, "one sample was taken"


async def test_it_cannot_be_posted_to(site: ReadOnlySite):
    assert (await site.http.post("/status")).status_code == 405
