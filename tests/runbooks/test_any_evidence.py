"""Whatever the fields of evidence hold, every runbook judges it, and keeps to what its rows say."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.lag_model import generate as lags
from lab.recovery_model import generate as recoveries
from lab.scenarios import generate
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.model import BY_HAND
from tests.any_evidence import any_evidence, disturbed

READ = (
    *(Evidence.model_validate(each.evidence) for each in tuple(generate(11))[:60]),
    *(Evidence.model_validate(each.evidence) for each in lags(seed=3, each=2)),
    *(Evidence.model_validate(each.evidence) for each in recoveries(seed=3, each=1)),
)


def made(seed: int) -> Evidence:
    """Evidence of any kind, or a cluster's with some readings of any kind."""
    chance = Random(seed)
    return any_evidence(chance) if seed % 2 else disturbed(chance.choice(READ), chance)


@pytest.mark.parametrize("name", RUNBOOKS)
@example(read=made(2035))  # large pings to a peer that is no node of the cluster
@given(read=st.integers(0, 1_000_000).map(made))
def test_row_12_no_value_of_any_field_keeps_it_from_judging(name: str, read: Evidence) -> None:
    runbook = RUNBOOKS[name]
    diagnosis = runbook.diagnose(read)
    assert diagnosis == runbook.diagnose(read)
    assert {finding.cause for finding in diagnosis.findings} <= runbook.CAUSES.keys()
    named = {remedy.name for finding in diagnosis.findings for remedy in finding.remedies}
    assert named <= {*runbook.REMEDIES, BY_HAND}
    for remedy in diagnosis.offers:
        assert tuple(step.action for step in runbook.plan(remedy, read).steps)
    runbook.is_recovered(read)
    runbook.hand_off(read)
