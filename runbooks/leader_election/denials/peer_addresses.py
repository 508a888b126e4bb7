"""Entries of peer lists as addresses: `node2:7878`, `Node2.example.net.:7878`, `node2=10.0.0.2:9300`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from runbooks.evidence import Evidence

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


Lists = dict[str, tuple[Entry, ...]]
"""Node → the entries of its configured peers."""


@dataclass(frozen=True)
class Members:
    """The members of a cluster, by every name that means just one of them."""

    names: frozenset[str]
    by_name: Mapping[str, str]
    by_first_label: Mapping[str, str]

    @classmethod
    def of(cls, names: Iterable[str]) -> Members:
        """Return the members of these names; what two of them share means neither."""
        every = tuple(names)
        return cls(frozenset(every), _unshared(every, _plain), _unshared(every, _first_label))

    def named(self, host: str) -> str | None:
        """Return the member that a host name means: the same name, or the one before either's domain."""
        plain = _plain(host)
        if not _is_ip(plain):
            found = self.by_name.get(plain) or self.by_first_label.get(_first_label(plain))
            if found:
                return found
        return host if host in self.names else None


def entries_of(evidence: Evidence) -> Lists:
    """Return by node the entries of its configured peers, of the nodes whose file names any."""
    read = cache(partial(entry_of, members=Members.of(evidence.names)))
    return {
        node.node: tuple(map(read, node.config.value.peers))
        for node in evidence.nodes
        if node.config.value and node.config.value.peers
    }


def entry_of(text: str, members: Members) -> Entry:
    """Read one entry; case, a final dot and a domain behind a member's name make no difference."""
    id_, separator, rest = text.strip().partition("=")
    host, port = _split(rest if separator else id_)
    form: Form = "ip" if _is_ip(host) else "name"
    member = members.named(id_ if separator else host)
    if form == "name":
        host = members.named(host) or _plain(host)
    return Entry(text.strip(), member, host, form, port, has_id=bool(separator))


def _split(address: str) -> tuple[str, int | None]:
    host, separator, port = address.strip().rpartition(":")
    if not separator or not port.isdecimal() or (":" in host and not host.startswith("[")):
        return address.strip().strip("[]"), None
    return host.strip("[]"), int(port)


def _unshared(names: tuple[str, ...], spelled: Callable[[str], str]) -> dict[str, str]:
    by_spelling: dict[str, list[str]] = {}
    for name in names:
        by_spelling.setdefault(spelled(name), []).append(name)
    return {spelling: same[0] for spelling, same in by_spelling.items() if len(same) == 1}


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
