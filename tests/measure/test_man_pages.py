"""The manual pages are those of the command lines, and roff takes nothing in them for an order."""

from __future__ import annotations

import re
from pathlib import Path

from agent.cli import COMMANDS
from measure.command_pages import pages
from measure.man_pages import agent_page, bot_page

FOLDER = Path(__file__).parents[2] / "deploy" / "man"
ORDERS = {"TH", "SH", "SS", "TP", "B", "I", "PP", "nf", "fi"}


def test_the_bots_page_is_written_anew_with_its_commands() -> None:
    assert (FOLDER / "neumann-bot.1").read_text() == bot_page(), "make man"


def test_the_agents_page_has_every_command_and_option() -> None:
    # argparse words the rest otherwise in each version of Python.
    kept = (FOLDER / "neumann-agent.8").read_text()
    assert re.findall(r"^\.SS neumann-agent (\w+)$", kept, re.MULTILINE) == list(COMMANDS)
    assert set(re.findall(r"\\-\\-[a-z\\-]+", kept)) == set(re.findall(r"\\-\\-[a-z\\-]+", agent_page()))


def test_the_bots_page_has_every_command() -> None:
    sections = re.findall(r"^\.SS neumann-bot (.+)$", bot_page(), re.MULTILINE)
    assert [each.replace("\\-", "-") for each in sections] == [page.name for page in pages()]


def test_only_known_orders_begin_a_line() -> None:
    for page in (bot_page(), agent_page()):
        assert set(re.findall(r"^\.(\w+)", page, re.MULTILINE)) <= ORDERS
        assert not re.search(r"^'", page, re.MULTILINE)
