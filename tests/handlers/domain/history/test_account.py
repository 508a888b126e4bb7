"""What an incident came to: the cause it was about, how it ended, how long each part took."""

from __future__ import annotations

from datetime import timedelta

from handlers.domain.events import Event
from handlers.domain.events.lifecycle import Closed, Reopened
from handlers.domain.events.recovery import LeaderVerified
from handlers.domain.events.triage import Acknowledged
from handlers.domain.history.account import Account, Outcome, account_of
from tests.bot import incidents
from tests.builders import ALICE, BOB, NOON, alert, diagnosed, evidence, opened

LATER = incidents.LATER


def told(*events: Event) -> Account:
    account = account_of("inc-7", events)
    assert account
    return account


def test_a_quorum_that_the_bot_brought_back() -> None:
    begun = Acknowledged(at=NOON + timedelta(seconds=40), by=BOB)
    events = incidents.healed()
    account = told(*events[:3], begun, *events[3:])
    assert (account.outcome, account.cause, account.nodes) == (
        Outcome.MENDED,
        "quorum_loss",
        ("node2", "node3"),
    )
    assert account.mended_by
    assert account.mended_by.plan.remedy in account.remedies
    assert (account.acknowledged_after, account.mended_after) == (
        timedelta(seconds=40),
        timedelta(minutes=3),
    )
    assert account.detected_after == account.diagnosed_after == timedelta()


def test_the_reading_after_the_mend_shows_a_sound_cluster_and_that_is_not_the_cause() -> None:
    before_leader = incidents.healed()[:-3]
    well = diagnosed(evidence(*incidents.led()))
    account = told(*before_leader, *well, *incidents.healed()[-3:])
    assert (account.cause, account.outcome) == ("quorum_loss", Outcome.MENDED)


def test_what_is_found_after_the_recovery_is_another_matter() -> None:
    account = told(*incidents.healed(), Reopened(at=LATER, by=ALICE), *diagnosed(incidents.skew()))
    assert (account.cause, account.outcome) == ("quorum_loss", Outcome.OPEN)


def test_a_leader_that_came_without_a_run_recovered_and_nobody_is_said_to_have_mended_it() -> None:
    verified = LeaderVerified(at=LATER, leadership=incidents.LEADERSHIP, stable_s=10)
    account = told(opened(), *diagnosed(incidents.partition()), verified, Closed(at=LATER, detail=""))
    assert account.outcome is Outcome.RECOVERED
    assert account.mended_by is None


def test_a_run_that_stopped_mended_nothing() -> None:
    stopped = incidents.carried_out(incidents.quorum_loss(), "not_done", "It does not start.")
    verified = LeaderVerified(at=LATER, leadership=incidents.LEADERSHIP, stable_s=10)
    account = told(*stopped, verified, Closed(at=LATER, detail=""))
    assert account.outcome is Outcome.RECOVERED
    assert account.mended_by is None


def test_where_nothing_was_wrong_any_more_it_is_a_false_alarm() -> None:
    assert told(*incidents.false_alarm()).outcome is Outcome.FALSE_ALARM


def test_what_closes_without_proof_is_said_to_be_that() -> None:
    resolved = Closed(at=LATER, detail="", by=ALICE)
    account = told(opened(), *diagnosed(incidents.blind()), resolved)
    assert (account.outcome, account.cause) == (Outcome.UNPROVEN, None)


def test_a_first_look_that_is_not_complete_names_no_cause() -> None:
    partly = incidents.quorum_loss().model_copy(update={"complete": False})
    assert told(opened(), *diagnosed(partly)).cause is None


def test_a_cause_that_names_every_node_is_no_nodes_fault() -> None:
    account = told(opened(), *diagnosed(incidents.tight_timeouts()))
    assert (account.cause, account.names_all, account.offenders) == ("aggressive_timeouts", True, ())


def test_the_time_to_detect_begins_with_the_alert_and_is_never_below_nothing() -> None:
    late = opened(alert()).model_copy(update={"at": NOON + timedelta(minutes=2)})
    assert told(late).detected_after == timedelta(minutes=2)
    early = opened(alert()).model_copy(update={"at": NOON - timedelta(minutes=2)})
    assert told(early).detected_after == timedelta()


def test_a_claim_that_was_never_opened_is_no_incident() -> None:
    assert account_of("inc-7", ()) is None
