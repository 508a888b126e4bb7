"""Put a timeline into words: the headline, and the alt text for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from bot.pictures.elections.series import ElectionSeries
from bot.pictures.elections.time_axis import clock_time, lasted
from runbooks.wording import counted, listed

MAX_MARKS = 8
MAX_GAPS = 3


def elections_words(series: ElectionSeries) -> str:
    """Say how many elections there were in how long, or where nobody counted, how many terms."""
    start, end = series.span
    span = lasted(end - start)
    # A restarted node counts from zero again, so a term that grew says more than a count of zero.
    grew = series.terms is not None and series.terms[0] < series.terms[1]
    if series.elections == 0 and not grew:
        return f"no election in {span}"
    if series.elections and series.elections < series.new_terms:
        return f"at least {series.new_terms} elections in {span}"
    if series.elections:
        return f"{counted(series.elections, 'election')} in {span}"
    if series.terms:
        low, high = series.terms
        return f"{counted(high - low, 'new term')} in {span}"
    return f"no election counter could be read in {span}"


def leader_words(series: ElectionSeries) -> str:
    """Say which terms were seen, and who leads at the end."""
    terms = "no term was read"
    if series.terms:
        low, high = series.terms
        terms = f"term {low} throughout" if low == high else f"terms {low} to {high}"
    if not series.leaders:
        return f"nobody leads at the end; {terms}"
    lead = "leads" if len(series.leaders) == 1 else "claim to lead"
    return f"{listed(series.leaders)} {lead} at the end; {terms}"


def sentence(words: str) -> str:
    """Capitalise the first letter, unless the sentence begins with a node's name."""
    return words[0].upper() + words[1:] if words.startswith(("nobody", "no ", "at least ")) else words


def alt_text(series: ElectionSeries) -> str:
    """Return what the timeline shows: elections, what happened when, and what was not read."""
    start, end = (moment.astimezone(UTC) for moment in series.span)
    when = f"{start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC"
    told = (
        f"Elections and terms of {series.cluster}, {when}: {leader_words(series)}; {elections_words(series)}"
        f"{counted_words(series)}."
    )
    marks = [f"{clock_time(mark.at)} {mark.words}" for mark in sorted(series.marks, key=lambda mark: mark.at)]
    if len(marks) > MAX_MARKS:
        marks = [*marks[:4], f"{len(marks) - MAX_MARKS + 1} more", *marks[-MAX_MARKS + 5 :]]
    gaps = list(_gaps(series))
    sentences = (told, f"{'; '.join(marks)}." if marks else "", f"{'; '.join(gaps)}." if gaps else "")
    return " ".join(filter(None, sentences))


def counted_words(series: ElectionSeries) -> str:
    """Say what was counted where the terms tell of more elections than the nodes' counters do."""
    if not series.elections or series.elections >= series.new_terms:
        return ""
    return f"; one election each new term, of which counters show {series.elections}"


def _gaps(series: ElectionSeries) -> Iterator[str]:
    gaps = [
        f"{story.node} from {clock_time(start)} to {clock_time(end)}"
        for story in series.stories
        for start, end in story.gaps
    ]
    never = [story.node for story in series.stories if not story.runs]
    if never:
        yield f"Nothing of {listed(never)} could be read"
    if gaps:
        more = f" and {len(gaps) - MAX_GAPS} more" if len(gaps) > MAX_GAPS else ""
        yield f"No reading of {', '.join(gaps[:MAX_GAPS])}{more}"
