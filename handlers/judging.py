"""Judge without failing: what a judgement raises is logged once, and is the answer "undetermined"."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

from handlers.domain.undetermined import Judgement, Undetermined
from runbooks import posture
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Runbook
from runbooks.posture import history, samples
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Posture
from runbooks.posture.samples import Sample

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

MAX_LOGGED = 1_000
_logged: dict[tuple[Judgement, str, str, int | None], None] = {}


def judge(judgement: Judgement, pure: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Undetermined:
    """Return what a pure function says of what was read; `Undetermined` where it raises.

    What was read may be anything, and the same gives the same error at each look: a step that died of it
    would be repeated for ever, and nobody told. A runbook of others may even end like a script.
    """
    try:
        return pure(*args, **kwargs)
    except (Exception, SystemExit) as error:
        _log_once(judgement, error)
        return Undetermined(judgement, type(error).__name__)


def diagnosis_of(runbook: Runbook, evidence: Evidence) -> Diagnosis:
    """Return a runbook's diagnosis, or the one that says that there is none."""
    judged = judge(Judgement.DIAGNOSIS, runbook.diagnose, evidence)
    return judged.diagnosis if isinstance(judged, Undetermined) else judged


def posture_of(evidence: Evidence, inventory: Inventory, earlier: tuple[Sample, ...] = ()) -> Posture:
    """Return a cluster's posture, or the one that says that nothing of it is known."""
    judged = judge(Judgement.POSTURE, posture.judge, evidence, inventory, earlier)
    if isinstance(judged, Undetermined):
        return judged.posture(evidence.cluster, evidence.started_at)
    return judged


def sample_of(evidence: Evidence) -> Sample | None:
    """Return what is kept of a reading; `None` where it could not be cut down to that."""
    judged = judge(Judgement.POSTURE, samples.sample_of, evidence)
    return None if isinstance(judged, Undetermined) else judged


def with_history(evidence: Evidence, earlier: tuple[Sample, ...]) -> Evidence:
    """Return the evidence with what earlier samples say, or without where that cannot be judged."""
    judged = judge(Judgement.POSTURE, history.with_history, evidence, earlier)
    return evidence if isinstance(judged, Undetermined) else judged


def _log_once(judgement: Judgement, error: Exception | SystemExit) -> None:
    """Log an error with its traceback, the first time that it comes from its place."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    key = (judgement, type(error).__name__, place.filename, place.lineno)
    if key not in _logged:
        _logged[key] = None
        while len(_logged) > MAX_LOGGED:
            del _logged[next(iter(_logged))]
        log.error("judgement_failed", judgement=judgement.name.lower(), exc_info=error)
