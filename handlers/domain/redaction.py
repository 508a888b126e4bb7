"""Take names and addresses out of evidence, so that others can see it and judge it the same."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from runbooks.clocks import LOCAL_REFERENCES
from runbooks.evidence import Evidence

_PEER = re.compile(r"(?P<id>[^=\s]+=)?(?P<host>\[[^\]]+\]|[^:\s\[\]]+)(?P<port>:\d+)?")
_KEPT = ("at", "started_at", "status", "load", "result")
"""Times, and words of systemd and of Neumann's health page that rules go by."""

_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"
    r"|(?<![\w:])\[?(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}\]?(?!\w)"
)
_SECRETIVE = re.compile(
    r"/\S+|\b[\w.+-]+@[\w.-]+|\b[0-9a-fA-F]{16,}\b|\"[^\"]*\"|\b[A-Za-z][\w-]*(?:\.[\w-]+){2,}\b"
)
"""Paths, mail addresses, long hexadecimal numbers, what stands in quotes, and names with a domain."""


@dataclass
class _Names:
    """What each name and address is called instead: the same one always the same."""

    nodes: dict[str, str]
    hosts: dict[str, str] = field(default_factory=dict)

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
        try:
            address = ipaddress.ip_address(plain.partition("%")[0])
        except ValueError:
            return self._name(plain)
        number = self.hosts.setdefault(plain, str(len(self.hosts) + 1))
        # Addresses for documentation: RFC 5737 and RFC 3849.
        return f"192.0.2.{number}" if address.version == 4 else f"[2001:db8::{number}]"

    def line(self, text: str) -> str:
        """Return a log line with the members renamed, and without what else may name something."""
        known = re.compile("|".join(map(re.escape, sorted(self.nodes, key=len, reverse=True))))
        shown = _ADDRESS.sub(lambda found: self._address(found[0]), _SECRETIVE.sub("…", text))
        return known.sub(lambda found: self.nodes[found[0]], shown)

    def _address(self, text: str) -> str:
        plain = text.strip("[]")
        try:
            ipaddress.ip_address(plain)
        except ValueError:
            return text  # a time of day, such as 12:00:00
        return self.host(plain)

    def _name(self, host: str) -> str:
        first, dot, _ = host.rstrip(".").partition(".")
        for name, instead in self.nodes.items():
            if name.partition(".")[0].lower() == first.lower():
                return f"{instead}.example" if dot else instead
        return f"host{self.hosts.setdefault(host.lower(), str(len(self.hosts) + 1))}.example"


def redacted(evidence: Evidence) -> Evidence:
    """Return the evidence with nodes, hosts and addresses renamed, and lines of files left out.

    What a rule reads besides names stays: counts, times, offsets, results. A sentence of why something could
    not be read goes; its kind stays. Lines of logs keep their words: read them before you show them.
    """
    names = _Names({name: f"node{number}" for number, name in enumerate(evidence.names, start=1)})
    return Evidence.model_validate(_renamed(evidence.model_dump(mode="json"), names))


def _renamed(value: object, names: _Names, key: str = "") -> object:
    if isinstance(value, dict):
        return {name: _renamed(each, names, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names, key) for each in value]
    return _TEXTS.get(key, _left_out)(names, value) if isinstance(value, str) else value


def _left_out(_: _Names, __: str) -> str:
    return "left out"


def _cluster(_: _Names, __: str) -> str:
    return "redacted"


def _who(names: _Names, by: str) -> str:
    who, colon, node = by.partition(":")
    return f"{who}{colon}{names.nodes.get(node, 'another')}" if colon else who


def _source(_: _Names, source: str) -> str:
    return source if not source or source.upper().startswith(LOCAL_REFERENCES) else "time.example"


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
}
