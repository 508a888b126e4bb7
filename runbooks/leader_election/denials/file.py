"""Denials of nodes that cannot accept connections because their open files are used up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.wording import counted

FAILED_PER_MIN = 30.0
"""Accepts a minute that fail, from which on it is no passing error: out of files, each try is logged."""

_NO_FILES = re.compile(r"Accept error\b.*\(os error (?:23|24)\)")
"""ENFILE and EMFILE of Linux."""


def file_denials(facts: Facts) -> Iterator[Denial]:
    """Yield a denial for each running node whose accepts keep failing for want of open files."""
    for name in facts.running:
        failed = facts.logged(name, "accept_error")
        log = facts.current_log(name)
        if log is None or facts.logged_per_min(name, "accept_error") < FAILED_PER_MIN:
            continue
        if not (log.counts.get("too_many_files") or any(map(_NO_FILES.search, log.excerpts))):
            continue
        because = f"{name}: {counted(failed, 'accept')} failed, too many open files (log, agent:{name})"
        yield Denial(RootCause.TOO_MANY_FILES, Known.BY_ONE, because=because, node=name, by=name)
