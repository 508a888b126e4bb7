"""A past incident is like a new one where cluster, runbook, cause, nodes and a proven remedy say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.domain.history.account import Account, account_of
from handlers.domain.history.likeness import cause_of, is_like, sentence
from handlers.domain.incident import Incident
from runbooks.evidence import Evidence
from tests.bot import incidents
from tests.builders import NOON, diagnosed, evidence, opened


def new(read: Evidence | None = None) -> Incident:
    return incidents.incident(opened(), *diagnosed(read or incidents.quorum_loss()))


def past(read: Evidence | None = None) -> Account:
    account = account_of("inc-12-k3xqf", incidents.mended(read or incidents.quorum_loss()))
    assert account
    assert account.mended_by
    return account


def test_the_same_cause_on_the_same_nodes_that_a_remedy_mended_is_alike() -> None:
    assert is_like(new(), past())
    assert is_like(new(incidents.tight_timeouts()), past(incidents.tight_timeouts()))


UNLIKE: dict[str, Callable[[Account], Account]] = {
    "another cluster": lambda each: replace(each, cluster="eu"),
    "another runbook": lambda each: replace(each, runbook="split-brain"),
    "another cause": lambda each: replace(each, cause="clock_skew"),
    "no sure cause": lambda each: replace(each, cause=None),
    "fewer nodes": lambda each: replace(each, nodes=("node2",)),
    "more nodes": lambda each: replace(each, nodes=("node1", "node2", "node3")),
    "no run that mended it": lambda each: replace(each, mended_by=None),
    "a run against something else": lambda each: replace(each, remedies=frozenset({"clock_sync"})),
}


@pytest.mark.parametrize("unlike", UNLIKE.values(), ids=UNLIKE.keys())
def test_one_difference_is_enough_to_say_nothing(unlike: Callable[[Account], Account]) -> None:
    assert not is_like(new(), unlike(past()))


def test_a_new_one_of_which_nothing_is_sure_is_like_none() -> None:
    unsure = new(incidents.blind())
    assert cause_of(unsure) is None
    assert not is_like(unsure, past())
    partly = incidents.quorum_loss().model_copy(update={"complete": False})
    assert not is_like(new(partly), past()), "the rest may say something else"
    assert not is_like(new(evidence(*incidents.led())), past())


def test_the_order_of_the_nodes_makes_no_difference() -> None:
    assert is_like(new(), replace(past(), nodes=("node3", "node2")))


def test_the_sentence_names_when_it_was_what_it_was_and_what_mended_it() -> None:
    assert sentence(past(), NOON + timedelta(days=9)) == (
        "Like inc-12-k3xqf of 24 November: the same cause (Quorum loss) on the same nodes (node2 and node3),"
        " mended by “Start stopped nodes”, well again after 3 min 00 s."
    )
    next_year = sentence(replace(past(), nodes=("node3",)), NOON + timedelta(days=60))
    assert " of 24 November 2026: " in next_year
    assert " on the same node (node3), " in next_year
