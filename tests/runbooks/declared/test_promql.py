"""A cluster's name in a query: whatever characters it has, it stays one label's value."""

from __future__ import annotations

import pytest

from runbooks.declared.promql import is_outside_of_quotes, with_cluster
from tests.builders import evidence
from tests.runbooks.declared.texts import declared

EVIL = 'eu"} or vector(1) #'


@pytest.mark.parametrize(
    ("query", "cluster", "asked"),
    [
        ('up{cluster="$cluster"}', "demo", 'up{cluster="demo"}'),
        ('up{cluster="$cluster"}', EVIL, 'up{cluster="eu\\"} or vector(1) #"}'),
        ('up{cluster="$cluster"}', "eu\\", 'up{cluster="eu\\\\"}'),
        ('up{cluster="$cluster"}', "eu\n1", 'up{cluster="eu\\n1"}'),
        ('up{cluster=~"$cluster-.*"}', "eu.1", 'up{cluster=~"eu\\\\.1-.*"}'),
        ('up{cluster!~ "$cluster"}', ".*", 'up{cluster!~ "\\\\.\\\\*"}'),
        ('up{cluster=~"a|$cluster",job="$cluster"}', "x|y", 'up{cluster=~"a|x\\\\|y",job="x|y"}'),
        ('a{b="\\"$cluster"} + c{d="$cluster"}', "e", 'a{b="\\"e"} + c{d="e"}'),
    ],
)
def test_the_name_is_escaped_for_where_it_stands(query: str, cluster: str, asked: str) -> None:
    assert with_cluster(query, cluster) == asked


@pytest.mark.parametrize(
    "query",
    [
        "up{cluster=$cluster}",
        "up{cluster='$cluster'}",
        "up{cluster=`$cluster`}",
        '$cluster{job="$cluster"}',
        'up # "$cluster"',
        "up{a='\"',cluster=$cluster,b='\"'}",
    ],
)
def test_where_it_could_not_be_escaped_a_runbook_may_not_ask_for_it(query: str) -> None:
    assert is_outside_of_quotes(query)


@pytest.mark.parametrize("query", ["up", 'up{cluster="$cluster"}', "up{a='#',cluster=\"$cluster\"} # all"])
def test_in_double_quotes_it_may(query: str) -> None:
    assert not is_outside_of_quotes(query)


def test_a_plot_asks_for_this_cluster_and_for_nothing_beside_it() -> None:
    read = evidence().model_copy(update={"cluster": EVIL})
    (plot,) = declared().hand_off(read).instructions.plots  # type: ignore[union-attr]
    assert plot.query == 'tensor_chain_disk_free_bytes{cluster="eu\\"} or vector(1) #"}'
