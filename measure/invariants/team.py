"""The people of the state machine, and the groups that they are in at first."""

from __future__ import annotations

from handlers.domain.events.base import Person
from tests.builders import ALICE
from tests.handlers.world import HOME

ON_CALL, SECOND = "S0ONCALL01", "S0SENIOR01"
CAROL = Person(id="U0CAROL001", name="carol", team=HOME)
GROUPS = {ALICE.id: frozenset({ON_CALL}), CAROL.id: frozenset({ON_CALL, SECOND})}
