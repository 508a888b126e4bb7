"""A small runbook of text, and changes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runbooks.all_runbooks import RUNBOOKS
from runbooks.declared import DeclaredRunbook
from runbooks.declared.document import Document

ROOM: dict[str, Any] = {
    "name": "disk-full",
    "title": "A disk is full",
    "url": "https://wiki.example.org/disk-full",
    "text": "The disk of a node of $cluster is nearly full.\n\nNeumann stops writing before it is.",
    "match": {"alerts": ["RootDiskFull"]},
    "show": ["disk", "service"],
    "never": ["Do not delete a write-ahead log."],
    "links": [{"title": "Dashboard", "url": "https://grafana.example.org/d/1?var-cluster=$cluster"}],
    "plots": [{"title": "Free bytes", "query": 'tensor_chain_disk_free_bytes{cluster="$cluster"}'}],
    "steps": [
        {"do": "Find what fills it.", "commands": ["df -h /var/lib/neumann"]},
        {"do": "Move data away.", "people": 2},
    ],
}


def declared(**changes: Any) -> DeclaredRunbook:
    """The runbook with something else in its file."""
    document = Document.model_validate(ROOM | changes)
    return DeclaredRunbook(document, f"/etc/neumann-bot/runbooks/{document.name}.toml")


@contextmanager
def in_use(*runbooks: DeclaredRunbook) -> Iterator[None]:
    """Have these runbooks among those there are."""
    RUNBOOKS.update({each.NAME: each for each in runbooks})
    try:
        yield
    finally:
        for each in runbooks:
            del RUNBOOKS[each.NAME]
