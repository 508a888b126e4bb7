"""A diagnosis for a terminal: the summary, the nodes, the links, and each cause by how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from bot.cli.terminal import Look, hanging, words
from bot.evidence_tables import (
    GROUP_HEADINGS,
    HEADINGS,
    all_links_open,
    cut_links,
    group_rows,
    link_rows,
    node_rows,
    not_read,
)
from runbooks.all_runbooks import button_of_remedy, title_of_cause
from runbooks.evidence import Evidence
from runbooks.model import BY_HAND, SURE, Diagnosis, Finding, Remedy, Verdict
from runbooks.wording import MAX_NAMES, listed

MAX_TABLE_NODES = 12
"""Nodes from which on the tables tell groups, so that an answer fits on a screen."""

MAX_POINTS = 3
"""Points for and against a cause that are shown of a large cluster on a screen; a pipe gets all."""

STYLES: Mapping[Verdict, str] = {
    Verdict.CONFIRMED: "bold red",
    Verdict.LIKELY: "bold yellow",
    Verdict.POSSIBLE: "cyan",
    Verdict.UNDETERMINED: "magenta",
    Verdict.RULED_OUT: "dim",
}
ROLES = {"leader": "bold green", "candidate": "yellow"}


def diagnosis(evidence: Evidence, judged: Diagnosis, look: Look) -> Iterator[RenderableType]:
    """Yield what was read and what follows from it; of a large cluster groups, and what differs."""
    folded = len(evidence.nodes) > MAX_TABLE_NODES
    style = "green" if judged.leadership.leader else "red"
    yield look.headline(judged.summary, evidence.cluster, style)
    yield from _gap(look)
    yield from _nodes(evidence, look, folded=folded)
    yield from _gap(look)
    yield from _links(evidence, look, folded=folded)
    yield words("")
    yield words(f"Can it elect? {judged.can_elect}: {judged.can_elect_reason}.")
    brief = folded and not look.is_plain
    shown = [each for each in judged.findings if not brief or each.verdict in SURE]
    for each in shown or judged.findings[:1]:
        yield from finding(each, at_most=MAX_POINTS if brief else None)
    if brief:
        yield from _rest([each for each in judged.findings if each not in (shown or judged.findings[:1])])
    unread = not_read(evidence, limit=3 if brief else 8)
    if unread and not look.is_plain:
        yield words("")
    yield from (words(line, "dim") for line in unread)


def _gap(look: Look) -> Iterator[RenderableType]:
    """Part what no frame parts."""
    if look.is_plain:
        yield words("")


def _nodes(evidence: Evidence, look: Look, *, folded: bool) -> Iterator[RenderableType]:
    if not folded:
        rows = [
            [words(cell, ROLES.get(cell, "") if place == 1 else "") for place, cell in enumerate(row)]
            for row in node_rows(evidence)
        ]
        yield look.table(HEADINGS, rows)
        return
    groups, beside = group_rows(evidence)
    yield look.table(GROUP_HEADINGS, groups)
    yield from (words(line) for line in beside)


def _links(evidence: Evidence, look: Look, *, folded: bool) -> Iterator[RenderableType]:
    if not look.is_plain and all_links_open(evidence):
        yield words("Every node reaches every other.")
        return
    headings, rows = link_rows(evidence)
    if folded or not (look.is_plain or look.fits(headings, rows)):
        yield from (words(line) for line in cut_links(evidence))
    else:
        yield look.table(headings, [[_link(cell) for cell in row] for row in rows])


def _link(cell: str) -> Text:
    return words(cell, {"ok": "green", "—": "dim", "?": "magenta"}.get(cell, ""))


def finding(judged: Finding, at_most: int | None = None) -> Iterator[RenderableType]:
    """Yield a cause, what speaks for it and against it, and what to do; at most so many points of each."""
    names = listed(judged.nodes, MAX_TABLE_NODES if at_most is None else MAX_NAMES)
    nodes = f" ({names})" if judged.nodes else ""
    verdict, style = judged.verdict.value.replace("_", " "), STYLES[judged.verdict]
    yield words("")
    yield hanging(f"{verdict}: ", f"{title_of_cause(judged.cause)}{nodes}", style, style)
    for sign, points in (("+", judged.evidence_for), ("-", judged.evidence_against)):
        for point in points[:at_most]:
            yield hanging(f"  {sign} ", point, "bold")
        if at_most is not None and len(points) > at_most:
            yield words(f"  {sign} and {len(points) - at_most} more, in --json", "dim")
    if judged.would_decide:
        yield hanging("  would decide: ", judged.would_decide)
    for remedy in judged.remedies:
        yield hanging("  ", _advice(remedy), body_style="bold" if remedy.offered else "")


def _advice(remedy: Remedy) -> str:
    """Return what to do, or why a button would not help."""
    button = button_of_remedy(remedy.name)
    if remedy.name == BY_HAND:
        return f"{button}: {remedy.reason}"
    return f"{button}: {'offered' if remedy.offered else 'not offered'}. {remedy.reason}"


def _rest(findings: list[Finding]) -> Iterator[RenderableType]:
    """Yield a line for each verdict of what is not shown in full."""
    yield words("")
    for verdict in STYLES:
        if names := [title_of_cause(each.cause) for each in findings if each.verdict is verdict]:
            yield hanging(f"{verdict.value.replace('_', ' ')}: ", listed(names), STYLES[verdict])
