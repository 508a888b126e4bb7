"""The `/neumann` command: each subcommand is one entry in one table."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from handlers.errors import Refused, UnknownCluster
from handlers.ports import Ports
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis


@dataclass(frozen=True)
class ElectionStatus:
    """A cluster as it was read just now, and what the runbook makes of it."""

    evidence: Evidence
    diagnosis: Diagnosis


@dataclass(frozen=True)
class Help:
    """The commands there are."""

    commands: tuple[Command, ...]
    clusters: tuple[str, ...]


Answer = ElectionStatus | Help


@dataclass(frozen=True)
class Command:
    """One subcommand: its words, its arguments in words, what it does, and the doing."""

    words: str
    arguments: str
    summary: str
    run: Callable[[Ports, str], Awaitable[Answer]]


async def election_status(ports: Ports, cluster: str) -> ElectionStatus:
    """Read every node live and judge it.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
    """
    evidence = await ports.reader.read(resolve_cluster(ports.reader.clusters, cluster))
    return ElectionStatus(evidence, leader_election.diagnose(evidence))


async def show_help(ports: Ports, _: str) -> Help:
    """List the commands."""
    return Help(COMMANDS, ports.reader.clusters)


COMMANDS: tuple[Command, ...] = (
    Command(
        "election status",
        "[cluster]",
        "who leads, who reaches whom, can it elect: read live from every node",
        election_status,
    ),
    Command("help", "", "what you can ask", show_help),
)


async def answer(ports: Ports, text: str) -> Answer:
    """Carry out what was typed after `/neumann`.

    Raises:
        Refused: With a sentence that says what would have worked.
    """
    words = " ".join(text.split())
    for command in COMMANDS:
        if words == command.words or words.startswith(command.words + " "):
            return await command.run(ports, words[len(command.words) :].strip())
    if not words:
        return await show_help(ports, "")
    raise Refused(_did_you_mean(words))


def _did_you_mean(words: str) -> str:
    near = difflib.get_close_matches(words, [command.words for command in COMMANDS], n=1, cutoff=0.4)
    hint = f"did you mean `/neumann {near[0]}`?" if near else "`/neumann help` lists what there is."
    return f"There is no `/neumann {words[:80]}`: {hint}"


def resolve_cluster(clusters: tuple[str, ...], asked: str) -> str:
    """The configured cluster that was meant; one alone needs no name.

    Raises:
        UnknownCluster: With the configured names and the nearest one.
    """
    if asked in clusters:
        return asked
    if not asked and len(clusters) == 1:
        return clusters[0]
    configured = ", ".join(clusters) or "none"
    if not asked:
        raise UnknownCluster(f"Which cluster? Configured: {configured}.")
    near = difflib.get_close_matches(asked, clusters, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownCluster(f"No cluster {asked[:80]} is configured: {configured}.{hint}")
