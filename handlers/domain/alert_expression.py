"""What an alert tells of its rule: the expression in its link to Prometheus, and the limit in it. Pure.

Whoever sent the alert wrote the link, so its host is never looked at; the expression is asked of the
configured Prometheus alone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from handlers.domain.alerts import Alert

MAX_LINK_CHARS = 8_000
MAX_EXPRESSION_CHARS = 2_000

_COMPARED = re.compile(
    r"(?P<query>.+?)\s*(?:==|!=|>=|<=|>|<)\s*(?:bool\s+)?(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)",
    re.DOTALL,
)
_IN_QUOTES = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_MATCHERS = re.compile(r"\{[^{}]*\}")
_INNERMOST = re.compile(r"\([^()]*\)")
_JOINED = re.compile(r"\b(?:and|or|unless)\b|[<>()]|[=!]=", re.IGNORECASE)


@dataclass(frozen=True)
class Compared:
    """A query whose values are plotted, and the number that its rule compares them with."""

    query: str
    limit: float | None = None


def expression_of(alert: Alert) -> str | None:
    """Return the PromQL of an alert's rule (`g0.expr` of its `generatorURL`); `None` where it tells none."""
    link = alert.generator_url
    if len(link) > MAX_LINK_CHARS:
        return None
    try:
        given = parse_qs(urlsplit(link).query, max_num_fields=50)
    except ValueError:
        return None
    expression = given.get("g0.expr", [""])[0].strip()
    return expression if 0 < len(expression) <= MAX_EXPRESSION_CHARS else None


def compared(expression: str) -> Compared:
    """Part `query > limit`, since the whole has values only while the alert's condition holds.

    An expression of several comparisons stays whole, as does one with a number that is none, such as `1e999`.
    """
    found = _COMPARED.fullmatch(expression)
    if found is None or not _is_one(found["query"]) or not math.isfinite(float(found["limit"])):
        return Compared(expression)
    return Compared(found["query"], float(found["limit"]))


def _is_one(query: str) -> bool:
    """Return whether a query's brackets are balanced, and nothing is compared or joined outside them."""
    bare = _MATCHERS.sub("", _IN_QUOTES.sub("", query))
    while (less := _INNERMOST.sub("", bare)) != bare:
        bare = less
    return not _JOINED.search(bare)
