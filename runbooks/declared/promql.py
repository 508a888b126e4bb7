"""Put a cluster's name into a query so that it stays a name, whatever characters it has."""

from __future__ import annotations

import json
import re

CLUSTER = "$cluster"
"""Stands for the cluster's name wherever it is written in a runbook's file."""

_TOKEN = re.compile(
    r"""(?P<matches>(?:=~|!~)\s*)?"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?:[^'\\]|\\.)*'|`[^`]*`|\#[^\n]*""",
    re.DOTALL,
)
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""What has a meaning in RE2, Prometheus' regular expressions."""


def with_cluster(query: str, cluster: str) -> str:
    """Return the query for a cluster: its name escaped for a string, and for RE2 where that is one."""
    return _TOKEN.sub(lambda token: _named(token, cluster), query)


def is_outside_of_quotes(query: str) -> bool:
    """Return whether the name is asked for where it could not be quoted: anywhere but in double quotes."""
    return CLUSTER in _TOKEN.sub(lambda token: "" if token["quoted"] is not None else token[0], query)


def _named(token: re.Match[str], cluster: str) -> str:
    if token["quoted"] is None:
        return token[0]
    literal = _SPECIAL.sub(r"\\\g<0>", cluster) if token["matches"] else cluster
    return token[0].replace(CLUSTER, json.dumps(literal)[1:-1])
