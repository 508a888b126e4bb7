"""What a running bot takes over of a configuration that was read again, and what waits for a restart."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from bot.config import Settings
from runbooks.wording import listed

NEEDS_RESTART = {
    "web": ("host", "port", "status_host", "status_port", "worker_status_port", "max_body_bytes"),
    "redis": ("url", "password", "prefix"),
}
"""Keys of what is opened once for the life of the process, or where its incidents lie."""


class TakenOver(NamedTuple):
    """The settings to go on with, and the keys that were changed in vain."""

    settings: Settings
    needs_restart: tuple[str, ...]


def taken_over(running: Settings, wanted: Settings, added: Collection[str] = ()) -> TakenOver:
    """Return what is wanted, with the values of now where only a restart changes them.

    Args:
        running: The settings of now.
        wanted: Those that were read again.
        added: The runbooks of other packages that are loaded; one that is not wanted any more stays.
    """
    sections, differ = {}, []
    for section, keys in NEEDS_RESTART.items():
        now, then = getattr(running, section), getattr(wanted, section)
        kept = {key: getattr(now, key) for key in keys}
        sections[section] = then.model_copy(update=kept)
        differ += [f"{section}.{key}" for key in keys if kept[key] != getattr(then, key)]
    if staying := sorted(set(added) - set(wanted.runbooks)):
        differ.append(f"runbooks (still with {listed(staying)})")
    return TakenOver(wanted.model_copy(update=sections), tuple(differ))
