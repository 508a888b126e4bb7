"""What an alert tells of its rule is a stranger's word, of which the expression alone is taken."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from handlers.domain.alert_expression import MAX_EXPRESSION_CHARS, Compared, compared, expression_of
from handlers.domain.alerts import Alert
from tests.builders import alert


def linked(url: str) -> Alert:
    return alert("Odd").model_copy(update={"generator_url": url})


def test_the_expression_is_taken_and_the_host_is_not_looked_at() -> None:
    expression = "sum by (node) (rate(x[5m])) > 3\n"
    for host in ("http://prometheus:9090/graph", "file:///etc/passwd", "http://[::1", ""):
        found = expression_of(linked(f"{host}?g0.expr={quote(expression)}&g0.tab=1"))
        assert found == (None if "[" in host else expression.strip())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://prometheus:9090/graph",
        "http://prometheus:9090/graph?g0.expr=",
        "http://prometheus:9090/graph?g0.expr=" + "x" * (MAX_EXPRESSION_CHARS + 1),
        "http://prometheus:9090/graph?g0.expr=up&" + "&".join(f"a{n}=1" for n in range(60)),
        "http://prometheus:9090/graph?g0.expr=up#" + "x" * 10_000,
    ],
)
def test_where_it_tells_none_or_too_much_there_is_none(url: str) -> None:
    assert expression_of(linked(url)) is None


PARTED = {
    "free_bytes < 10737418240": ("free_bytes", 10737418240.0),
    "free_bytes{path!~'/boot > 1'}<1e10": ("free_bytes{path!~'/boot > 1'}", 1e10),
    'sum(raft_state{state="leader"}) == 0': ('sum(raft_state{state="leader"})', 0.0),
    "a - b > bool 1000": ("a - b", 1000.0),
    "count(up == 0) >= 2": ("count(up == 0)", 2.0),
    "rate(x[5m]) > -.5": ("rate(x[5m])", -0.5),
    'x{job="a and b"}  !=  1': ('x{job="a and b"}', 1.0),
}
WHOLE = (
    "up",
    "absent(up)",
    "a > 1 and b > 2",
    "a and b > 2",
    "a > b",
    "(a > 1) or b > 2",
    "a) > 1",
    "a > 1 < 2",
    "(a > 3)",
    "a > 1e999",
    "a > -1e999",
)


@pytest.mark.parametrize("expression", PARTED)
def test_one_comparison_with_a_number_is_a_query_and_its_limit(expression: str) -> None:
    assert compared(expression) == Compared(*PARTED[expression])


@pytest.mark.parametrize("expression", WHOLE)
def test_any_other_expression_is_plotted_whole(expression: str) -> None:
    assert compared(expression) == Compared(expression)
