"""Put a link map into one to three sentences, for those who cannot see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.pictures.drawing.frame import when
from bot.pictures.links.groups import Group, clean_cut
from bot.pictures.links.model import LinkMap, NodeRole, Way, WayState
from runbooks.model import Leadership
from runbooks.wording import MAX_NAMES, listed, signed_milliseconds

ANSWERS = {"yes": "can elect", "no": "cannot elect", "undetermined": "not known whether it can elect"}

MAX_CLAUSES = 5
"""Of one kind; what is more is counted, since a screen reader cannot skim."""


def leader_words(leadership: Leadership) -> str:
    """Say who leads, as far as the nodes' claims show it."""
    if leadership.leader and leadership.majority:
        return f"{leadership.leader} leads term {leadership.term}"
    if leadership.leader:
        return f"{leadership.leader} claims to lead term {leadership.term}, without a majority in sight"
    if leadership.claimed_by:
        return f"{listed(leadership.claimed_by)} claim to lead"
    return "No leader is seen"


def alt_text(seen: LinkMap) -> str:
    """Return the map in words: the answer, who reaches whom, and what is wrong with single nodes."""
    leads = leader_words(seen.leadership).replace("No leader", "no leader")
    answer = f"Link map of {seen.cluster} at {when(seen.at)}: {ANSWERS[seen.can_elect]}; {leads}"
    sentences = ([answer], list(_links(seen)), list(_nodes(seen)))
    return " ".join(_sentence(clauses, seen.names) for clauses in sentences if clauses)


def _sentence(clauses: list[str], names: Sequence[str]) -> str:
    if len(clauses) > MAX_CLAUSES:
        clauses = [*clauses[: MAX_CLAUSES - 1], f"and {len(clauses) - MAX_CLAUSES + 1} more like that"]
    told = f"{'; '.join(clauses)}."
    return told if told.startswith(tuple(names)) else told[0].upper() + told[1:]


def _links(seen: LinkMap) -> Iterator[str]:
    down = {node.name for node in seen.nodes if node.standing is NodeRole.DOWN}
    ways = [way for way in seen.ways if not down.intersection((way.observer, way.peer))]
    if ways and all(way.state is WayState.OPEN for way in ways):
        yield f"{'every node that runs' if down else 'every node'} reaches every other on both ports"
        return
    cut = clean_cut(seen)
    yield from _islands(cut, ways) if cut else _observed(ways)
    yield from _gossip(ways)


def _islands(cut: tuple[Group, ...], ways: list[Way]) -> Iterator[str]:
    kinds = listed(sorted({way.raft for way in ways if way.state is WayState.FAILED}))
    if all(len(group) == 1 for group in cut):
        yield f"no node reaches another ({kinds})"
        return
    alone = [group[0] for group in cut if len(group) == 1]
    yield from (f"{listed(group, MAX_NAMES)} reach each other" for group in cut if len(group) > 1)
    if alone:
        yield f"{listed(alone, MAX_NAMES)} {'reaches' if len(alone) == 1 else 'reach'} nobody"
    yield f"what is between them fails ({kinds})"


def _observed(ways: list[Way]) -> Iterator[str]:
    """Say what fails, observers that miss the same peers together; then what is not known."""
    missed: dict[str, dict[str, str]] = defaultdict(dict)
    tried: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        if way.raft != "unknown":
            tried[way.observer].append(way.peer)
        if way.state is WayState.FAILED:
            missed[way.observer][way.peer] = way.raft
    together: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for observer, peers in missed.items():
        whom = () if len(peers) == len(tried[observer]) > 1 else tuple(peers)
        together[whom, listed(sorted(set(peers.values())))].append(observer)
    for (whom, kinds), observers in together.items():
        verb = "does" if len(observers) == 1 else "do"
        who, others = listed(observers, MAX_NAMES), listed(whom, MAX_NAMES) if whom else "anybody"
        yield f"{who} {verb} not reach {others} ({kinds})"
    silent = [name for name in dict.fromkeys(way.observer for way in ways) if not tried[name]]
    if silent:
        yield f"what {listed(silent, MAX_NAMES)} {'reaches' if len(silent) == 1 else 'reach'} is not known"
    if ways and not missed and not silent:
        yield "every Raft port that was tried is open"


def _gossip(ways: list[Way]) -> Iterator[str]:
    failed = [way for way in ways if way.state is WayState.GOSSIP_FAILED]
    if not failed:
        return
    kinds = listed(sorted({way.gossip for way in failed}))
    where = [f"from {way.observer} to {way.peer}" for way in failed]
    told = "on every link" if len(failed) == len(ways) else f"on {len(failed)} of {len(ways)} ways"
    yield f"gossip alone fails {listed(where) if len(failed) <= 2 else told} ({kinds})"


def _nodes(seen: LinkMap) -> Iterator[str]:
    for standing, words in ((NodeRole.DOWN, "down"), (NodeRole.UNKNOWN, "not known to run")):
        names = [node.name for node in seen.nodes if node.standing is standing]
        if names:
            yield f"{listed(names, MAX_NAMES)} {'is' if len(names) == 1 else 'are'} {words}"
    for node in seen.nodes:
        if node.clock_off_ms is not None:
            yield f"the clock of {node.name} is {signed_milliseconds(node.clock_off_ms)} off"
