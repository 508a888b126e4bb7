"""How causes, verdicts and states are said in Slack."""

from __future__ import annotations

from datetime import timedelta

from handlers.incident import Incident, Stage
from runbooks.model import RootCause, Verdict

CAUSES = {
    RootCause.QUORUM_LOSS: "Quorum loss",
    RootCause.HOST_DOWN: "Host down",
    RootCause.PROCESS_HUNG: "Process hung",
    RootCause.CRASH_LOOP: "Crash loop",
    RootCause.STORAGE_FULL: "Storage full",
    RootCause.TLS_FAILURE: "TLS failure",
    RootCause.NETWORK_PARTITION: "Network partition",
    RootCause.ASYMMETRIC_PARTITION: "Asymmetric partition",
    RootCause.EVEN_SPLIT: "Even split",
    RootCause.PARTIAL_PARTITION: "Partial partition",
    RootCause.GOSSIP_BLOCKED: "Gossip blocked",
    RootCause.CLOCK_SKEW: "Clock skew",
    RootCause.PEER_LIST_WRONG: "Wrong peer list",
    RootCause.STALE_LOG: "Stale log",
    RootCause.PACKET_LOSS: "Packet loss",
    RootCause.SLOW_DISK: "Slow disk",
    RootCause.AGGRESSIVE_TIMEOUTS: "Election timeout too aggressive",
    RootCause.MIXED_TIMEOUTS: "Election timeouts differ",
    RootCause.TWO_LEADERS: "Two leaders",
    RootCause.MONITORING_BLIND: "Monitoring blind",
    RootCause.ALERT_STALE: "A leader exists",
    RootCause.NONE_KNOWN: "None of the known causes",
}

VERDICTS = {
    Verdict.CONFIRMED: ":red_circle: confirmed",
    Verdict.LIKELY: ":large_orange_circle: likely",
    Verdict.POSSIBLE: ":large_yellow_circle: possible",
    Verdict.UNDETERMINED: ":white_circle: undetermined",
    Verdict.RULED_OUT: "✕ ruled out",
}

BUTTONS = {
    "clock_sync": "Sync clocks",
    "config_bump": "Widen election timeouts",
    "start_nodes": "Start stopped nodes",
    "undo": "Put the timeouts back",
    "by_hand": "By hand",
}

OUTCOMES = {
    "done": ":white_check_mark:",
    "not_done": ":x:",
    "rejected": ":no_entry:",
    "unknown": ":grey_question:",
}

COLOURS = {
    Stage.OPENED: "#d92d20",
    Stage.DIAGNOSED: "#d92d20",
    Stage.RUNNING: "#f79009",
    Stage.WATCHING: "#f79009",
    Stage.RECOVERED: "#12b76a",
    Stage.CLOSED: "#12b76a",
}


MARKS = {
    Stage.OPENED: ":red_circle:",
    Stage.DIAGNOSED: ":red_circle:",
    Stage.RUNNING: ":large_orange_circle:",
    Stage.WATCHING: ":large_orange_circle:",
    Stage.RECOVERED: ":large_green_circle:",
    Stage.CLOSED: ":large_green_circle:",
}


def mark(incident: Incident) -> str:
    """The incident's colour; red again where a run was done and no leader came."""
    run = incident.run
    if run and run.ended and not incident.verified and not incident.closed:
        fresh = incident.evidence_at is not None and incident.evidence_at > run.ended.at
        if fresh or not run.ended.completed:
            return MARKS[Stage.DIAGNOSED]
    return MARKS[incident.stage]


def stage(incident: Incident) -> str:  # noqa: PLR0911  one case a stage
    """What happens now, in one line."""
    match incident.stage:
        case Stage.OPENED:
            return "Reading every node…"
        case Stage.DIAGNOSED:
            if incident.awaiting_second:
                return "Waiting for a second person's approval"
            offered = bool(incident.offers)
            return "Waiting for someone to choose a remedy" if offered else "Watching for a leader"
        case Stage.RUNNING:
            return "Carrying out the confirmed plan"
        case Stage.WATCHING:
            return "Watching for a stable leader"
        case Stage.RECOVERED:
            return "Leader verified; waiting for Alertmanager to resolve"
        case Stage.CLOSED:
            return f"Resolved after {lasted(incident)}"


def lasted(incident: Incident) -> str:
    """From the first alert to the close."""
    if incident.closed is None or incident.opened_at is None:
        return "?"
    return duration(incident.closed.at - incident.opened_at)


def duration(span: timedelta) -> str:
    """`42 s`, `3 min 05 s`, `2 h 10 min`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
