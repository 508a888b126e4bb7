"""Write the status page as HTML. Every text goes through `Html`, which alone makes markup. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from bot.web.status_page.overview import ClusterRow, IncidentRow, Overview
from bot.web.status_page.style import STYLE
from handlers.domain.foreign_text import one_line

RELOAD_S = 60


class Html(str):
    """Markup that may stand in the page as it is; any other text is escaped first."""

    __slots__ = ()


def element(name: str, *inside: str, **attributes: str) -> Html:
    """Return an element; `class_` and `data_label` are written `class` and `data-label`."""
    given = "".join(f' {_attribute(key)}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{''.join(map(_safe, inside))}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _safe(text: str) -> str:
    return text if isinstance(text, Html) else escape(one_line(text))


def page(shown: Overview, *, reloads: bool) -> str:
    """Return the whole document; with `reloads` the browser asks for it again by itself."""
    refresh = Html(f'<meta http-equiv="refresh" content="{RELOAD_S}">') if reloads else Html()
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<link rel="icon" href="data:,">'),
        refresh,
        element("title", "Neumann clusters"),
        element("style", Html(STYLE)),
    )
    body = element("body", _header(shown), _main(shown), _footer(reloads=reloads), class_="status")
    return f"<!doctype html>{element('html', head, body, lang='en')}"


def _header(shown: Overview) -> Html:
    return element(
        "header",
        element("h1", "Neumann clusters"),
        element("p", shown.verdict, class_="verdict", role="status"),
        element("p", "as of ", moment(shown.at), class_="small"),
    )


def _footer(*, reloads: bool) -> Html:
    way = ("Stop reloading", "?") if reloads else (f"Reload every {RELOAD_S} s", "?reload=1")
    return element("footer", element("p", element("a", way[0], href=way[1])))


def _main(shown: Overview) -> Html:
    return element(
        "main",
        _section("clusters", "Clusters", [_clusters(shown.clusters)]),
        _section("open", "Open incidents", _open(shown)),
        _section("closed", "Closed in the last seven days", _closed(shown)),
    )


def _section(name: str, title: str, inside: Iterable[Html]) -> Html:
    return element("section", element("h2", title, id=name), *inside, aria_labelledby=name)


def _clusters(rows: Sequence[ClusterRow]) -> Html:
    heads = ("Cluster", "State", "Nodes that answer", "Open incidents", "Last change")
    return table("State of each cluster", heads, [_cluster_cells(row) for row in rows])


def _cluster_cells(row: ClusterRow) -> tuple[str, ...]:
    return row.name, element("span", row.says, class_=row.state.value), row.nodes, _opens(row), _changed(row)


def _opens(row: ClusterRow) -> str:
    if row.open is None:
        return "could not be read"
    return f"{row.open} or more" if row.more_may_be else str(row.open)


def _changed(row: ClusterRow) -> str:
    if row.open is None:
        return "could not be read"
    if row.changed_at:
        return moment(row.changed_at)
    return "not known" if row.change_may_be else "none in seven days"


def _open(shown: Overview) -> Iterable[Html]:
    if shown.unread:
        yield element("p", shown.unread, class_="could_not_be_read")
        return
    if shown.open:
        yield table("Open incidents", ("Incident", "Cluster", "What", "Stage", "Since"), _rows(shown.open))
    elif not shown.left_alone:
        yield element("p", "None is open.")
    if shown.left_alone:
        says = f"Not shown, since they could not be read: {shown.left_alone}. People look after them."
        yield element("p", says, class_="could_not_be_read")
    if shown.beside:
        yield element("p", f"And {shown.beside} more.")


def _closed(shown: Overview) -> Iterable[Html]:
    if shown.unread:
        yield element("p", shown.unread, class_="could_not_be_read")
    elif shown.closed:
        yield table(
            "Closed incidents", ("Incident", "Cluster", "What", "Stage", "Closed"), _rows(shown.closed)
        )
    else:
        yield element("p", "None was closed." if not shown.closed_beside else "None of them can be shown.")
    if shown.closed_beside:
        yield element("p", f"And {shown.closed_beside} more.")


def _rows(incidents: Iterable[IncidentRow]) -> list[tuple[str, ...]]:
    return [
        (row.id, row.cluster, row.what, row.stage, moment(row.at) if row.at else "not known")
        for row in incidents
    ]


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table whose first column names its rows.

    The roles are written out, and each cell has its column's name: a narrow screen shows rows as blocks, of
    which browsers make no table, with that name before each cell.
    """
    head = element(
        "tr", *(element("th", each, scope="col", role="columnheader") for each in heads), role="row"
    )
    return element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *(_row(heads, row) for row in rows), role="rowgroup"),
        role="table",
        aria_label=caption,
    )


def _row(heads: Sequence[str], cells: Sequence[str]) -> Html:
    first = element("th", cells[0], scope="row", role="rowheader")
    rest = (
        element("td", cell, role="cell", data_label=head)
        for head, cell in zip(heads[1:], cells[1:], strict=True)
    )
    return element("tr", first, *rest, role="row")


def moment(at: datetime) -> Html:
    """Return a time for people, with the exact one for programs."""
    return element("time", f"{at:%Y-%m-%d %H:%M} UTC", datetime=at.isoformat(timespec="seconds"))
