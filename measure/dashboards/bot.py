"""The dashboard of the bot: does an alert get through it, and what stands in its way."""

from __future__ import annotations

from measure.dashboards.grafana import Dashboard, Panel, Query, figure

BOT = 'job="neumann-bot"'
WAITING = f"max by (what) (neumann_bot_oldest_seconds{{{BOT}}})"

NOW = (
    figure(
        "Processes that answer",
        "None: alerts may reach nobody.",
        f"sum(up{{{BOT}}}) or vector(0)",
        red_below=True,
        red=1,
    ),
    figure(
        "Redis takes writes",
        "0: nothing can be stored, Alertmanager gets 503 and sends again. /readyz says why.",
        f"min(neumann_bot_redis_takes_writes{{{BOT}}})",
        red_below=True,
        red=1,
    ),
    figure(
        "Open incidents",
        "Each has a thread.",
        f"max(neumann_bot_open_incidents{{{BOT}}})",
        orange=1,
    ),
    figure(
        "Oldest that waits",
        "A notification or a click over a minute, or a message over five, is an alert of its own.",
        f"max({WAITING})",
        unit="s",
        orange=60,
        red=300,
    ),
    figure(
        "Refused right now",
        "Kinds of refusals that last: by Slack, by the webhook, by a route that pages, in Redis.",
        f"count(max by (source, kind) (neumann_bot_refused_for_seconds{{{BOT}}}) > 0) or vector(0)",
        red=1,
    ),
    figure(
        "Last test alert came home",
        "Only where it flies by itself ([doctor] canary_every_min).",
        f"time() - max(neumann_bot_canary_last_success_timestamp_seconds{{{BOT}}})",
        unit="s",
    ),
)

WAY = (
    Panel("What waits, for how long", "By what it is.", (Query(WAITING, "{{what}}"),), unit="s"),
    Panel(
        "What is stored and not done",
        "Above nothing for a minute: does a worker run?",
        (
            Query(f"max(neumann_bot_inbox_notifications{{{BOT}}})", "notifications"),
            Query(f"max(neumann_bot_slack_requests{{{BOT}}})", "clicks and commands"),
            Query(f"max(neumann_bot_dead_notifications{{{BOT}}})", "unreadable"),
        ),
    ),
    Panel(
        "Due or planned",
        "Steps, redraws and pages of incidents, and periodic jobs.",
        (Query(f"max by (queue) (neumann_bot_due{{{BOT}}})", "{{queue}}"),),
    ),
    Panel(
        "Answers a minute",
        "401 on alertmanager is a wrong token, 503 a Redis that takes no writes.",
        (
            Query(
                f"sum by (route, status) (increase(neumann_bot_answers_total{{{BOT}}}[1m]))",
                "{{route}} {{status}}",
            ),
        ),
    ),
)

REFUSED = (
    Panel(
        "Refusals that last",
        "By who refused and why.",
        (
            Query(
                f"max by (source, kind) (neumann_bot_refused_for_seconds{{{BOT}}}) > 0", "{{source}} {{kind}}"
            ),
        ),
        unit="s",
    ),
    Panel(
        "Refusals an hour",
        "What was refused once may be no loss.",
        (
            Query(
                f"max by (source, kind) (increase(neumann_bot_refusals{{{BOT}}}[1h]))", "{{source}} {{kind}}"
            ),
        ),
    ),
    Panel(
        "What Slack refuses to show",
        "The token, a channel, or a message in every form.",
        (Query(f"max by (kind) (neumann_bot_slack_refused{{{BOT}}})", "{{kind}}"),),
    ),
    Panel(
        "Notifications that were not taken",
        "Alertmanager gives up all but those for the store.",
        (
            Query(
                f"sum by (reason) (increase(neumann_bot_refused_notifications_total{{{BOT}}}[5m]))",
                "{{reason}}",
            ),
        ),
    ),
)

THE_BOT = Dashboard(
    uid="neumann-bot",
    title="Neumann: the incident bot",
    says="Does an alert get through the bot, and what stands in its way.",
    rows=(("Now", NOW), ("From alert to thread", WAY), ("What is refused", REFUSED)),
)
