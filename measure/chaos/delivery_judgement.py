"""Whether no alert was lost and nothing posted twice: Redis and Slack, read from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bot.slack.views.message import Message as Drawn
from bot.slack.views.render import render
from bot.store.errors import store_errors
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.errors import StoreDown, Tampered
from lab.slack.workspace import Message
from measure.chaos import begun_anew
from measure.chaos.delivery_rig import DeliveryRig
from measure.chaos.delivery_story import Story
from tests.bot.slack.views_seen import key_of, told

HEADLINE = "headline"
FOUND_BY_ASKING = ("never_arrived/", "resolved_never_came/")


@dataclass(frozen=True)
class Told:
    """An incident of the run: its events, its state after each, and the alerts that it holds."""

    id: str
    events: tuple[Event, ...]
    states: tuple[Incident, ...]

    @property
    def now(self) -> Incident:
        """Return the state now."""
        return self.states[-1]

    @property
    def asked(self) -> int:
        """Return how many times the bot learned of something by asking."""
        return sum(key.startswith(FOUND_BY_ASKING) for key in self.now.remarks)


async def incidents_of(rig: DeliveryRig, story: Story) -> list[Told]:
    """Return the incidents that hold an alert of the story.

    Raises:
        StoreDown: While Redis is away.
        Tampered: If a timeline is not as the bot wrote it.
    """
    found = []
    for incident_id in await rig.store.given_out():
        if incident_id in story.before:
            continue
        events = await rig.store.timeline(incident_id)
        received = [event for event in events if isinstance(event, AlertsReceived)]
        if any(alert.labels.get("run") == story.run for event in received for alert in event.alerts):
            states = [Incident(id=incident_id)]
            for event in events:
                states.append(apply(states[-1], event))
            found.append(Told(incident_id, events, tuple(states)))
    return found


async def missing_yet(rig: DeliveryRig, story: Story, *, anew: bool = False) -> list[str]:
    """Return what is still to come: what remains of this for too long is a violation."""
    try:
        incidents = await incidents_of(rig, story)
        async with store_errors():
            left = await rig.client.xlen(f"{rig.prefix}:inbox")
        held = await story.held()
    except (StoreDown, Tampered) as error:
        return [str(error)]
    return [
        *([] if held == story.firing else [f"Alertmanager holds {len(held)} of {len(story.firing)} alerts"]),
        *([f"{left} notifications are not folded in"] if left else []),
        *_unknown(incidents, story),
        *(what for told_of in incidents for what in _thread_is_behind(rig, told_of, anew)),
    ]


def _unknown(incidents: list[Told], story: Story) -> Iterator[str]:
    open_ones = [each for each in incidents if not each.now.closed]
    firing = Counter(alert.fingerprint for each in open_ones for alert in each.now.firing)
    for fingerprint, labels in story.fired.items():
        name = f"{labels['cluster']}/{labels['alertname']}"
        if fingerprint in story.firing and firing[fingerprint] != 1:
            yield f"{name} fires in {firing[fingerprint]} open incidents"
        if fingerprint not in story.firing and firing[fingerprint]:
            yield f"{name} is over, and fires in an open incident"
    if not story.firing:
        yield from (f"{each.id} is still open" for each in open_ones)


def _messages(rig: DeliveryRig, incident_id: str) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in rig.slack.workspace.messages:
        if (key := key_of(message)) and key[0] == incident_id:
            found.setdefault(key[1], []).append(message)
    return found


def _thread_is_behind(rig: DeliveryRig, incident: Told, anew: bool) -> Iterator[str]:
    shown = _messages(rig, incident.id)
    if anew:
        yield from begun_anew.is_behind(rig.seen.contents, incident.id, render(incident.now), shown)
        return
    for drawn in render(incident.now):
        there = shown.get(drawn.key, [])
        if not there:
            yield f"{incident.id} {drawn.key} is not in Slack"
        for message in there:
            if rig.seen.contents.get(message.ts, [""])[-1] != _as_sent(drawn):
                yield f"{incident.id} {drawn.key} shows something else than the timeline says"


async def violations(
    rig: DeliveryRig, story: Story, *, may_go_back: bool, deaf: bool, anew: bool = False
) -> list[str]:
    """Return everything that must not be, in words.

    Args:
        rig: What was played on, at rest.
        story: What was told to Alertmanager.
        may_go_back: Whether an older state may show for a while: because an edit came late, or because Redis
            lost what it had taken.
        deaf: Whether nothing could be delivered for a while: what came and went in it is in no incident.
        anew: Whether messages are rightly posted once more.
    """
    incidents = await incidents_of(rig, story)
    dead = await rig.client.xlen(f"{rig.prefix}:dead")
    return [
        *([f"{dead} notifications were put aside"] if dead else []),
        *_not_once(incidents, story, deaf),
        *(what for incident in incidents for what in _thread_is_wrong(rig, incident, may_go_back, anew)),
        *_orphans(rig, set(await rig.store.given_out())),
    ]


def _thread_is_wrong(rig: DeliveryRig, incident: Told, may_go_back: bool, anew: bool) -> Iterator[str]:
    if anew:
        yield from begun_anew.is_wrong(rig.seen.contents, incident.id, _messages(rig, incident.id))
        return
    yield from _twice(rig, incident)
    yield from _out_of_order(rig, incident)
    if not may_go_back:
        yield from _went_back(rig, incident)


def _not_once(incidents: list[Told], story: Story, deaf: bool) -> Iterator[str]:
    for fingerprint, labels in story.fired.items():
        holders = [each.id for each in incidents if fingerprint in each.now.alerts]
        if len(holders) != 1 and not (deaf and not holders and fingerprint in story.brief):
            yield f"{labels['cluster']}/{labels['alertname']} is in {len(holders)} incidents: {holders}"


def _twice(rig: DeliveryRig, incident: Told) -> Iterator[str]:
    for key, messages in _messages(rig, incident.id).items():
        if len(messages) > 1:
            yield f"{incident.id} {key} was posted {len(messages)} times"


def _out_of_order(rig: DeliveryRig, incident: Told) -> Iterator[str]:
    shown = {key: messages[0] for key, messages in _messages(rig, incident.id).items()}
    parent = shown.get(HEADLINE)
    for key, message in shown.items():
        if parent and key != HEADLINE and message.thread_ts != parent.ts:
            yield f"{incident.id} {key} stands outside of the thread"
    keys = [drawn.key for drawn in render(incident.now)]
    first = {key: position for position, key in reversed([*_keys_at(incident)])}
    for before, after in ((a, b) for i, a in enumerate(keys) for b in keys[i + 1 :]):
        both = before in shown and after in shown and first.get(before, 0) < first.get(after, 0)
        if both and float(shown[before].ts) > float(shown[after].ts):
            yield f"{incident.id} {after} stands before {before}"


def _keys_at(incident: Told) -> Iterator[tuple[int, str]]:
    for position, state in enumerate(incident.states):
        if state.opened_at:
            yield from ((position, drawn.key) for drawn in render(state))


def _went_back(rig: DeliveryRig, incident: Told) -> Iterator[str]:
    """Yield each message whose content is of an older state than the content before it."""
    contents = [
        {drawn.key: _as_sent(drawn) for drawn in render(state)} if state.opened_at else {}
        for state in incident.states
    ]
    for key, messages in _messages(rig, incident.id).items():
        for message in messages:
            position = 0
            for number, content in enumerate(rig.seen.contents.get(message.ts, [])):
                of = [at for at, each in enumerate(contents) if each.get(key) == content]
                if not of:
                    yield f"{incident.id} {key}: no state says what edit {number} showed"
                elif max(of) < position:
                    yield f"{incident.id} {key}: edit {number} showed an older state than the one before"
                else:
                    position = min(at for at in of if at >= position)


def _orphans(rig: DeliveryRig, known: set[str]) -> Iterator[str]:
    keys = {key[0] for key in map(key_of, rig.slack.workspace.messages) if key}
    yield from (f"{each} has a thread, and Redis does not know it" for each in sorted(keys - known))


def _as_sent(drawn: Drawn) -> str:
    return told(drawn.body())
