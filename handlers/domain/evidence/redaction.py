"""Take names and addresses out of evidence, so that others can see it and judge it the same."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from runbooks.clocks import is_local_reference
from runbooks.evidence import ConnectResult, Evidence
from runbooks.log_words import CALLER, LOG_EVENTS, NEUMANN_WRITES, RULES_GO_BY

_PEER = re.compile(r"(?P<id>[^=\s]+=)?(?P<host>\[[^\]]+\]|[^:\s\[\]]+)(?P<port>:\d+)?")
_KEPT = ("at", "started_at")

_STATUSES = frozenset({"healthy", "degraded", "unhealthy"})
"""Neumann's own words on its health page."""

_LOADS = frozenset({"masked", "not-found", "bad-setting", "error", "merged", "stub"})
"""systemd's LoadState where a unit is not started."""

_RESULTS = frozenset(
    {
        *("success", "resources", "protocol", "timeout", "exit-code", "signal", "core-dump", "watchdog"),
        *("start-limit-hit", "exec-condition", "oom-kill", *get_args(ConnectResult)),
    }
)
"""How a unit ended last, in systemd's words, and how a connect did."""

_ADDRESS = (
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"
    r"|(?<![\w:])\[?(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}\]?(?!\w)"
)
_SEVERAL_LEFT_OUT = re.compile(r"…(?:\s*…)+")
_BETWEEN = re.compile(r"[\s:;,()=-]*")


@dataclass
class _Names:
    """What each name and address is called instead: the same one always the same."""

    nodes: dict[str, str]
    hosts: dict[str, int] = field(default_factory=dict)

    def peer(self, text: str) -> str:
        """Return a peer-list entry with its id and host renamed, and its form kept."""
        found = _PEER.fullmatch(text.strip())
        if found is None:
            return "unreadable"
        own = f"{self.host(found['id'][:-1])}=" if found["id"] else ""
        return f"{own}{self.host(found['host'])}{found['port'] or ''}"

    def host(self, host: str) -> str:
        """Return what a host is called instead; a member's name keeps its domain and its case's form."""
        if host in self.nodes:
            return self.nodes[host]
        if host.startswith("*."):  # a certificate for every name of a domain
            return f"*.{self.host(host[2:])}"
        plain = host.strip("[]")
        return self.address(plain) if _version(plain) else self._name(plain)

    def address(self, plain: str) -> str:
        """Return the address that stands for one, that of version 6 in brackets."""
        number = self.hosts.setdefault(plain, len(self.hosts) + 1)
        return _documented(number) if _version(plain) == 4 else f"[2001:db8::{number:x}]"  # RFC 3849

    def line(self, text: str) -> str:
        """Return a log line of which only known words, members and addresses stay, these renamed."""
        shown, place = [], 0
        for found in self._kept.finditer(text):
            shown += [_between(text[place : found.start()]), self._instead(found)]
            place = found.end()
        return _SEVERAL_LEFT_OUT.sub("…", "".join((*shown, _between(text[place:]))))

    @cached_property
    def _members(self) -> dict[str, str]:
        """Return what members are called instead, by their names and short names in lower case."""
        short = {
            name.lower().partition(".")[0]: instead
            for name, instead in self.nodes.items()
            if not _version(name)
        }
        return short | {name.lower(): instead for name, instead in self.nodes.items()}

    @cached_property
    def _kept(self) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in sorted(self._members, key=len, reverse=True) if name)
        member = rf"(?<![\w.-])(?P<member>(?i:{names or '(?!)'}))(?![\w-]|\.\w)"
        return re.compile(f"{CALLER}|{RULES_GO_BY}|{NEUMANN_WRITES}|{member}|(?P<address>{_ADDRESS})")

    def _instead(self, found: re.Match[str]) -> str:
        if caller := found["caller"]:
            instead = self._members.get(caller.lower()) or self.host(caller)
            return f"incoming connection from {instead}{found['port'] or ''}: "
        if member := found["member"]:
            return self._members[member.lower()]
        return self._address(found["address"]) if found["address"] else found[0]

    def _address(self, text: str) -> str:
        plain = text.strip("[]")
        return self.host(plain) if _version(plain) else "…"  # of that form, and none: a network card's

    def _name(self, host: str) -> str:
        whole = host.rstrip(".").lower()
        first, dot, _ = whole.partition(".")
        named = [name for name in self.nodes if not _version(name)]
        if len(same := [name for name in named if name.lower() == whole]) == 1:
            return self.nodes[same[0]]
        # What means two members means neither.
        if len(alike := [name for name in named if name.lower().partition(".")[0] == first]) == 1:
            return f"{self.nodes[alike[0]]}.example" if dot else self.nodes[alike[0]]
        stranger = f"host{self.hosts.setdefault(whole, len(self.hosts) + 1)}"
        return f"{stranger}.example" if dot else stranger


