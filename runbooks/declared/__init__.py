"""Runbooks that are data: a TOML file with text, readings, plots and steps, and no rule of its own.

They obey the same Protocol as the others. What they cannot do is judge, act, or prove that all is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from runbooks.declared import shown
from runbooks.declared.document import Document, Step
from runbooks.declared.promql import CLUSTER, with_cluster
from runbooks.declared.unjudged import TITLE, unjudged
from runbooks.evidence import Evidence
from runbooks.hand_off import HandOff, HandOffStep, Instructions, Link, Plot
from runbooks.model import Cause, Diagnosis, Recovery, RecoveryNeeds, Remedy, RemedyKind


class DeclaredRunbook:
    """A `Runbook` that says what its file says; `place` is that file."""

    def __init__(self, document: Document, place: str) -> None:
        word = f"{document.name.replace('-', '_')}_unjudged"
        sentence = "no rule judges it"
        self.NAME: str = document.name
        self.TITLE: str = document.title
        self.URL: str = document.url
        self.ALERTS: frozenset[str] = frozenset(document.match.alerts)
        self.LABELS: Mapping[str, str] = document.match.labels
        self.AIM: str = "end"
        self.RECOVERY_NEEDS: RecoveryNeeds = "nothing"
        self.CAUSES: Mapping[str, Cause] = {word: Cause(word, title=TITLE, sentence=sentence)}
        self.REMEDIES: Mapping[str, RemedyKind] = {}
        self.document, self.place = document, place
        self._cause = word

    def is_recovered(self, _: Evidence) -> Recovery:
        """Return that nothing is proven: the end of its alerts ends an incident."""
        return Recovery(is_recovered=False)

    def diagnose(self, evidence: Evidence) -> Diagnosis:
        """Return the readings that the file asks for, without a judgement."""
        then = ", then go through the steps" if self.document.steps else ""
        advice = f"Read the table below{then}."
        return unjudged(evidence, self._cause, advice, tuple(shown.lines(evidence, self.document.show)))

    def hand_off(self, evidence: Evidence) -> HandOff:
        """Return the file's text, links, plots and steps, for this cluster."""
        given, cluster = self.document, evidence.cluster
        return HandOff(
            needed=0,
            standings=(),
            losses=(),
            may_return=(),
            never=tuple(_named(each, cluster) for each in given.never),
            steps=tuple(_step(number, step, cluster) for number, step in enumerate(given.steps, start=1)),
            instructions=Instructions(
                title=given.title,
                text=_named(given.text.strip(), cluster),
                links=tuple(Link(title=link.title, url=_named(link.url, cluster)) for link in given.links),
                plots=tuple(
                    Plot(title=plot.title, query=with_cluster(plot.query, cluster)) for plot in given.plots
                ),
            ),
        )

    def plan(self, remedy: Remedy, _: Evidence) -> NoReturn:
        """Refuse: it offers no remedy.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{self.NAME} has no remedy {remedy.name}")


def _named(text: str, cluster: str) -> str:
    return text.replace(CLUSTER, cluster)


def _step(number: int, step: Step, cluster: str) -> HandOffStep:
    commands = tuple(_named(command, cluster) for command in step.commands)
    return HandOffStep(
        key=f"step-{number}", text=_named(step.do, cluster), commands=commands, people=step.people
    )
