"""Who may do what: every kind of person against every action and every part of a plan."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from handlers.domain.permissions import (
    GROUPS_GONE,
    SILENCE_REFUSED,
    Permission,
    Permissions,
    PlanPermission,
)
from handlers.domain.policy import Member, Ruling
from runbooks.plans import ActionType

HOME, OTHER = "T0HOME", "T0OTHER"
ON_CALL, SENIOR, WATCHERS = "S0ONCALL", "S0SENIOR", "S0WATCH"
ACTIONS: tuple[ActionType, ...] = get_args(ActionType)

RULES = Permissions(
    rows=(
        Permission(
            environments=frozenset({"production"}),
            actions=frozenset({"restart_service", "clock_sync"}),
            propose_groups=(WATCHERS,),
            confirm_groups=(ON_CALL,),
            second_groups=(SENIOR,),
        ),
        Permission(
            clusters=frozenset({"blue", "green"}),
            propose_groups=(WATCHERS,),
            confirm_groups=(ON_CALL, SENIOR),
        ),
    ),
    environments={"blue": "production", "green": "staging", "grey": "staging"},
)


def member(*groups: str, **facts: object) -> Member:
    plain = Member("U1", team=HOME, home_team=HOME, groups=frozenset(groups))
    return replace(plain, **facts)  # type: ignore[arg-type]


PEOPLE = {
    "on call": member(ON_CALL),
    "senior": member(SENIOR),
    "watcher": member(WATCHERS),
    "in every group": member(ON_CALL, SENIOR, WATCHERS),
    "in no group": member(),
    "in another group": member("S0OTHER"),
    "guest on call": member(ON_CALL, SENIOR, is_guest=True),
    "deactivated on call": member(ON_CALL, SENIOR, is_deactivated=True),
    "bot in the group": member(ON_CALL, SENIOR, is_bot=True),
    "foreign on call": member(ON_CALL, SENIOR, team=OTHER),
    "foreign guest": member(ON_CALL, SENIOR, team=OTHER, is_guest=True),
    "deactivated bot": member(ON_CALL, SENIOR, is_bot=True, is_deactivated=True),
    "of no workspace": member(ON_CALL, SENIOR, team=""),
}
NEVER = {name for name in PEOPLE if name.split()[0] in {"guest", "deactivated", "bot", "foreign", "of"}}

MAY = {
    # (cluster, stricter action?, part) -> who
    ("blue", True, PlanPermission.PROPOSE): {"on call", "watcher", "in every group"},
    ("blue", True, PlanPermission.CONFIRM): {"on call", "in every group"},
    ("blue", True, PlanPermission.APPROVE): {"senior", "in every group"},
    ("blue", False, PlanPermission.PROPOSE): {"on call", "senior", "watcher", "in every group"},
    ("blue", False, PlanPermission.CONFIRM): {"on call", "senior", "in every group"},
    ("blue", False, PlanPermission.APPROVE): {"on call", "senior", "in every group"},
    ("green", True, PlanPermission.PROPOSE): {"on call", "senior", "watcher", "in every group"},
    ("green", True, PlanPermission.CONFIRM): {"on call", "senior", "in every group"},
    ("green", True, PlanPermission.APPROVE): {"on call", "senior", "in every group"},
}


@pytest.mark.parametrize(
    ("person", "cluster", "action", "part"),
    list(product(PEOPLE, ("blue", "green", "grey"), ACTIONS, PlanPermission)),
)
def test_row_04_every_kind_of_person_against_every_action(
    person: str, cluster: str, action: ActionType, part: PlanPermission
) -> None:
    stricter = cluster == "green" or action in {"restart_service", "clock_sync"}
    expected = person in MAY.get((cluster, stricter, part), set())
    assert (RULES.ruling(PEOPLE[person], part, cluster, [action]) is None) == expected
    if person in NEVER:
        assert not expected


def test_a_plan_needs_leave_for_each_of_its_actions() -> None:
    plan: tuple[ActionType, ...] = ("set_election_timeouts", "restart_service")
    assert RULES.ruling(PEOPLE["senior"], PlanPermission.CONFIRM, "blue", plan[:1]) is None
    assert RULES.ruling(PEOPLE["senior"], PlanPermission.CONFIRM, "blue", plan) == Ruling.NOT_IN_GROUP.value


def test_a_second_person_is_asked_for_where_a_row_names_their_group() -> None:
    assert RULES.second_needed("blue", ["restart_service"])
    assert not RULES.second_needed("blue", ["start_service"])
    assert not RULES.second_needed("green", ["restart_service"])


def test_row_06_nobody_approves_what_they_confirmed_themselves() -> None:
    both = PEOPLE["in every group"]
    assert RULES.ruling(both, PlanPermission.APPROVE, "blue", ["clock_sync"], confirmed_by="U2") is None
    refusal = RULES.ruling(both, PlanPermission.APPROVE, "blue", ["clock_sync"], confirmed_by=both.id)
    assert refusal == "A second person must approve: you confirmed this plan yourself."


def test_where_no_row_holds_nobody_may_and_the_sentence_says_what_to_configure() -> None:
    refusal = RULES.ruling(PEOPLE["in every group"], PlanPermission.CONFIRM, "grey", ["clock_sync"])
    assert refusal == Ruling.NO_GROUP_CONFIGURED.value


def test_a_person_may_be_named_where_a_workspace_has_no_groups() -> None:
    named = Permissions((Permission(confirm_users=("U1", "U2")),))
    one, other = member(), member(id="U3")
    for part in (PlanPermission.PROPOSE, PlanPermission.CONFIRM):
        assert named.ruling(one, part, "blue", ["clock_sync"]) is None
        assert named.ruling(other, part, "blue", ["clock_sync"]) == Ruling.NOT_IN_GROUP.value
        assert named.decisive(part, "blue", ["clock_sync"]) == frozenset(), "Slack is asked about no group"
    assert named.ruling_on_silence(one, "blue") is None
    assert named.ruling_on_silence(other, "blue") == SILENCE_REFUSED
    approve = PlanPermission.APPROVE
    assert named.ruling(one, approve, "blue", ["clock_sync"], confirmed_by="U2") is None
    assert named.ruling(one, approve, "blue", ["clock_sync"], confirmed_by="U1") is not None
    assert named.ruling(member(is_guest=True), approve, "blue", ["clock_sync"]) == Ruling.GUEST.value


def test_who_is_named_to_confirm_does_not_approve_where_a_group_is_named_for_that() -> None:
    rows = Permissions((Permission(confirm_users=("U1",), second_groups=(SENIOR,)),))
    refused = rows.ruling(member(), PlanPermission.APPROVE, "blue", ["clock_sync"], confirmed_by="U2")
    assert refused == Ruling.NOT_IN_GROUP.value
    assert (
        rows.ruling(member(SENIOR), PlanPermission.APPROVE, "blue", ["clock_sync"], confirmed_by="U2") is None
    )


def test_a_silence_asks_the_first_row_of_the_cluster_that_names_a_group_or_else_who_may_restart() -> None:
    def member(group: str) -> Member:
        return Member(id="U1", team="T1", home_team="T1", groups=frozenset({group}))

    restart = Permission(actions=frozenset({"restart_service"}), confirm_groups=("restarters",))
    clocks = Permission(actions=frozenset({"clock_sync"}), confirm_groups=("clocks",))
    without = Permissions((clocks, restart))
    assert without.ruling_on_silence(member("restarters"), "blue") is None
    assert without.ruling_on_silence(member("clocks"), "blue") == SILENCE_REFUSED
    muted = Permission(
        clusters=frozenset({"blue"}), actions=frozenset({"clock_sync"}), silence_groups=("muters",)
    )
    named = Permissions((restart, muted))
    assert "muters" in named.groups
    assert named.ruling_on_silence(member("muters"), "blue") is None
    assert named.ruling_on_silence(member("restarters"), "blue") == SILENCE_REFUSED
    assert named.ruling_on_silence(member("restarters"), "green") is None
    assert Permissions().ruling_on_silence(member("muters"), "blue") == Ruling.NO_GROUP_CONFIGURED.value


def test_only_the_groups_of_the_rows_that_hold_are_asked_about() -> None:
    assert RULES.decisive(PlanPermission.CONFIRM, "blue", ["clock_sync"]) == {ON_CALL}
    assert RULES.decisive(PlanPermission.PROPOSE, "blue", ["clock_sync"]) == {ON_CALL, WATCHERS}
    assert RULES.decisive(PlanPermission.APPROVE, "blue", ["clock_sync", "start_service"]) == {
        ON_CALL,
        SENIOR,
    }
    assert RULES.decisive(PlanPermission.CONFIRM, "grey", ["clock_sync"]) == frozenset()


def test_a_group_that_is_gone_is_named_to_who_is_refused_and_keeps_nobody_out_who_is_in_another() -> None:
    without = member(gone=frozenset({ON_CALL}))
    for part in (PlanPermission.CONFIRM, PlanPermission.PROPOSE):
        refusal = RULES.ruling(without, part, "blue", ["clock_sync"])
        assert refusal == f"{Ruling.NOT_IN_GROUP.value} {GROUPS_GONE.format(groups=ON_CALL)}"
    assert (
        RULES.ruling_on_silence(without, "blue") == f"{SILENCE_REFUSED} {GROUPS_GONE.format(groups=ON_CALL)}"
    )
    senior = member(SENIOR, gone=frozenset({ON_CALL}))
    assert RULES.ruling(senior, PlanPermission.CONFIRM, "green", ["clock_sync"]) is None
    assert RULES.ruling(member(gone=frozenset({"S0X"})), PlanPermission.CONFIRM, "blue", ["clock_sync"]) == (
        Ruling.NOT_IN_GROUP.value
    )


@pytest.mark.parametrize(("cluster", "somebody"), [("blue", True), ("green", True), ("grey", False)])
def test_whether_anybody_may_confirm_is_known_beforehand(cluster: str, somebody: bool):
    assert RULES.somebody_may_confirm(cluster) is somebody


def test_a_person_who_is_named_is_somebody_and_a_group_that_proposes_is_not():
    assert Permissions((Permission(confirm_users=("U0ANN",)),)).somebody_may_confirm("demo")
    assert not Permissions((Permission(propose_groups=(WATCHERS,)),)).somebody_may_confirm("demo")
