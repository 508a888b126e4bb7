"""What `neumann-bot init` is told: the answers, checked as they are given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from bot.cli.config_doubts import is_example
from bot.store.client import connect
from handlers.errors import ConfigurationError, Refused

_FOLDER = re.compile(r"[A-Za-z0-9/._-]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]")
METRICS_PORT, AGENT_PORT, RAFT_PORT, GOSSIP_PORT = 9090, 7880, 7878, 7879
DEFAULT_PORT, FIRST_FREE_PORT = 8080, 1024
"""Of the bot; below the second only who has CAP_NET_BIND_SERVICE may listen, and its unit has not."""

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
            return "127.0.0.1", DEFAULT_PORT
        return ("127.0.0.1" if where.hostname in LOOPBACK else "0.0.0.0"), where.port or DEFAULT_PORT  # noqa: S104


def folder_of(text: str) -> Path:
    """Return the folder that everything is written into; its name stands in a unit and in commands.

    Raises:
        Refused: If there is none, or its name would have to be quoted there.
    """
    folder = Path(text).absolute()
    if not text.strip() or not _FOLDER.fullmatch(str(folder)):
        raise Refused(f"{text!r} cannot be the folder: name one of letters, digits and / . _ - alone.")
    return folder


def cluster_of(text: str) -> str:
    """Return a cluster's name: the `cluster` label of its alerts."""
    if not _NAME.fullmatch(text):
        raise Refused(
            f"{text[:80]!r} is not a valid cluster name: letters, digits, dot, underscore and hyphen."
        )
    return text


def nodes_of(text: str) -> tuple[NodeAnswer, ...]:
    """Return the nodes of `node1=10.0.0.1 node2=10.0.0.2`; a name alone is its host too."""
    found = []
    for word in text.replace(",", " ").split():
        name, _, host = word.partition("=")
        if not _NAME.fullmatch(name) or not _HOST.fullmatch(host or name):
            raise Refused(f"{word[:80]!r} is not a valid node: write NAME or NAME=HOST, without a port.")
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
    if is_example(text):
        raise Refused(f'{text} is the example\'s: "Copy link" on your channel ends in its id.')
    if not re.fullmatch(r"[CG][A-Z0-9]{8,}", text):
        raise Refused(
            f"{text[:80]!r} is not a valid channel id, such as C0123456789:"
            ' "Copy link" on the channel ends in it.'
        )
    return text


def ids_of(text: str) -> tuple[str, ...]:
    """Return ids of user groups and people; none is an answer too, and then nobody may confirm."""
    found = tuple(text.replace(",", " ").split())
    for each in found:
        if is_example(each):
            raise Refused(
                f'{each} is the example\'s: "Copy group ID" or "Copy member ID" in the menu of your own.'
            )
        if not re.fullmatch(r"[SUW][A-Z0-9]{6,}", each):
            raise Refused(
                f"{each[:80]!r} is not a valid id of a user group or a person, such as S0123456789 or"
                ' U0123456789: "Copy group ID" or "Copy member ID" in its menu.'
            )
    return found


def url_of(text: str) -> str:
    """Return an http or https address without a slash at its end; what is secret may not stand in it."""
    where = _parts(text, "http://HOST:PORT")
    if "@" in where.netloc:
        raise Refused(
            "Leave user and password out of the address, since everybody may read the file it goes into: set"
            " what Prometheus or Alertmanager asks for as `token = { file = … }` in its section afterwards."
        )
    if where.scheme not in ("http", "https") or where.query or where.fragment:
        raise _not_an_address(text, "http://HOST:PORT")
    return text.rstrip("/")


def bot_url_of(text: str) -> str:
    """Return where the bot is reached, with a port that its unit may bind where it listens there itself."""
    where = urlsplit(url_of(text))
    if where.scheme == "https":
        return url_of(text)
    if where.port is None:
        return where._replace(netloc=f"{where.netloc.rstrip(':')}:{DEFAULT_PORT}").geturl()
    if where.port < FIRST_FREE_PORT:
        raise Refused(
            f"The bot may not bind port {where.port}: name one from {FIRST_FREE_PORT} on, or give https where"
            " a proxy stands before it."
        )
    return url_of(text)


def _parts(text: str, form: str) -> SplitResult:
    try:
        where = urlsplit(text)
        is_address = bool(where.hostname) and where.port != 0 and not re.search(r"\s", text)
    except ValueError:
        is_address = False
    if not is_address:
        raise _not_an_address(text, form)
    return where


def _not_an_address(text: str, form: str) -> Refused:
    # What cannot be taken apart may hold a password all the same.
    shown = "What was given" if "@" in text else repr(text[:200])
    return Refused(f"{shown} is not a valid address: write {form}.")


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
    form = "redis://HOST:6379/0"
    try:
        where = urlsplit(text)
        # Asked for before all else, so that no complaint repeats it.
        asked = [key.casefold() for key, _ in parse_qsl(where.query, keep_blank_values=True)]
        if where.password or any(key.endswith("password") for key in asked):
            raise Refused(
                "Leave the password out of Redis' address, since everybody may read the file it goes into:"
                " set `password = { file = … }` in [redis] afterwards."
            )
        connect(text)
    except (ValueError, ConfigurationError) as error:
        raise _not_an_address(text, form) from error
    return text


def optional_url_of(text: str) -> str:
    """Return an address, or nothing."""
    return url_of(text) if text else ""
