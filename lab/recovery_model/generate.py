"""Cases: a cluster with one fault or none, and what a reading of it says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from lab.case import Case
from lab.recovery_model.document import document
from lab.recovery_model.faults import FAULTS, OF_FIVE
from lab.recovery_model.scene import Scene, scene
from lab.recovery_model.truth import Play
from lab.second_model.losses import lose

READINGS_LOST = 0.5
"""Share of the documents in which a group of readings is missing."""


def generate(seed: int, each: int = 15) -> Iterator[Case]:
    """Yield so many cases of each fault, whole and with readings lost."""
    draw = random.Random(seed)  # noqa: S311 - a model, not a secret
    for number in range(each):
        for fault, play in FAULTS.items():
            yield _case(draw, f"{number}-{fault}", play, counts=(5, 7) if fault in OF_FIVE else (3, 3, 5))


def _case(draw: random.Random, name: str, play: Play, counts: tuple[int, ...]) -> Case:
    made = scene(draw, counts)
    truth = play(made)
    read = document(made)
    came = _pages_that_came(read)
    blurred = draw.random() < READINGS_LOST
    story = lose(draw, read) if blurred else ""
    # A page that an agent reads, and that is lost on its way to the bot, is one that is not seen.
    lost = came - _pages_that_came(read)
    unseen = any(n["node"] in lost and n["local_metrics"]["value"] is not None for n in read["nodes"])
    words = {
        *({"page_unseen"} if unseen else ()),
        *({"node_unreachable"} if _silent_and_cut(made, read) else ()),
    }
    return Case(
        f"{name} {story}".strip(),
        "readings_lost" if blurred else "as_read",
        read,
        truth.causes | words,
        truth.restart,
        starts=truth.starts,
        also_helps=truth.also_helps,
    )


def _pages_that_came(read: dict[str, Any]) -> frozenset[str]:
    """Return the nodes whose page came to the bot itself."""
    samples = ("metrics", "metrics_again")
    return frozenset(n["node"] for n in read["nodes"] if any(n[each]["value"] for each in samples))


def _silent_and_cut(made: Scene, read: dict[str, Any]) -> bool:
    """Return whether a node is cut off of which nothing was read: it is as silent as one without power."""
    cut = {host.name for host in made.hosts if host.cut}
    told = [{name for name, each in n.items() if name != "node" and each["value"]} for n in read["nodes"]]
    return any(n["node"] in cut and not values for n, values in zip(read["nodes"], told, strict=True))
