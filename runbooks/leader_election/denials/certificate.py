"""Denials between nodes one of which shows what the other must refuse: outdated, or for another name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbooks.electability import Denial, Known
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.certificates import Certificates
from runbooks.leader_election.facts import Facts
from runbooks.raft import Pair
from runbooks.wording import listed

_OF_NAMES = re.compile(r"NotValidForName|not valid for (?:the )?name|(?:host ?)?name mismatch", re.IGNORECASE)
"""How rustls and OpenSSL complain of a certificate for another name."""


def refused_pairs(facts: Facts, loud: tuple[str, ...], certificates: Certificates) -> frozenset[Pair]:
    """Return the pairs whose handshakes fail by what their certificates say.

    How nodes are named is only guessed here, so a name counts where a log complains of names.
    """
    logs = [facts.current_log(name) for name in loud]
    named = any(_OF_NAMES.search(line) for log in logs if log for line in log.excerpts)
    return certificates.outdated | (certificates.misnamed if named else frozenset())


def unlogged_denials(facts: Facts, certificates: Certificates) -> Iterator[Denial]:
    """Yield the votes that outdated certificates may deny, where no log says that no handshake fails.

    Dates are checked in handshakes alone: connections that are older go on.
    """
    dated = {name for name, bad in certificates.bad.items() if bad.fault != "wrong name"}
    blamed = frozenset({*dated, *certificates.misjudged_by})
    silent = {name for name in facts.running if facts.current_log(name) is None}
    because = "; ".join(certificates.said_of(sorted(blamed)))
    for pair in sorted(certificates.outdated):
        if blamed & set(pair) and set(pair) <= set(facts.running) and silent & set(pair):
            lacks = f"whether handshakes fail: the log of {listed(sorted(silent & set(pair)))}"
            yield Denial(RootCause.TLS_FAILURE, Known.MAYBE, because=because, pair=pair, lacks=lacks)
            yield Denial(RootCause.TLS_FAILURE, Known.MAYBE, pair=pair[::-1], lacks=lacks)
