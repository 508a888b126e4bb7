"""Links lead to a page of the site, or to a copy of the file; and nothing is fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from measure.docs_site.links import ROOT_PAGES, for_each_scheme, on_site, rewritten, targets
from measure.docs_site.offline import fetched

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("link", "document", "leads"),
    [
        ("causes.md#how-sure", "docs/operate.md", "causes.md#how-sure"),
        ("../SECURITY.md#keys", "docs/operate.md", "security.md#keys"),
        ("../deploy/redis/redis.conf", "docs/install.md", "files/deploy/redis/redis.conf"),
        ("../causes.md", "docs/reference/causes.md", "../causes.md"),
        ("../../deploy/x.toml", "docs/reference/configuration.md", "../files/deploy/x.toml"),
        ("docs/install.md", "README.md", "install.md"),
        ("../README.md", "docs/tutorial.md", "index.md"),
        ("https://example.com/a.md", "docs/tutorial.md", "https://example.com/a.md"),
        ("#words", "docs/tutorial.md", "#words"),
    ],
)
def test_where_a_link_leads(link: str, document: str, leads: str) -> None:
    assert rewritten(f"[it]({link})", document, lambda _: True) == f"[it]({leads})"


def test_a_link_to_what_is_not_there_stays_and_is_complained_of() -> None:
    assert rewritten("[it](gone.md)", "docs/tutorial.md", lambda _: False) == "[it](gone.md)"


def test_a_picture_that_was_taken_in_the_dark_too_follows_the_sites_scheme() -> None:
    there = {"docs/images/thread.png", "docs/images/thread-dark.png", "docs/images/plan.png"}
    markdown = "![The thread](images/thread.png) ![The plan](images/plan.png)"
    assert for_each_scheme(markdown, "docs/tutorial.md", there.__contains__) == (
        "![The thread](images/thread.png#only-light)![The thread](images/thread-dark.png#only-dark)"
        " ![The plan](images/plan.png)"
    )


def test_the_files_that_a_document_needs_are_known() -> None:
    text = '[a](../deploy/a.yml) ![b](images/b.png) <img src="docs/c.png"> [d](https://example.com) [e](#e)'
    assert targets(text, "docs/operate.md") == {"deploy/a.yml", "docs/images/b.png", "docs/docs/c.png"}


def test_every_document_is_in_the_navigation() -> None:
    pages = {on_site(str(path.relative_to(ROOT))) for path in (ROOT / "docs").rglob("*.md")}
    pages |= set(ROOT_PAGES.values())
    named = set(_leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert named <= pages
    assert {page for page in pages - named if not page.startswith("adr/0")} == set()


def _leaves(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    assert not isinstance(parts, int | None)
    return [leaf for part in parts for leaf in _leaves(part)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://unpkg.com/x"></script>',
        '<link rel="stylesheet" href="//fonts.example.com/x.css">',
        '<img alt="" src=https://example.com/x.png>',
        "<style>@import url(https://example.com/x.css)</style>",
    ],
)
def test_a_page_that_needs_the_net_is_named(tmp_path: Path, page: str) -> None:
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.html").write_text(
        '<a href="https://example.com">elsewhere</a><script src="x.js"></script>'
    )
    (found,) = fetched(tmp_path)
    assert found.startswith("a.html: ")
