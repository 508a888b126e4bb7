"""What a configuration may say and hardly means: placeholders, names for ids, one address for two nodes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from bot.config import Settings
from bot.config.lines import Path as KeyPath
from bot.grant_keys import NOT_THERE
from bot.secret_files import SecretFile
from bot.web.api.tokens import Tokens
from handlers.domain.escalation.model import TargetKind
from handlers.errors import ConfigurationError

GRANT_KEY = ("agents", "grant_key")
Doubt = tuple[KeyPath, str]
_EXAMPLES = re.compile(r"[CSU]012345678\d")
_CHANNEL, _GROUP = re.compile(r"[CGD][A-Z0-9]{8,}"), re.compile(r"S[A-Z0-9]{8,}")
_PERSON = re.compile(r"[UW][A-Z0-9]{6,}")
_PREFIXES = {"bot_token": "xoxb-", "app_token": "xapp-"}
_GROUPS = ("propose_groups", "confirm_groups", "second_groups", "silence_groups")


def is_example(found: str) -> bool:
    """Return whether an id is one that the example configuration and the questions show."""
    return bool(_EXAMPLES.fullmatch(found))


def doubts(settings: Settings) -> Iterator[Doubt]:
    """Yield the path of each value that can hardly be meant, and the mend."""
    yield from _channel(("slack", "channel"), settings.slack.channel)
    for number, cluster in enumerate(settings.clusters):
        at = ("clusters", number)
        if cluster.channel:
            yield from _channel((*at, "channel"), cluster.channel)
        yield from _groups((*at, "confirm_groups"), cluster.confirm_groups)
        yield from _people((*at, "confirm_users"), cluster.confirm_users)
    for number, row in enumerate(settings.permissions):
        for name in _GROUPS:
            yield from _groups(("permissions", number, name), getattr(row, name))
        yield from _people(("permissions", number, "confirm_users"), row.confirm_users)
    yield from _escalation(settings)
    yield from _shared_addresses(settings)
    yield from unreadable_secrets(settings)
    yield from _slack_tokens(settings)
    yield from _api_tokens(settings)


def _escalation(settings: Settings) -> Iterator[Doubt]:
    at, of = ("escalation", "policies"), settings.escalation
    for channel in sorted(of.named(TargetKind.CHANNEL)):
        yield from _channel(at, channel)
    yield from _groups(at, tuple(sorted(of.named(TargetKind.GROUP))))
    yield from _people(at, tuple(sorted(of.named(TargetKind.USER, TargetKind.DIRECT))))
    if of.on_call:
        yield from _people(("escalation", "on_call", "people"), tuple(sorted(of.on_call.people.values())))


def _channel(at: KeyPath, channel: str) -> Iterator[Doubt]:
    if is_example(channel):
        yield at, f'{channel} is the example\'s: "Copy link" on your channel ends in its id'
    elif not _CHANNEL.fullmatch(channel):
        yield (
            at,
            f'{channel[:80]!r} is not a valid channel id, such as C0123456789: "Copy link" on it ends in it',
        )


def _groups(at: KeyPath, groups: tuple[str, ...]) -> Iterator[Doubt]:
    for group in groups:
        if is_example(group):
            yield at, f'{group} is the example\'s: "Copy group ID" in the menu of your user group'
        elif not _GROUP.fullmatch(group):
            yield (
                at,
                f"{group[:80]!r} is not a valid user group id, such as S0123456789:"
                ' "Copy group ID" in its menu',
            )


def _people(at: KeyPath, people: tuple[str, ...]) -> Iterator[Doubt]:
    for person in people:
        if is_example(person):
            yield at, f'{person} is the example\'s: "Copy member ID" in the menu of a profile'
        elif not _PERSON.fullmatch(person):
            yield (
                at,
                f'{person[:80]!r} is not a valid user id, such as U0123456789: "Copy member ID" in a profile',
            )


def _shared_addresses(settings: Settings) -> Iterator[Doubt]:
    """One address for two nodes makes one process two members, and a quorum of what is none."""
    owners: dict[str, str] = {}
    for number, cluster in enumerate(settings.clusters):
        for place, node in enumerate(cluster.nodes):
            for key in ("metrics_url", "agent_url"):
                url, at = getattr(node, key).rstrip("/"), ("clusters", number, "nodes", place, key)
                if not url.startswith(("http://", "https://")):
                    yield at, "is not a valid address: write http://HOST:PORT"
                elif owner := owners.get(url):
                    yield at, f"is the address of {owner} too, so one process would count as two members"
                owners.setdefault(url, f"{cluster.name}/{node.name}")


def unreadable_secrets(section: BaseModel, at: KeyPath = ()) -> Iterator[Doubt]:
    """Yield the path of every secret below a section that cannot be read, and why."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        for place, each in enumerate(value) if isinstance(value, tuple) else ((None, value),):
            path = (*at, name) if place is None else (*at, name, place)
            if path == GRANT_KEY and isinstance(each, SecretFile) and not each.file.exists():
                yield path, f"{each.file} {NOT_THERE}"
            elif isinstance(each, SecretFile):
                yield from ((path, str(why).removesuffix(".")) for why in _unreadable(each))
            elif isinstance(each, BaseModel):
                yield from unreadable_secrets(each, path)


def _unreadable(secret: SecretFile) -> Iterator[ConfigurationError]:
    try:
        secret.read()
    except ConfigurationError as error:
        yield error


def _slack_tokens(settings: Settings) -> Iterator[Doubt]:
    for key, prefix in _PREFIXES.items():
        secret: SecretFile | None = getattr(settings.slack, key)
        if secret is None or any(_unreadable(secret)):
            continue
        if not secret.read().get_secret_value().startswith(prefix):
            yield ("slack", key), f"{secret.file} holds another kind of token: this one begins with {prefix}"


def _api_tokens(settings: Settings) -> Iterator[Doubt]:
    if any(unreadable_secrets(settings.api)):
        return
    try:
        Tokens.of(settings.api)
    except ConfigurationError as error:
        yield ("api", "tokens"), str(error).removesuffix(".")


def closed_to_the_unit(settings: Settings, config: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that root reads and the bot's unit does not: it runs as a user of its own."""
    if os.geteuid() != 0:
        return
    for file in dict.fromkeys((config, *_open_files(settings))):
        if file == settings.agents.key or not file.exists():
            continue
        if not file.stat().st_mode & stat.S_IROTH:
            yield (
                file,
                f"only its owner may read it, and the bot's unit runs as another user: chmod 644 {file}",
            )
        if not file.parent.stat().st_mode & stat.S_IXOTH:
            yield (
                file,
                f"only its owner may enter its folder, and the bot's unit runs as another user: chmod 755"
                f" {file.parent}",
            )


def _open_files(section: BaseModel) -> Iterator[Path]:
    """Yield every file that is named below a section, but for the secrets, which systemd hands over."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Path):
                yield each
            elif isinstance(each, BaseModel) and not isinstance(each, SecretFile):
                yield from _open_files(each)
