"""Whether a newer run has acted where this one wants to: a restored Redis may bring an older run back."""

from __future__ import annotations

from typing import NamedTuple

from handlers.domain import fences
from handlers.domain.incident import Incident
from handlers.ports import NotBegun, Obstacle, Ports
from handlers.remarks import remarked


class Checked(NamedTuple):
    """An incident after a check, and what the check found against an action."""

    incident: Incident
    obstacle: NotBegun | None


NOT_BELIEVED = (
    "The agent of {node} says that it has acted on a run that was never begun (fence {fence}), and no other"
    " agent says so: it is left out, look at that node."
)


async def check(ports: Ports, incident: Incident) -> Checked:
    """Return why a newer run overtook the newest run of this incident, or `None`; name an agent that lies.

    As long as Redis lives on, nobody can know of a newer fence than it gave out, so one agent alone that says
    so lies. Once Redis may have been put back, one alone is believed, and a silent one is not passed over.
    """
    run, life = incident.runs[-1], await ports.timelines.life()
    lives_on = incident.proposals[run.handle].life == life
    seen = await ports.agents.seen_fences(incident.cluster)
    lying = fences.liars(seen, run.fence if lives_on else fences.plausible(run.fence))
    notes = [(f"fence/{node}", NOT_BELIEVED.format(node=node, fence=seen[node])) for node in lying]
    if told := remarked(incident, ports.time.now(), notes):
        incident = await ports.timelines.append(incident, *told)
    said = {node: None if node in lying else fence for node, fence in seen.items()}
    return Checked(incident, _why(incident.cluster, run.fence, said, lives_on=lives_on))


def _why(cluster: str, fence: int, said: dict[str, int | None], *, lives_on: bool) -> NotBegun | None:
    if any(other is not None and other > fence for other in said.values()):
        return NotBegun(Obstacle.CHECK, f"A newer run has acted on {cluster}: this is an older one.")
    silent = ", ".join(node for node, other in said.items() if other is None)
    if silent and not lives_on:
        why = f"Redis has restarted since, and {silent} does not say whether a newer run has acted there."
        return NotBegun(Obstacle.CHECK, why)
    return None
