"""Count the elections between two samples of the metrics pages."""

from __future__ import annotations

from runbooks.evidence import Evidence


def elections_between_samples(evidence: Evidence) -> tuple[int, float] | None:
    """Return the elections started between the two samples, and the seconds between them.

    A counter that fell was reset by a restart: what it shows now is what was added since. A term is
    one election at least, so the highest term's growth counts where the counters show less.
    """
    added, seconds, terms = 0, [], ([0], [0])
    for node in evidence.nodes:
        before, after = node.metrics.value, node.metrics_again.value
        if not before or not after or before.elections_total is None or after.elections_total is None:
            continue
        for seen, sample in zip(terms, (before, after), strict=True):
            seen.append(sample.term or 0)
        grown = after.elections_total - before.elections_total
        added += grown if grown >= 0 else after.elections_total
        seconds.append((node.metrics_again.at - node.metrics.at).total_seconds())
    return (max(added, max(terms[1]) - max(terms[0])), max(seconds)) if seconds else None
