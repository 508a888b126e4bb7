"""Each shape of metrics page that Neumann's documents show is understood, and no page does harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nodes import metrics_page
from bot.nodes.metrics_page import NotAnExporterError
from runbooks.evidence import Metrics, Role

TEXT = "text/plain; version=0.0.4"


def parse(page: str, content_type: str) -> Metrics:
    return metrics_page.parse(page.encode(), content_type)


ONE_HOT = """
# HELP tensor_chain_raft_state Whether the node is in this role.
# TYPE tensor_chain_raft_state gauge
tensor_chain_raft_state{state="follower"} 0
tensor_chain_raft_state{state="candidate"} 0
tensor_chain_raft_state{state="leader"} 1
"""
ROLES = {
    "one-hot by label": ONE_HOT,
    "the active series alone": 'tensor_chain_raft_state{state="leader"} 1',
    "a bare number": "tensor_chain_raft_state 2",
    "a number with further labels": 'tensor_chain_raft_state{node="node1",cluster="demo"} 2.0',
    "raft_state as the label": 'tensor_chain_raft_state{raft_state="leader"} 1',
    "another letter case": 'tensor_chain_raft_state{state="Leader"} 1',
    "shouting": 'tensor_chain_raft_state{state="LEADER"} 1',
    "further labels": 'tensor_chain_raft_state{node="node1",state="leader",zone="a \\"b\\" }"} 1 1795418204',
}


@pytest.mark.parametrize("page", ROLES.values(), ids=ROLES.keys())
def test_the_leader_is_seen_in_every_shape(page: str) -> None:
    assert parse(page, TEXT) == Metrics(role=Role.LEADER)


@pytest.mark.parametrize(
    ("value", "role"), [(0, Role.FOLLOWER), (1, Role.CANDIDATE), (2, Role.LEADER), (3, None), (-1, None)]
)
def test_the_number_says_the_role(value: int, role: Role | None) -> None:
    assert parse(f"tensor_chain_raft_state {value}", TEXT).role is role


@pytest.mark.parametrize(
    "page",
    [
        ONE_HOT.replace("} 1", "} 0"),
        'tensor_chain_raft_state{state="shutdown"} 1',
        "tensor_chain_raft_state NaN",
        "tensor_chain_term 4",
    ],
    ids=["all zero", "an unknown role", "NaN", "not said"],
)
def test_a_role_that_is_not_said_is_unknown_and_not_follower(page: str) -> None:
    assert parse(page, TEXT).role is None


@pytest.mark.parametrize("types", [True, False], ids=["with TYPE lines", "without"])
def test_every_number_of_a_page_among_hundreds_of_others(types: bool) -> None:
    counters = {"tensor_chain_elections_total": 12}
    gauges = {
        "tensor_chain_term": 7,
        "tensor_chain_commit_index": 1001,
        "tensor_chain_applied_index": 1000,
        "tensor_chain_gossip_healthy": 2,
        "tensor_chain_gossip_failed": 1,
    }
    lines = [f'noise_total{{n="{number}"}} {number}' for number in range(400)]
    for kind, metrics in (("counter", counters), ("gauge", gauges)):
        for name, value in metrics.items():
            lines += [f"# TYPE {name} {kind}"] if types else []
            lines.append(f'{name}{{cluster="demo"}} {value}')
    lines.append("tensor_chain_term_changes 99")
    assert parse("\n".join(lines), TEXT) == Metrics(
        term=7, commit_index=1001, applied_index=1000, elections_total=12, gossip_healthy=2, gossip_failed=1
    )


def test_memory_has_two_names_and_seconds_of_cpu_keep_their_fraction() -> None:
    page = (
        "tensor_chain_memory_usage_bytes 900\ntensor_chain_memory_bytes 800\n"
        "tensor_chain_memory_limit_bytes 1e3\n"
        "tensor_chain_cpu_seconds_total 12.75\ntensor_chain_wal_size_bytes 5\n"
        "tensor_chain_disk_free_bytes 7\n"
    )
    assert parse(page, TEXT) == Metrics(
        memory_bytes=900,
        memory_limit_bytes=1000,
        cpu_seconds_total=12.75,
        wal_size_bytes=5,
        disk_free_bytes=7,
    )
    assert parse("tensor_chain_memory_bytes 800", TEXT).memory_bytes == 800


def test_what_a_page_shows_by_policy_is_added_up() -> None:
    page = (
        'tensor_chain_deadlock_victims_total{policy="youngest"} 3\n'
        'tensor_chain_deadlock_victims_total{policy="oldest"} 2\ntensor_chain_deadlocks_total 4\n'
    )
    assert parse(page, TEXT) == Metrics(deadlocks_total=4, deadlock_victims_total=5)


CASES = Path(__file__).parents[2] / "data" / "metrics"


def test_row_12_a_line_separator_in_a_foreign_label_loses_nothing() -> None:
    page = (CASES / "line-separator-in-a-foreign-label.txt").read_bytes()
    assert "\u2028".encode() in page
    assert metrics_page.parse(page, TEXT) == Metrics(
        role=Role.FOLLOWER, term=12, commit_index=900, applied_index=900, elections_total=4
    )


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r"])
def test_row_12_the_value_of_a_label_forges_no_sample(end: str) -> None:
    forged = f"{end}tensor_chain_term 999999{end}tensor_chain_raft_state 2{end}"
    page = (
        f'tensor_chain_term{{peer="x{forged}"}} 4\nother{{peer="y{forged}"}} 1\ntensor_chain_raft_state 0\n'
    )
    assert parse(page, TEXT) == Metrics(role=Role.FOLLOWER, term=4)


HOSTILE = {
    "more lines than any page has": ("\n" * 20_001, "more than 20000 lines"),
    "many label sets": ("".join(f'tensor_chain_term{{a="{n}"}} 1\n' for n in range(65)), "more samples"),
    "a thousand labels": (
        "tensor_chain_term{" + ",".join(f'l{n}="x"' for n in range(1000)) + "} 1",
        "longer",
    ),
}


@pytest.mark.parametrize(("page", "why"), HOSTILE.values(), ids=HOSTILE.keys())
def test_row_19_no_page_is_parsed_that_is_more_work_than_any_nodes(page: str, why: str) -> None:
    with pytest.raises(NotAnExporterError, match=why):
        parse(page, TEXT)


def test_what_is_no_count_is_no_value() -> None:
    page = (
        "tensor_chain_term 1e309\ntensor_chain_commit_index -1\ntensor_chain_elections_total 1e300\n"
        "tensor_chain_gossip_failed NaN\ntensor_chain_gossip_healthy 2\n"
    )
    assert parse(page, TEXT) == Metrics(gossip_healthy=2)


def test_what_is_no_number_is_no_value() -> None:
    page = "tensor_chain_term NaN\ntensor_chain_commit_index +Inf\ntensor_chain_applied_index 5"
    assert parse(page, TEXT) == Metrics(applied_index=5)


@pytest.mark.parametrize(
    ("page", "kind", "why"),
    [
        ("<!doctype html><title>Neumann</title>", "text/html; charset=utf-8", "HTML"),
        ("\n  <html>tensor_chain_term 4</html>", TEXT, "HTML"),
        ("", TEXT, "no tensor_chain_ metric"),
        ("up 1\n", TEXT, "no tensor_chain_ metric"),
        ("tensor_chain_term", TEXT, "not in Prometheus' text format"),
        ("tensor_chain_term seven", TEXT, "not in Prometheus' text format"),
        ('tensor_chain_raft_state{state="leader} 1', TEXT, "not in Prometheus' text format"),
    ],
)
def test_what_is_no_exporter_says_so_in_a_sentence(page: str, kind: str, why: str) -> None:
    with pytest.raises(NotAnExporterError, match=why):
        parse(page, kind)


def test_a_hostile_number_for_the_role_is_unknown() -> None:
    for value in ("+Inf", "-Inf", "1e300"):
        assert parse(f"tensor_chain_raft_state {value}", TEXT).role is None


NAMES = st.sampled_from(["tensor_chain_raft_state", "tensor_chain_term", "tensor_chain_elections_total"])
AFTER_NAME = st.text(st.sampled_from(list('{}="\\,# \tstae01.eE+-NaInf\u2028é\x00')), max_size=30)


@given(st.lists(st.tuples(NAMES, AFTER_NAME), min_size=1, max_size=4))
def test_no_page_gives_anything_but_values_or_that_sentence(lines: list[tuple[str, str]]) -> None:
    page = "\n".join(name + rest for name, rest in lines)
    try:
        assert isinstance(parse(page, TEXT), Metrics)
    except NotAnExporterError as error:
        assert str(error).startswith("The page")
