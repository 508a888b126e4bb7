"""Watch for an outage that many clusters have at once, and keep the list of its incidents up to date.

The list stands in the timeline of the first incident, which posts it. Each look compares it with the
incidents as they are and appends what differs, so a crash costs a look, and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from handlers import load_incidents
from handlers.domain.events.wide_outage import OutageMember, WideOutageJoined, WideOutageSeen
from handlers.domain.incident import Incident
from handlers.domain.wide_outage.members import (
    LIST_KEY,
    OutageRule,
    as_now,
    beginning,
    common_labels,
    goes_on,
    grown,
)
from handlers.errors import Moved
from handlers.ports import Ports

LOOKS_BACK_S = 3600.0
"""For how long after it closed an incident is looked at: the last of an outage ends its list."""


async def watch(ports: Ports, rule: OutageRule) -> None:
    """Look once. What came to an incident meanwhile is left to the next look."""
    open_ids = await ports.timelines.open_incidents()
    ids = dict.fromkeys((*open_ids, *await ports.past.released_within(LOOKS_BACK_S)))
    loaded = {each.id: each for each in (await load_incidents.load(ports, ids)).incidents}
    leads = {each.wide_outage.joined.lead for each in loaded.values() if each.wide_outage.joined}
    await _load_too(ports, leads, loaded)
    with suppress(Moved):
        for lead in [each for each in loaded.values() if goes_on(each, loaded)]:
            await _keep_up(ports, lead, loaded, rule)
        if members := beginning(_free(loaded), rule):
            await _see(ports, loaded, members[0].incident, members)


async def _keep_up(ports: Ports, lead: Incident, loaded: dict[str, Incident], rule: OutageRule) -> None:
    assert lead.wide_outage.seen  # noqa: S101  only what was seen goes on
    members = lead.wide_outage.seen.members
    await _load_too(ports, {each.incident for each in members}, loaded)
    members = as_now(grown(members, _free(loaded), rule), loaded)
    linked = [
        each.model_copy(update={"link": each.link or await ports.threads.link_to(each.incident)})
        for each in members
    ]
    await _see(ports, loaded, lead.id, tuple(linked))
    link = await ports.threads.link_to(lead.id, LIST_KEY)
    apart = [each for each in members if each.is_open and not _points_there(loaded.get(each.incident), link)]
    await _join(ports, loaded, WideOutageJoined(at=ports.time.now(), lead=lead.id, link=link), apart)


async def _load_too(ports: Ports, ids: set[str], loaded: dict[str, Incident]) -> None:
    missing = sorted(ids - loaded.keys())
    loaded |= {each.id: each for each in (await load_incidents.load(ports, missing)).incidents}


def _free(loaded: Mapping[str, Incident]) -> list[Incident]:
    """Return the incidents that are in no list yet."""
    lists = [each.wide_outage.seen.members for each in loaded.values() if each.wide_outage.seen]
    listed = {member.incident for members in lists for member in members}
    return [each for each in loaded.values() if each.id not in listed]


async def _see(
    ports: Ports, loaded: dict[str, Incident], lead_id: str, members: tuple[OutageMember, ...]
) -> None:
    """Append the list to the first incident's timeline where it is new.

    Raises:
        Moved: If anything came to that incident meanwhile.
    """
    lead = loaded[lead_id]
    labels = common_labels(loaded[each.incident] for each in members if each.incident in loaded)
    before = lead.wide_outage.seen
    if before and (before.members, before.labels) == (members, labels):
        return
    event = WideOutageSeen(at=ports.time.now(), members=members, labels=labels)
    loaded[lead_id] = await ports.timelines.append(lead, event)


async def _join(
    ports: Ports,
    loaded: dict[str, Incident],
    event: WideOutageJoined,
    members: Iterable[OutageMember],
) -> None:
    for member in members:
        with suppress(Moved):  # the next look does it
            loaded[member.incident] = await ports.timelines.append(loaded[member.incident], event)


def _points_there(incident: Incident | None, link: str) -> bool:
    """Return whether an incident says where the list is; one that cannot be read is left alone.

    While Slack shows no list, it is enough that the incident says whose it is: the list is found by that once
    its first incident is closed.
    """
    if incident is None:
        return True
    joined = incident.wide_outage.joined
    return joined is not None and link in ("", joined.link)
