"""Entries of peer lists as addresses: `node2:7878`, `Node2.example.net.:7878`, `node2=10.0.0.2:9300`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Form = Literal["name", "ip"]


@dataclass(frozen=True)
class Entry:
    """One entry of a peer list.

    `member` is the member it names, `None` where it names none; `host` and `port` are where it leads, as far
    as it says so; `form` tells names from addresses, which cannot be compared with each other. `has_id` is
    an entry with an id of its own before the address.
    """

    shown: str
    member: str | None
    host: str
    form: Form
    port: int | None = None
    has_id: bool = False


def entry_of(text: str, members: Iterable[str]) -> Entry:
    """Read one entry; case, a final dot and a domain behind a member's name make no difference."""
    id_, separator, rest = text.strip().partition("=")
    host, port = _split(rest if separator else id_)
    form: Form = "ip" if _is_ip(host) else "name"
    member = _member(id_ if separator else host, tuple(members))
    if form == "name":
        host = _member(host, tuple(members)) or _plain(host)
    return Entry(text.strip(), member, host, form, port, has_id=bool(separator))


def _split(address: str) -> tuple[str, int | None]:
    host, separator, port = address.strip().rpartition(":")
    if not separator or not port.isdecimal() or (":" in host and not host.startswith("[")):
        return address.strip().strip("[]"), None
    return host.strip("[]"), int(port)


def _member(name: str, members: tuple[str, ...]) -> str | None:
    """Return the member that a host name means: the same name, or the one before either's domain."""
    plain = _plain(name)
    for same in (_plain, _first_label):
        found = [member for member in members if same(member) == same(plain)]
        if len(found) == 1 and not _is_ip(plain):
            return found[0]
    return next((member for member in members if member == name), None)


def _plain(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _first_label(name: str) -> str:
    return _plain(name).partition(".")[0]


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
