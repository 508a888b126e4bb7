"""What holds for every action: a new one is declared, gets its row in `plays`, and is held to this."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from msgspec import Meta
from msgspec.structs import replace

from agent.actions.case import NOTHING_TO_UNDO, Case
from agent.actions.kinds import ACTIONS, POD_ACTIONS, actions_of, offered_by
from agent.protocol import (
    Action,
    ActionReport,
    BadMessageError,
    Grant,
    NodeState,
    PrepareRequest,
    Refusal,
    parse_action,
)
from agent.settings import Commands, Settings
from runbooks.plans import ActionType
from tests.agent.bed import CONFIG, PEERS, Bot, Connected, Node, settings_from
from tests.agent.plays import PLAYS, make_ready

UNDOING = {"undo_election_timeouts"}
"""To the agent an undoing is no action of its own."""

NO_WHOLE_NUMBER: tuple[Any, ...] = ("1", 1.5, None, True, [], {})
NO_NAME: tuple[Any, ...] = (
    *("", "-x", "--to", ".", "/etc/passwd", "../node2", "a b", "a\n", "a;id", "$(id)", "`id`", "a\0", "é"),
    *("x" * 300, 1, None, ["node2"]),
)


@pytest.fixture
def settings_document(settings_document: dict[str, Any]) -> dict[str, Any]:
    """The same, with other nodes to hand the leadership on to."""
    return settings_document | {"peers": PEERS}


def test_each_action_of_the_wire_is_declared_played_and_known_to_the_bot():
    on_the_wire = {kind.__struct_config__.tag for kind in get_args(Action)}
    assert on_the_wire == ACTIONS.keys() == POD_ACTIONS.keys() == PLAYS.keys()
    assert on_the_wire == set(get_args(ActionType)) - UNDOING
    assert all(ACTIONS[name].of is type(PLAYS[name].action) for name in PLAYS)


@dataclass(frozen=True)
class Parameter:
    """One parameter of an action, with its bounds."""

    name: str
    kind: type
    bounds: Meta

    def out_of_bounds(self) -> tuple[Any, ...]:
        if self.kind is str:
            assert self.bounds.pattern
            return NO_NAME
        assert self.kind is int and self.bounds.ge is not None and self.bounds.le is not None
        return (self.bounds.ge - 1, self.bounds.le + 1, -(2**63), 2**64, *NO_WHOLE_NUMBER)

    def within_bounds(self, choose: random.Random) -> Any:
        if self.kind is str:
            return choose.choice(("node2", "node3", "n", "Node_2.b-1", "9", "x" * 63))
        return choose.choice((self.bounds.ge, self.bounds.le))


def parameters(action: Action) -> Iterator[Parameter]:
    for name, hint in get_type_hints(type(action), include_extras=True).items():
        if name in action.__struct_fields__:
            assert get_origin(hint) is Annotated, f"{name} has no bounds"
            kind, *metas = get_args(hint)
            yield Parameter(name, kind, next(each for each in metas if isinstance(each, Meta)))


@pytest.mark.parametrize("name", PLAYS)
def test_row_09_no_parameter_is_taken_out_of_its_bounds(name: str):
    action = PLAYS[name].action
    good = json.loads(action.to_json())
    assert parse_action(json.dumps(good)) == action
    bad = [{**good, each.name: value} for each in parameters(action) for value in each.out_of_bounds()]
    bad += [{key: good[key] for key in good if key != each.name} for each in parameters(action)]
    bad += [{**good, more: "x"} for more in ("argv", "shell", "service", "node", "path", "env")]
    for document in bad:
        with pytest.raises(BadMessageError):
            PrepareRequest.from_json(json.dumps({"action_id": "a" * 64, "action": document}))


@pytest.mark.process
@pytest.mark.parametrize("name", PLAYS)
async def test_row_09_what_is_run_has_fixed_words_and_typed_parameters(
    name: str, settings: Settings, node: Node
):
    """Whatever is within the bounds, and whoever agreed to it: the program sees this argv, once."""
    choose, agreed = random.Random(9), NodeState(boot_id="b", config_sha256="0" * 64)
    for _ in range(5):
        values = {each.name: each.within_bounds(choose) for each in parameters(PLAYS[name].action)}
        action = replace(PLAYS[name].action, **values)
        (node.folder / "calls").write_text("")
        case = Case(settings, action, agreed, file_bytes=CONFIG.encode())
        if ACTIONS[name].edits_file:
            continue
        await ACTIONS[name].run(case)
        assert (node.folder / "calls").read_text().splitlines() == [PLAYS[name].runs(action)]


@pytest.mark.process
@pytest.mark.parametrize("name", PLAYS)
async def test_what_is_called_for_is_done_once_and_told(name: str, bot: Bot, node: Node):
    report = await bot.commit(await bot.grant(make_ready(node, name)))
    assert isinstance(report, ActionReport)
    assert report.state == "DONE", report.detail
    assert report.before and report.after and report.before != report.after
    moves = [run for play in PLAYS.values() if (run := play.runs(play.action))]
    assert {run: node.calls(run) for run in moves} == {
        run: int(run == PLAYS[name].runs(PLAYS[name].action)) for run in moves
    }
    assert (node.config.read_text() != CONFIG) is ACTIONS[name].edits_file


@pytest.mark.process
@pytest.mark.parametrize("name", [name for name, kind in ACTIONS.items() if not kind.edits_file])
async def test_a_program_that_does_nothing_and_says_nothing_is_not_believed(name: str, bot: Bot, node: Node):
    grant = await bot.grant(make_ready(node, name))
    program = PLAYS[name].runs(PLAYS[name].action).split()[0]
    for after in ("tracking_after", "service_after", "metrics_after"):
        before = node.folder / after.removesuffix("_after")
        (node.folder / after).write_bytes(before.read_bytes())
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport)
    assert report.state in ("NOT_DONE", "UNKNOWN")
    assert node.calls(program) > 0


@pytest.mark.process
@pytest.mark.parametrize("name", PLAYS)
async def test_what_edits_the_file_is_undone_byte_for_byte_and_nothing_else_is(
    name: str, bot: Bot, node: Node
):
    done = await bot.grant(make_ready(node, name))
    assert isinstance(await bot.commit(done), ActionReport)
    undo = await bot.grant_undo(done)
    if ACTIONS[name].edits_file:
        assert isinstance(undo, Grant)
        report = await bot.commit(undo)
        assert isinstance(report, ActionReport) and report.state == "DONE"
        assert node.config.read_text() == CONFIG
    else:
        assert isinstance(undo, Refusal) and undo.detail == NOTHING_TO_UNDO


def test_what_an_agent_does_not_carry_out_it_does_not_offer(settings_document: dict[str, Any], node: Node):
    """Without the program that an action needs, or where the settings name none."""
    whole = settings_from(settings_document)
    assert set(offered_by(whole)) == ACTIONS.keys()
    for name, kind in ACTIONS.items():
        if kind.program is None:
            continue
        unset = replace(whole, commands=replace(whole.commands, **{kind.program: None}))
        gone = replace(whole, commands=replace(whole.commands, **{kind.program: Path("/nowhere/at/all")}))
        for without, words in ((unset, "is not set"), (gone, "is missing or not executable")):
            assert set(offered_by(without)) == ACTIONS.keys() - {name}
            case = Case(without, PLAYS[name].action, NodeState(boot_id="b"))
            assert words in (kind.refusal(case, NodeState(boot_id="b")) or "")


@pytest.mark.process
async def test_the_bot_reads_what_is_offered_and_is_refused_the_rest(
    connected: Connected, settings: Settings, node: Node
):
    without = replace(settings, commands=replace(settings.commands, neumann=None))
    async with connected(without) as bot:
        seen = await bot.http.post("/v1/observe", content=b'{"readings":["actions"]}')
        assert seen.json()["actions"]["value"] == [name for name in ACTIONS if name != "transfer_leadership"]
        refusal = await bot.prepare(make_ready(node, "transfer_leadership"))
    assert isinstance(refusal, Refusal) and "`commands.neumann` is not set" in refusal.detail


def test_an_older_settings_file_gives_no_agent_a_new_power(settings_document: dict[str, Any]):
    settings = settings_from({**settings_document, "commands": {}})
    optional = {kind.program for kind in ACTIONS.values() if kind.program}
    assert {field: getattr(Commands(), field) for field in optional} == dict.fromkeys(optional)
    assert not {ACTIONS[name].program for name in offered_by(settings)} - {None}


def test_a_pod_does_each_or_says_why_not(settings_document: dict[str, Any]):
    pod = {"pod": "neumann-0", "config_map": "neumann", "config_key": "config.toml"}
    settings = settings_from({**settings_document, "kubernetes": pod})
    by_hand = {name for name, kind in actions_of(settings).items() if kind.why_not_here(settings)}
    assert by_hand == {"clock_sync", "transfer_leadership"}
    assert all(dataclasses.is_dataclass(kind) for kind in POD_ACTIONS.values())
