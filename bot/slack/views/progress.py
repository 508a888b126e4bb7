"""How far a reading is, while it is not everything: a task for each node, or a bar. Pure.

`plan` blocks are made for standalone messages as well as for streams, but not every workspace takes them
yet, so each goes out with the bar in reserve (`Message.plain`). A stream would be wrong here: it needs
somebody who asked, and ends after five minutes.
"""

from __future__ import annotations

from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape
from runbooks.evidence import Evidence, NodeEvidence
from runbooks.missing_kind import STILL_READING, MissingKind
from runbooks.wording import listed

MAX_TASKS = 12
"""Slack takes 50 tasks in a plan; more than a screen of them says less than a bar."""


def bar(evidence: Evidence) -> list[Block]:
    """Return `▓▓▓░░░ 1 of 2 nodes read, still being read: …`; nothing once all is read."""
    said = _how_far(evidence)
    if not said:
        return []
    read, of = sum(not _is_awaited(node) for node in evidence.nodes), len(evidence.nodes)
    drawn = "▓" * round(10 * read / of) + "░" * (10 - round(10 * read / of))
    return [blocks.context(f":hourglass_flowing_sand: {drawn} {escape(said)}")]


def plan(evidence: Evidence) -> list[Block]:
    """Return the progress as a plan with a task for each node; nothing where that is no help."""
    said = _how_far(evidence)
    if not said or len(evidence.nodes) > MAX_TASKS:
        return []
    tasks = [_task(node) for node in evidence.nodes]
    return [{"type": "plan", "block_id": "reading", "title": said, "tasks": tasks}]


def _how_far(evidence: Evidence) -> str:
    waiting = [node.node for node in evidence.nodes if _is_awaited(node)]
    if evidence.complete or not waiting:
        return ""
    of = len(evidence.nodes)
    said = f"{of - len(waiting)} of {of} nodes read, {STILL_READING}: {listed(waiting)}"
    return blocks.cut(said, 250)


def _is_awaited(node: NodeEvidence) -> bool:
    return node.health.kind is MissingKind.PENDING


def _task(node: NodeEvidence) -> Block:
    status, said = _came(node)
    task: Block = {
        "type": "task_card",
        "task_id": node.node[:255],
        "title": blocks.cut(node.node, 150),
        "status": status,
    }
    if said:
        words = {"type": "text", "text": said}
        section = {"type": "rich_text_section", "elements": [words]}
        task["output"] = {"type": "rich_text", "elements": [section]}
    return task


def _came(node: NodeEvidence) -> tuple[str, str]:
    if _is_awaited(node):
        return "in_progress", ""
    metrics = node.newest_metrics
    if metrics is None:
        return "error", blocks.cut(node.metrics_again.missing or "its metrics could not be read", 150)
    role = metrics.role.value if metrics.role else "role unknown"
    return "complete", f"{role}, term {'unknown' if metrics.term is None else metrics.term}"
