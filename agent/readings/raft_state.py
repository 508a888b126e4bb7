"""Read from the node's own metrics page which role it has, and in which term."""

from __future__ import annotations

import re
from typing import get_args

from agent.errors import ReadingError
from agent.protocol import Raft, RaftRole
from agent.readings.metrics_page import read_metrics
from agent.settings import Settings

_SAMPLE = re.compile(
    r"tensor_chain_(?P<name>raft_state|term)(?P<labels>\{.*\})?[ \t]+(?P<value>[0-9]{1,15})(?:\.0*)?"
    r"(?:[ \t]+[0-9]+)?[ \t]*"
)
_BEGINS = re.compile(r"tensor_chain_(?:raft_state|term)(?=[{ \t])")
_STATE = re.compile(r'[{,][ \t]*(?:raft_)?state="([A-Za-z]+)"')
_NUMBERED: tuple[RaftRole, ...] = ("follower", "candidate", "leader")
"""The roles of a page that shows one bare number."""


async def read_raft(settings: Settings) -> Raft:
    """Return the node's role and term.

    Raises:
        ReadingError: If the page does not say both in a way that leaves no doubt.
    """
    return parse_raft((await read_metrics(settings)).text)


def parse_raft(text: str) -> Raft:
    """Read role and term from a page in any of the shapes that Neumann's documents show.

    The role may be one-hot by label, its active series alone, or a bare 0, 1 or 2.

    Raises:
        ReadingError: If they are not there, or there twice, or a line of them cannot be read.
    """
    lines = [line for line in text.split("\n") if _BEGINS.match(line)]
    samples = [_SAMPLE.fullmatch(line) for line in lines]
    found = [sample for sample in samples if sample]
    terms = {int(each["value"]) for each in found if each["name"] == "term"}
    roles = {role for each in found if each["name"] == "raft_state" for role in _roles(each)}
    if len(found) != len(lines) or len(terms) != 1 or len(roles) != 1:
        raise ReadingError("The metrics page does not say clearly which role the node has, in which term.")
    return Raft(role=roles.pop(), term=terms.pop())


def _roles(sample: re.Match[str]) -> list[RaftRole]:
    """Return the role that one series claims: none where it says that the node is not in that one."""
    value = int(sample["value"])
    label = _STATE.search(sample["labels"] or "")
    if label is None:
        return [_NUMBERED[value]] if value < len(_NUMBERED) else []
    return [role for role in get_args(RaftRole) if role == label[1].lower() and value == 1]
