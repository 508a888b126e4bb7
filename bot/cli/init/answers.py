"""What `neumann-bot init` is told: the answers, checked as they are given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from handlers.errors import Refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]")
METRICS_PORT, AGENT_PORT, RAFT_PORT, GOSSIP_PORT = 9090, 7880, 7878, 7879
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class NodeAnswer:
    """A node: its name in the cluster, and the host by which the bot and the other nodes reach it."""

    name: str
    host: str


@dataclass(frozen=True)
class Answers:
    """Everything the files follow from. `may_confirm` holds ids of user groups and of people.

    `public_url` is where Slack reaches the bot; without one Slack is asked over Socket Mode. `bot_url` is
    where Alertmanager and Prometheus reach it.
    """

    cluster: str
    nodes: tuple[NodeAnswer, ...]
    channel: str
    may_confirm: tuple[str, ...]
    public_url: str
    bot_url: str
    redis_url: str
    alertmanager_urls: tuple[str, ...]
    prometheus_url: str

    @property
    def is_socket_mode(self) -> bool:
        """Return whether the bot opens the connection to Slack, and Slack needs no way to the bot."""
        return not self.public_url

    @property
    def listen(self) -> tuple[str, int]:
        """Return where the bot listens: on loopback where only that, or a TLS proxy, has to reach it."""
        where = urlsplit(self.bot_url)
        if where.scheme == "https":
            return "127.0.0.1", 8080
        return ("127.0.0.1" if where.hostname in LOOPBACK else "0.0.0.0"), where.port or 80  # noqa: S104


def cluster_of(text: str) -> str:
    """Return a cluster's name: the `cluster` label of its alerts."""
    if not _NAME.fullmatch(text):
        raise Refused(f"{text[:80]!r} is no cluster's name: letters, digits, dot, underscore and hyphen.")
    return text


def nodes_of(text: str) -> tuple[NodeAnswer, ...]:
    """Return the nodes of `node1=10.0.0.1 node2=10.0.0.2`; a name alone is its host too."""
    found = []
    for word in text.replace(",", " ").split():
        name, _, host = word.partition("=")
        if not _NAME.fullmatch(name) or not _HOST.fullmatch(host or name):
            raise Refused(f"{word[:80]!r} is no node: write NAME or NAME=HOST, without a port.")
        found.append(NodeAnswer(name, host or name))
    for what, seen in (("name", [each.name for each in found]), ("host", [each.host for each in found])):
        twice = sorted({each for each in seen if seen.count(each) > 1})
        if twice:
            raise Refused(f"Two nodes have the {what} {twice[0]}.")
    if not found:
        raise Refused("Name at least one node.")
    return tuple(found)


def channel_of(text: str) -> str:
    """Return a channel's id."""
    if not re.fullmatch(r"[CG][A-Z0-9]{8,}", text):
        raise Refused(
            f'{text[:80]!r} is no channel\'s id, such as C0123456789: "Copy link" on the channel ends in it.'
        )
    return text


def ids_of(text: str) -> tuple[str, ...]:
    """Return ids of user groups and people; none is an answer too, and then nobody may confirm."""
    found = tuple(text.replace(",", " ").split())
    for each in found:
        if not re.fullmatch(r"[SUW][A-Z0-9]{6,}", each):
            raise Refused(
                f"{each[:80]!r} is no id of a user group or a person, such as S0123456789 or U0123456789:"
                ' "Copy group ID" or "Copy member ID" in its menu.'
            )
    return found


def url_of(text: str) -> str:
    """Return an http or https address without a slash at its end."""
    where = urlsplit(text)
    try:
        is_address = where.scheme in ("http", "https") and bool(where.hostname) and where.port != 0
    except ValueError:
        is_address = False
    if not is_address or where.query or where.fragment:
        raise Refused(f"{text[:200]!r} is no address: write http://HOST:PORT.")
    return text.rstrip("/")


def public_url_of(text: str) -> str:
    """Return where Slack reaches the bot, or nothing for Socket Mode; Slack calls https alone."""
    if text and not url_of(text).startswith("https://"):
        raise Refused(
            f"{text[:200]!r} is not https, and Slack calls nothing else; leave it out for Socket Mode."
        )
    return text.rstrip("/")


def urls_of(text: str) -> tuple[str, ...]:
    """Return several addresses, or none."""
    return tuple(url_of(each) for each in text.replace(",", " ").split())


def redis_url_of(text: str) -> str:
    """Return the address of Redis; a password in it would stand in a file that everybody may read."""
    if urlsplit(text).password:
        raise Refused("Leave the password out of Redis' address, and set `password` in [redis] afterwards.")
    return text


def optional_url_of(text: str) -> str:
    """Return an address, or nothing."""
    return url_of(text) if text else ""
