"""What must hold whatever happened: checked on effects and ledgers first, on the bot's own word last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lab.slack.plain_text import plain_text
from measure.chaos.on_call import key_of
from measure.chaos.rig import Rig
from measure.chaos.witness import BEGUN, UNDO_KIND, Entry

LEDGER_KIND = {"undo_election_timeouts": UNDO_KIND}
SEEN_AS = {UNDO_KIND: "set_election_timeouts"}
TOLD_AS = {
    "done": ("DONE",),
    "not_done": ("NOT_DONE", "PREPARED", ""),
    "rejected": ("REJECTED", "PREPARED", ""),
}
UNKNOWN_MARK = "grey_question"


def violations(rig: Rig, messages: list[dict[str, Any]], *, at_most: int | None = None) -> list[str]:
    """Return everything that must not be, in words.

    Args:
        rig: What was played on, at rest.
        messages: What the bot wrote in Slack.
        at_most: How often an action may have its effect, however often it was confirmed.
    """
    rig.witness.sample()
    entries = rig.witness.ledgers()
    return [
        *_effects(rig, entries, at_most),
        *_quorum(rig),
        *_fences(rig, entries),
        *_ledgers(rig, entries),
        *_told(rig, entries, messages),
        *_messages(messages),
    ]


def _confirmed(rig: Rig) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for event in rig.timeline.all("plan_confirmed", seen=True):
        for step in rig.timeline.plan_of(event)["steps"]:
            kind = LEDGER_KIND.get(step["action"]["type"], step["action"]["type"])
            counted[step["action"]["node"], SEEN_AS.get(kind, kind)] += 1
    return counted


def _effects(rig: Rig, entries: list[Entry], at_most: int | None) -> Iterator[str]:
    confirmed, effects = _confirmed(rig), rig.witness.effects()
    recorded = Counter((e.node, SEEN_AS.get(e.kind, e.kind)) for e in entries if e.state in BEGUN)
    for (node, kind), count in effects.items():
        allowed = confirmed[node, kind] if at_most is None else min(at_most, confirmed[node, kind])
        if count > allowed:
            yield f"{kind} had its effect {count} times on {node}, {allowed} allowed"
        if count > recorded[node, kind]:
            yield f"{kind} had its effect {count} times on {node}, its ledger knows {recorded[node, kind]}"
    for node in rig.witness.unexplained_starts():
        yield f"{node} was started without a command"


def _quorum(rig: Rig) -> Iterator[str]:
    quorum = len(rig.lab.nodes) // 2 + 1
    floor = min(rig.witness.at_first, quorum)
    if rig.witness.fewest < floor:
        yield f"only {rig.witness.fewest} nodes ran, {rig.witness.at_first} before; quorum is {quorum}"


def _fences(rig: Rig, entries: list[Entry]) -> Iterator[str]:
    for node in rig.lab.nodes:
        fences = [e.fence for e in entries if e.node == node.name and e.fence is not None]
        if fences != sorted(fences):
            yield f"the fences in {node.name}'s ledger fall: {fences}"


def _ledgers(rig: Rig, entries: list[Entry]) -> Iterator[str]:
    persons = {event["by"]["id"] for event in rig.timeline.all("plan_confirmed", seen=True)}
    for entry in entries:
        if entry.state == "INTENT":
            yield f"{entry.kind} on {entry.node} was begun and never judged"
        if entry.state in BEGUN and entry.confirmed_by not in persons:
            yield f"{entry.kind} on {entry.node} names {entry.confirmed_by}, who confirmed nothing"


def _told(rig: Rig, entries: list[Entry], messages: list[dict[str, Any]]) -> Iterator[str]:
    """Compare what the timeline says of an action with what the node's ledger says of it."""
    states = {entry.action_id: entry.state for entry in entries}
    names: dict[int, str] = {}
    for event in rig.timeline.now:
        if event["kind"] == "plan_confirmed":
            names = {}
        if event["kind"] == "action_started":
            names[event["index"]] = event["action_id"]
        if event["kind"] == "action_finished":
            ledger = states.get(names.get(event["index"], ""), "")
            if event["state"] == "unknown":
                if not any(UNKNOWN_MARK in str(message) for message in messages):
                    yield "an unknown outcome is not shown as unknown"
            elif ledger not in TOLD_AS[event["state"]]:
                yield f"told {event['state']}, the ledger has {ledger or 'nothing'}: {event['detail']}"


def _messages(messages: list[dict[str, Any]]) -> Iterator[str]:
    for key, count in Counter(map(key_of, messages)).items():
        if count > 1:
            yield f"{count} messages in Slack under the key {key!r}"


def shows_the_end(rig: Rig, messages: list[dict[str, Any]]) -> bool:
    """Return whether the thread says how it ended."""
    wanted = [event["detail"] for event in rig.timeline.all("run_ended")[-1:]]
    texts = " ".join(plain_text(message) for message in messages)
    shown = all(_bare(detail) in _bare(texts) for detail in wanted)
    return shown and (rig.timeline.how_it_ended != "verified" or "Leader verified" in texts)


def _bare(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())
