"""The reference says what the code says, and is written anew when that changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import Settings
from bot.config.problems import ENV_PREFIX
from measure.command_pages import pages
from measure.docs_site.references import FOLDER, PAGES, alerts, causes, commands, configuration
from measure.docs_site.screens import SCREENS, drawn
from runbooks.all_runbooks import RUNBOOKS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_was_written(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "make reference"


def test_every_command_has_a_section_with_its_exit_codes() -> None:
    sections = re.split(r"^## neumann-bot ", commands(), flags=re.MULTILINE)[1:]
    assert [each.partition("\n")[0] for each in sections] == [page.name for page in pages()]
    assert all("| exit code |" in each and "```sh" in each for each in sections)


def test_every_key_of_the_configuration_has_a_row() -> None:
    keys = set(re.findall(r"^\| `(\w+)` \|", configuration(), re.MULTILINE))
    sections = set(re.findall(r"^## `\[+([\w.]+)\]+`$", configuration(), re.MULTILINE))
    definitions = Settings.model_json_schema()["$defs"].values()
    known = {key for each in definitions for key in each.get("properties", ()) if key != "file"}
    assert known <= keys | {each.rpartition(".")[2] for each in sections}
    assert {each.partition(".")[0] for each in sections} <= set(Settings.model_fields)
    assert ENV_PREFIX in configuration()


def test_every_cause_remedy_and_alert_has_its_row() -> None:
    page = causes()
    for book in RUNBOOKS.values():
        assert set(book.CAUSES) | set(book.REMEDIES) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    rules = "".join(file.read_text() for file in (ROOT / "deploy" / "prometheus").glob("*.rules.yml"))
    shipped = re.findall(r"^ *- alert: (\w+)", rules, re.MULTILINE)
    assert set(re.findall(r"^### (\w+)$", alerts(), re.MULTILINE)) == set(shipped)


def test_no_cell_breaks_its_table() -> None:
    for page in PAGES.values():
        for table in re.findall(r"(?:^\|.*\|\n)+", page(), re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(widths) == 1, table


@pytest.mark.parametrize("name", SCREENS)
def test_a_picture_of_a_terminal_fetches_no_font(name: str) -> None:
    assert "url(http" not in drawn(name).replace('"', "")
    assert "@font-face" not in (ROOT / "docs" / "images" / name).read_text()
