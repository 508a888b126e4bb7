"""Say under the headline what people do now: press a button, mend by hand, watch, or leave it."""

from __future__ import annotations

from bot.slack.views import blocks
from bot.slack.views.blocks import escape
from handlers.domain.incident import Incident
from runbooks.all_runbooks import button_of_remedy, needs_no_remedy, title_of_cause
from runbooks.model import BY_HAND, SURE, Diagnosis, Verdict
from runbooks.wording import MAX_NAMES, listed


def to_do(incident: Incident, diagnosis: Diagnosis) -> list[str]:
    """Return what to do now in one line: press a button, mend by hand, or read what would decide it."""
    if is_overtaken(incident):
        return []
    if incident.offers:
        wanted = dict.fromkeys(button_of_remedy(offer.remedy.name) for offer in incident.offers)
        return [f"*Do:* see the plan behind {listed([f'“{each}”' for each in wanted])}, below."]
    return [f"*Do:* {escape(blocks.cut(_lower(advice), 300))}" for advice in _advice(diagnosis)]


def _lower(sentence: str) -> str:
    """Return a sentence that goes on after a colon; a name in capitals stays as it is."""
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]


def _advice(diagnosis: Diagnosis) -> list[str]:
    """Return what people do where there is no button; nothing where the findings leave no more to say."""
    top = diagnosis.top
    if needs_no_remedy(top.cause):
        return [_leave_or_watch(diagnosis)]
    by_hand = [remedy.reason for remedy in top.remedies if remedy.name == BY_HAND]
    refused = [f"no button for it. {remedy.reason}" for remedy in top.remedies if not remedy.offered]
    deciding = [f"look at what could not be read: {top.would_decide}."] if top.would_decide else []
    return (by_hand or refused or deciding)[:1]


def _leave_or_watch(diagnosis: Diagnosis) -> str:
    """Return what to do where nothing is to be mended: nothing, or what to watch where that may not last."""
    if diagnosis.top.verdict is Verdict.CONFIRMED:
        return "nothing to the cluster; look at the monitoring."
    watch = "nothing to the cluster yet; watch whether it stays so."
    seen = [each for each in diagnosis.findings[1:] if each.verdict in (*SURE, Verdict.POSSIBLE)]
    if not seen:
        return watch
    on = f" on {listed(seen[0].nodes, MAX_NAMES)}" if seen[0].nodes else ""
    return f"{watch} If it does not, look at “{title_of_cause(seen[0].cause)}”{on}."


def is_overtaken(incident: Incident) -> bool:
    """Return whether the findings say nothing of what to do now: all is well, or a run began on them."""
    run, read = incident.run, incident.evidence_at
    is_acted_on = run is not None and read is not None and read < run.confirmed_at
    return bool(incident.running or incident.verified or incident.closed or is_acted_on)
