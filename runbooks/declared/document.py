"""What a runbook's TOML file says: its keys, with their bounds."""

from __future__ import annotations

import difflib
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runbooks.contract import MAX_TITLE_CHARS
from runbooks.declared.promql import is_outside_of_quotes
from runbooks.declared.shown import Shown

MAX_CHARS = 8_000
"""Everything that is shown, together: Slack takes about 12,000 characters in one message, marks included."""

MAX_LINE_CHARS = 300
MAX_QUERY_CHARS = 1_000
MAX_STEPS = 20
MAX_PLOTS = 4
"""Each is one query to Prometheus and one picture in the thread."""


def _that_can_be_shown(name: str) -> str:
    known = get_args(Shown)
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    raise ValueError(f"names {name[:40]}, which is no reading; {meant}")


HttpsAddress = Annotated[str, Field(pattern=r"^https://[^\s/]+\S*$", max_length=500)]
Line = Annotated[str, Field(min_length=1, max_length=MAX_LINE_CHARS)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE_CHARS)]
ReadingName = Annotated[str, AfterValidator(_that_can_be_shown)]
AlertName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
LabelName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Table):
    """Which alerts are the runbook's: those of these names that have all of these labels."""

    alerts: Annotated[tuple[AlertName, ...], Field(min_length=1, max_length=50)]
    labels: Annotated[dict[LabelName, Line], Field(max_length=10)] = {}


class Link(_Table):
    """A page on the web that helps, such as a dashboard."""

    title: Title
    url: HttpsAddress


def _with_a_name_that_can_be_quoted(query: str) -> str:
    if is_outside_of_quotes(query):
        raise ValueError('has $cluster outside of double quotes: write it as in {cluster="$cluster"}')
    return query


class Plot(_Table):
    """What is plotted from Prometheus into the thread; `$cluster` stands for the cluster's name, quoted."""

    title: Title
    query: Annotated[
        str,
        Field(min_length=1, max_length=MAX_QUERY_CHARS),
        AfterValidator(_with_a_name_that_can_be_quoted),
    ]


class Step(_Table):
    """One point of the checklist: what to do, commands to copy, and how many people must tick it."""

    do: Annotated[str, Field(min_length=1, max_length=500)]
    commands: Annotated[tuple[Line, ...], Field(max_length=5)] = ()
    people: Annotated[int, Field(ge=1, le=2)] = 1


class Document(_Table):
    """The whole file."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
    title: Title
    url: HttpsAddress
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    match: Match
    show: Annotated[tuple[ReadingName, ...], Field(max_length=9)] = ()
    never: Annotated[tuple[Line, ...], Field(max_length=6)] = ()
    links: Annotated[tuple[Link, ...], Field(max_length=10)] = ()
    plots: Annotated[tuple[Plot, ...], Field(max_length=MAX_PLOTS)] = ()
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)] = ()

    @model_validator(mode="after")
    def _fits_into_a_message(self) -> Document:
        steps = (line for step in self.steps for line in (step.do, *step.commands))
        links = (f"{link.title}{link.url}" for link in self.links)
        plots = (f"{plot.title}{plot.query}" for plot in self.plots)
        chars = sum(map(_chars, (self.title, self.text, *self.never, *links, *plots, *steps)))
        if chars > MAX_CHARS:
            raise ValueError(
                f"text, steps, links and queries have {chars} characters together, and a thread shows"
                f" {MAX_CHARS}: say less here, and link to the rest"
            )
        return self


def _chars(text: str) -> int:
    """Return how many characters Slack counts: it takes three of them as `&amp;` and the like."""
    return len(text) + 4 * sum(map(text.count, "&<>"))
