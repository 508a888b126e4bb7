"""Who may act: a pure decision with a reason."""

from dataclasses import FrozenInstanceError, replace

import pytest

from handlers.domain.policy import Member, Ruling, may_act

ON_CALL = ("S1",)
ALICE = Member("U1", team="T1", home_team="T1", groups=frozenset({"S1"}))


@pytest.mark.parametrize(
    ("member", "groups", "ruling"),
    [
        (ALICE, ON_CALL, Ruling.ALLOWED),
        (replace(ALICE, groups=frozenset({"S9", "S1"})), ON_CALL, Ruling.ALLOWED),
        (ALICE, ("S2", "S1"), Ruling.ALLOWED),
        (replace(ALICE, groups=frozenset()), ON_CALL, Ruling.NOT_IN_GROUP),
        (replace(ALICE, groups=frozenset({"S2"})), ON_CALL, Ruling.NOT_IN_GROUP),
        (ALICE, (), Ruling.NO_GROUP_CONFIGURED),
        (replace(ALICE, team="T2"), ON_CALL, Ruling.FOREIGN),
        (replace(ALICE, is_deactivated=True), ON_CALL, Ruling.DEACTIVATED),
        (replace(ALICE, is_bot=True), ON_CALL, Ruling.BOT),
        (replace(ALICE, is_guest=True), ON_CALL, Ruling.GUEST),
    ],
)
def test_the_ruling_names_its_reason(member: Member, groups: tuple[str, ...], ruling: Ruling) -> None:
    assert may_act(member, groups) is ruling


def test_a_member_is_what_the_workspace_said() -> None:
    with pytest.raises(FrozenInstanceError):
        ALICE.is_guest = True  # type: ignore[misc]
