"""The `/neumann` command: each subcommand is one entry in one table."""

from __future__ import annotations

import difflib

from handlers.commands import doctor, election, incident, month, on_call, posture
from handlers.commands.answers import Answer, Asked, Command, Help, Runbooks
from handlers.commands.arguments import resolve_cluster as resolve_cluster
from handlers.domain import policy
from handlers.errors import NotAllowed, Refused
from handlers.ports import Ports, Purpose
from runbooks.all_runbooks import RUNBOOKS


async def show_help(ports: Ports, asked: Asked) -> Help:
    """List the commands that whoever asked may use."""
    may = await _audiences(ports, asked)
    return Help(tuple(command for command in COMMANDS if command.audience in may), ports.reader.clusters)


async def list_runbooks(_ports: Ports, _: Asked) -> Runbooks:
    """List the runbooks there are."""
    return Runbooks(
        tuple((book.NAME, book.TITLE, book.URL, tuple(sorted(book.ALERTS))) for book in RUNBOOKS.values())
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        "election status",
        "[<cluster>]",
        "who leads, who reaches whom, can it elect: read live from every node",
        "anyone",
        election.status,
    ),
    Command(
        "election diagnose", "[<cluster>]", "the same with every cause judged", "colleague", election.diagnose
    ),
    Command(
        "election watch", "[<cluster>]", "the status again and again for a minute", "anyone", election.watch
    ),
    Command(
        "election history", "[<cluster>]", "its incidents of the last seven days", "anyone", election.history
    ),
    Command(
        "posture mute",
        "<check> [<cluster>] <7d>",
        "stop posting about one check for a while; it is still shown",
        "colleague",
        posture.mute,
    ),
    Command("posture unmute", "<check> [<cluster>]", "post about it again", "colleague", posture.unmute),
    Command(
        "posture",
        "[<cluster>]",
        "what the cluster can lose and what may break next: read live",
        "colleague",
        posture.show,
    ),
    Command(
        "report month",
        "[<cluster>] [<2026-11>]",
        "a month of incidents against the objective; its picture goes into the channel",
        "colleague",
        month.show,
    ),
    Command("incident list", "", "what is open, and who has it", "anyone", incident.list_open),
    Command("incident show", "[<id>]", "one incident as it stands", "colleague", incident.show),
    Command("incident ack", "[<id>]", "say that you have it", "colleague", incident.acknowledge),
    Command("incident assign", "[<id>] me|<@someone>", "give it to someone", "colleague", incident.assign),
    Command("incident snooze", "[<id>] [<30m>]", "put it off", "colleague", incident.snooze),
    Command(
        "incident note", "[<id>] <text>", "write something into its timeline", "colleague", incident.note
    ),
    Command(
        "incident handoff",
        "[<id>]",
        "nodes will not come back: what is left, what is lost, what to do in order",
        "colleague",
        incident.draw_up_hand_off,
    ),
    Command(
        "incident tick", "[<id>] <number>", "a point of the hand-off is done", "colleague", incident.tick
    ),
    Command("incident resolve", "[<id>]", "end it, once nothing fires", "colleague", incident.resolve),
    Command("incident reopen", "<id>", "take a closed one up again", "colleague", incident.reopen),
    Command(
        "incident merge",
        "[<id>] into <id>",
        "two incidents of one cluster are the same: the alerts of this one go to the other",
        "colleague",
        incident.merge,
    ),
    Command(
        "incident split",
        "[<id>] <alert> [<label value>]",
        "an alert is something else: it gets an incident of its own",
        "colleague",
        incident.split,
    ),
    Command("incident report", "[<id>]", "a draft of its postmortem", "colleague", incident.write_report),
    Command("silence", "[<id>] [<30m>]", "silence its alerts in Alertmanager", "confirmer", incident.silence),
    Command(
        "oncall override",
        "<@someone> <4h>",
        "somebody else takes the shift for a while",
        "colleague",
        on_call.override,
    ),
    Command("oncall clear", "", "the schedule holds again", "colleague", on_call.clear),
    Command("oncall", "", "who is on call, and until when", "colleague", on_call.show),
    Command(
        "doctor", "", "would an alert get through? asked live; it takes a moment", "colleague", doctor.examine
    ),
    Command("runbooks", "", "which alerts the bot has a runbook for", "anyone", list_runbooks),
    Command("help", "", "what you can ask", "anyone", show_help),
)


async def answer(ports: Ports, text: str, asked: Asked) -> Answer:
    """Carry out what was typed after `/neumann`, or behind the bot's name in a thread.

    Args:
        ports: What is touched.
        text: The words.
        asked: By whom and where; its arguments are taken from the words.

    Raises:
        Refused: With a sentence that says what would have worked.
    """
    words = " ".join(text.split())
    for command in COMMANDS:
        if words == command.words or words.startswith(command.words + " "):
            arguments = words[len(command.words) :].strip()
            return await command.run(ports, Asked(asked.by, arguments, asked.in_thread_of))
    if not words:
        return await show_help(ports, asked)
    raise Refused(_did_you_mean(words))


async def _audiences(ports: Ports, asked: Asked) -> frozenset[str]:
    groups = {group for name in ports.reader.clusters for group in ports.permissions.may_silence(name)}
    try:
        member = await ports.directory.member(asked.by, groups, Purpose.GLANCE)
    except NotAllowed:  # Slack does not answer: what is shown then is what anyone may
        return frozenset({"anyone"})
    if policy.is_colleague(member) is not policy.Ruling.ALLOWED:
        return frozenset({"anyone"})
    may_act = any(ports.permissions.ruling_on_silence(member, name) is None for name in ports.reader.clusters)
    return frozenset({"anyone", "colleague", *(["confirmer"] if may_act else [])})


def _did_you_mean(words: str) -> str:
    known = [command.words for command in COMMANDS]
    begun = words.split(maxsplit=1)[0]
    under = [each for each in known if each.split()[0] == begun]
    typed = " ".join(words.split()[:2])
    near = _with_beginning_of(typed, under) or difflib.get_close_matches(typed, known, n=1, cutoff=0.4)
    if under and (words == begun or not near):
        hint = f"there {'is' if len(under) == 1 else 'are'} {', '.join(f'`{each}`' for each in under)}."
    elif near:
        hint = f"did you mean `/neumann {near[0]}`?"
    else:
        hint = "`/neumann help` lists what there is."
    return f"There is no `/neumann {words[:80]}`: {hint}"


def _with_beginning_of(typed: str, commands: list[str]) -> list[str]:
    """Return the one command that begins as what was typed, two letters of its second word at least."""
    for end in range(len(typed), typed.find(" ") + 2, -1):
        if begun_alike := [each for each in commands if each.startswith(typed[:end])]:
            return begun_alike if len(begun_alike) == 1 else []
    return []
