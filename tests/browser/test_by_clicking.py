"""A person's whole way by clicking, from the alert to the end; who is refused, and who is second."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow, StartDemo, TakePicture
from tests.browser.window import Window

pytestmark = pytest.mark.browser

NOT_ON_CALL = "Only the on-call group of this cluster may do that; ask someone in it."


async def test_two_nodes_die_and_alice_brings_the_leader_back_at_her_desk(
    start_demo: StartDemo, open_window: OpenWindow, picture: TakePicture
) -> None:
    demo = await start_demo("quorum-loss")
    alice = await open_window(demo, "alice")
    await alice.say("/neumann election status")
    await expect(alice.channel).to_contain_text("Can it elect?")
    await alice.say("/neumann posture")
    await expect(alice.channel).to_contain_text("Fault tolerance")

    await expect(alice.headline).to_contain_text("Choose a remedy in the thread")
    await expect(alice.thread).to_contain_text("confirmed Quorum loss")
    await expect(alice.button("Start stopped nodes")).to_be_visible()
    await expect(alice.thread.get_by_text("Who reaches whom")).to_be_visible()
    assert await alice.flaws() == []
    await picture("thread", alice.page)
    await alice.page.emulate_media(color_scheme="dark")
    assert await alice.flaws() == []
    await picture("thread-dark", alice.page)
    await alice.page.emulate_media(color_scheme="light")

    await alice.go_to("Neumann")
    await alice.page.get_by_role("tab", name="Home").click()
    home = alice.page.get_by_role("tabpanel", name="Home")
    await expect(home).to_contain_text("Open incidents")
    await expect(home).to_contain_text("inc-1")
    assert await alice.flaws() == []
    await picture("thread-home", alice.page)
    await alice.go_to("neumann-incidents")

    await alice.click_remedy("Start stopped nodes")
    await expect(alice.plan).to_contain_text("Start the stopped nodes on")
    await expect(alice.plan.get_by_text("systemctl start neumann")).to_have_count(2)
    for promise in ("Risk:", "Before each node:", "Afterwards:", "Undo:", "confirm within 10 minutes"):
        await expect(alice.plan).to_contain_text(promise)
    assert await alice.flaws() == []
    await picture("thread-plan", alice.plan)
    assert demo.acted() == [], "what is only shown is not done"
    await alice.plan.get_by_role("button", name="Run it").click()
    await expect(alice.plan).to_be_hidden()

    run = alice.message("confirmed by alice")
    await expect(alice.button("Stop before the next node")).to_be_visible()
    assert await alice.flaws() == []
    await expect(run).to_contain_text(re.compile(r"(✅ node\d: start the service.*){2}", re.DOTALL))
    await see_it_end(alice, picture, "thread-verified")
    await see_the_month(alice)
    killed = [node for node, _, _ in demo.acted()]
    assert demo.acted() == [(node, "start_service", "DONE") for node in killed]
    assert len(killed) == len(set(killed)) == 2


async def test_the_clocks_drift_and_alice_sets_them_right_on_her_phone_at_night(
    start_demo: StartDemo, open_window: OpenWindow, picture: TakePicture
) -> None:
    demo = await start_demo("clock-skew")
    alice = await open_window(demo, "alice", on_a_phone=True)
    await expect(alice.channel).to_contain_text("Choose a remedy in the thread")
    assert await alice.flaws() == []
    await picture("thread-phone-channel", alice.page)
    await alice.channel.get_by_role("button", name="Last reply").click()
    await expect(alice.thread).to_contain_text("confirmed Clock skew")
    await expect(alice.button("Sync clocks")).to_be_visible()
    assert await alice.flaws() == []
    await picture("thread-phone", alice.page)

    await alice.click_remedy("Sync clocks")
    await expect(alice.plan).to_contain_text("Set the clocks right on")
    await expect(alice.plan).to_contain_text("steps by")
    assert await alice.flaws() == []
    await picture("thread-phone-plan", alice.page)
    await alice.plan.get_by_role("button", name="Run it").dblclick()
    await expect(alice.plan).to_be_hidden()

    await expect(alice.button("Stop before the next node")).to_be_visible()
    assert await alice.flaws() == []
    await see_it_end(alice, picture, "thread-phone-verified")
    await expect(alice.message("confirmed by alice")).to_have_count(1)
    assert [what for _, *what in demo.acted()] == [["clock_sync", "DONE"]] * len(demo.acted())
    assert max(map(abs, demo.clock_offsets_ms())) < 500
    await alice.page.get_by_role("button", name="Close the thread").click()
    await expect(alice.channel).to_contain_text("Closed after")


async def see_it_end(window: Window, picture: TakePicture, name: str) -> None:
    """Wait for the verified leader, and for the resolved incident."""
    await expect(window.message("Leader verified:")).to_contain_text("acknowledged by")
    await expect(window.message("Closed after")).to_have_count(2)
    await expect(window.headline).to_contain_text("Closed after")
    await expect(window.thread.get_by_role("button", name="Reopen")).to_be_visible()
    await expect(window.thread.get_by_text("Elections and terms")).to_be_visible()
    assert await window.flaws() == []
    await picture(name, window.page)


async def see_the_month(window: Window) -> None:
    """Ask for the month: the incident is in its table, and its picture comes into the channel."""
    await window.say("/neumann report month")
    await expect(window.channel).to_contain_text("Without a leader")
    await expect(window.channel).to_contain_text("mended by the bot")
    await expect(
        window.channel.get_by_alt_text(re.compile(r"^demo in \w+ \d+ so far: 1 incident"))
    ).to_be_visible()
    assert await window.flaws() == []


async def test_who_is_not_on_call_is_told_so_alone_and_nothing_runs(
    start_demo: StartDemo, open_window: OpenWindow
) -> None:
    demo = await start_demo("quorum-loss")
    window = await open_window(demo, "alice")
    await expect(window.button("Start stopped nodes")).to_be_visible()
    await window.become("bob")
    await window.button("Start stopped nodes").click()
    told = window.message(NOT_ON_CALL)
    await expect(told).to_contain_text("Only visible to you")
    await expect(window.plan).to_be_hidden()
    assert await window.flaws() == []

    await window.become("alice")
    await expect(told).to_have_count(0)
    await window.click_remedy("Start stopped nodes")
    await window.plan.get_by_role("button", name="Cancel").click()
    await expect(window.plan).to_be_hidden()
    await expect(window.message("confirmed by")).to_have_count(0)
    assert demo.acted() == []


async def test_of_two_who_confirm_at_the_same_moment_one_starts_the_nodes_once(
    start_demo: StartDemo, open_window: OpenWindow
) -> None:
    demo = await start_demo("quorum-loss")
    alice, carol = await open_window(demo, "alice"), await open_window(demo, "carol")
    both = (alice, carol)
    for each in both:
        await each.click_remedy("Start stopped nodes")
    await asyncio.gather(*(each.plan.get_by_role("button", name="Run it").dblclick() for each in both))

    for each in both:
        await expect(each.plan).to_be_hidden()
    refused = [each for each in both if await each.refusal.is_visible()]
    assert len(refused) == 1
    await expect(refused[0].refusal).to_contain_text("confirmed")
    assert await refused[0].flaws() == []
    await refused[0].refusal.get_by_role("button", name="Close").last.click()
    for each in both:
        await expect(each.message("Leader verified:")).to_be_visible()
        await expect(each.message(", confirmed by ")).to_have_count(1)
    nodes = [node for node, _, _ in demo.acted()]
    assert demo.acted() == [(node, "start_service", "DONE") for node in sorted(set(nodes))]
    assert len(nodes) == 2
    assert await demo.audit() == 0