def _version(host: str) -> int | None:
    """Return which version of IP an address is of, a zone behind it or not; `None` of a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).version
    except ValueError:
        return None


def _documented(number: int) -> str:
    """Return an address for documentation (RFC 5737); after all of these, one for tests (RFC 2544)."""
    block, last = divmod(number - 1, 254)
    blocks = ("192.0.2", "198.51.100", "203.0.113")
    if block < len(blocks):
        return f"{blocks[block]}.{last + 1}"
    return str(ipaddress.IPv4Address("198.18.0.0") + number)


def _between(text: str) -> str:
    """Return what stands between two known words of a log line: signs, or that something is left out."""
    if _BETWEEN.fullmatch(text):
        return text
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}…{trail}"


def redacted(evidence: Evidence) -> Evidence:
    """Return the evidence with nodes, hosts and addresses renamed, and lines of files left out.

    What a rule reads besides names stays: counts, times, offsets, results. A sentence of why something could
    not be read goes; its kind stays. Lines of logs keep the words that rules go by and Neumann's own ones.
    """
    # In the order of their names, by which rules decide a tie.
    ordered, digits = sorted(evidence.names), len(str(len(evidence.names)))
    names = _Names({name: f"node{number:0{digits}}" for number, name in enumerate(ordered, start=1)})
    # One that is called by its address stays an address: rules tell these from names.
    names.nodes |= {name: names.address(name).strip("[]") for name in ordered if _version(name)}
    return Evidence.model_validate(_renamed(evidence.model_dump(mode="json"), names))


def _renamed(value: object, names: _Names, key: str = "") -> object:
    if isinstance(value, dict):
        if key == "counts":
            value = _known_events(value)
        return {name: _renamed(each, names, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names, key) for each in value]
    return _TEXTS.get(key, _left_out)(names, value) if isinstance(value, str) else value


def _left_out(_: _Names, __: str) -> str:
    return "left out"


def _cluster(_: _Names, __: str) -> str:
    return "redacted"


def _known_events(counts: dict[str, object]) -> dict[str, object]:
    """Return what a log counts, with another name for what agents do not count."""
    others = {name: f"other{number}" for number, name in enumerate(counts.keys() - LOG_EVENTS, start=1)}
    return {others.get(name, name): count for name, count in counts.items()}


def _who(names: _Names, by: str) -> str:
    who, colon, node = by.partition(":")
    if who not in {"bot", "agent"}:
        return "another"
    return f"{who}{colon}{names.nodes.get(node, 'another')}" if colon else who


def _source(_: _Names, source: str) -> str:
    return source if not source or is_local_reference(source) else "time.example"


def _one_of(known: frozenset[str]) -> Callable[[_Names, str], str]:
    return lambda _, word: word if word in known else "left out"


def _word(_: _Names, word: str) -> str:
    return word


def _words(model: type[BaseModel]) -> Iterator[str]:
    """Yield the fields that hold one of a few fixed words: they name nobody, and are kept."""
    for name, info in model.model_fields.items():
        for each in _types_in(info.annotation):
            if get_origin(each) is Literal or (isinstance(each, type) and issubclass(each, StrEnum)):
                yield name
            elif isinstance(each, type) and issubclass(each, BaseModel):
                yield from _words(each)


def _types_in(annotation: object) -> Iterator[object]:
    """Yield a type and those that it is made of, as `tuple[X, ...] | None` is of X."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for each in get_args(annotation):
            yield from _types_in(each)


_TEXTS: dict[str, Callable[[_Names, str], str]] = {
    "cluster": _cluster,
    "node": _Names.host,
    "peer": _Names.host,
    "peers": _Names.peer,
    "names": _Names.host,
    "by": _who,
    "source": _source,
    "excerpts": _Names.line,
    **dict.fromkeys((*_KEPT, *_words(Evidence)), _word),
    "status": _one_of(_STATUSES),
    "load": _one_of(_LOADS),
    "result": _one_of(_RESULTS),
}
