"""Draw the whole suite: 600 scenarios, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from lab.scenarios.build import Drawn
from lab.scenarios.compounds import compound
from lab.scenarios.defects import LIES, MISSING
from lab.scenarios.negatives import negative
from lab.scenarios.readings import Document, read
from lab.scenarios.scenario import Family, Scenario
from lab.scenarios.seen import as_seen, leaders
from lab.scenarios.singles import single
from lab.scenarios.thresholds import threshold

COUNTS: dict[Family, int] = {
    "single": 220,
    "compound": 120,
    "missing": 80,
    "lying": 40,
    "threshold": 40,
    "negative": 100,
}
Spoil = Callable[[Random, Document], str]
# Every second scenario of these families has one cause; the others two, or none.
_UNDER: tuple[Callable[[Random, int], Drawn], ...] = (single, single, single, compound, single, negative)


def generate(seed: int = 1) -> Iterator[Scenario]:
    """Draw every scenario of a seed.

    Args:
        seed: Another seed gives other clusters, other nodes at fault and other figures.
    """
    for family, count in COUNTS.items():
        for number in range(count):
            # A string is hashed by its bytes, so one scenario does not hang on the draws of another.
            yield _scenario(family, number, Random(f"{seed}/{family}/{number}"))  # noqa: S311


def _scenario(family: Family, number: int, random: Random) -> Scenario:
    case = _draw(family, number, random)
    document = read(case.world)
    truth, story = case.truth, case.story
    if family in {"missing", "lying"}:
        spoils: tuple[Spoil, ...] = MISSING if family == "missing" else LIES
        leading = leaders(document)
        said = _spoil(random, document, spoils[number % len(spoils)])
        truth, story = replace(truth, may_be_undetermined=True), f"{story}; {said}"
        truth = as_seen(truth, document, leading) if family == "missing" else truth
    return Scenario(
        name=f"{family}-{number:03}-{'+'.join(sorted(truth.causes))}",
        family=family,
        evidence=document,
        truth=truth,
        description=story,
        one_hot=case.world.one_hot,
    )


def _draw(family: Family, number: int, random: Random) -> Drawn:
    if family == "compound":
        return compound(random, number)
    if family == "threshold":
        return threshold(random, number)
    if family == "negative":
        return negative(random, number)
    if family == "single":
        return single(random, number)
    return random.choice(_UNDER)(random, random.randrange(1000))


def _spoil(random: Random, document: Document, spoil: Spoil) -> str:
    """Spoil the document; a lie that nobody is left to tell is told about links by whoever can be read."""
    try:
        return spoil(random, document)
    except IndexError:
        return "nobody could be read who might have lied"
