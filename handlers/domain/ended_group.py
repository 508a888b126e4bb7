"""What a notification says of alerts that it leaves out: a group that is over is over as a whole. Pure."""

from __future__ import annotations

from handlers.domain.alerts import Alert, is_known_time, presumed_over
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery


def says_more_is_over(delivery: Delivery) -> bool:
    """Return whether the group is over, was not told whole, and can be told from others by its labels."""
    return bool(delivery.all_resolved and delivery.truncated and delivery.group_is_known)


def left_out(delivery: Delivery, incident: Incident) -> tuple[Alert, ...]:
    """Return the presumed ends of what fires in an incident and belongs to the group of such a notification.

    It belongs there by the labels that the group was made by. What began after the newest end that was told
    began after the notification, or nobody knows. Another route may group others by the same labels, so that
    it is over is presumed: an alert that fires is sent again, and believed then.
    """
    ends = [each.ends_at for each in delivery.alerts if not each.stand_in and is_known_time(each.ends_at)]
    if not ends:
        return ()
    told, newest = {each.fingerprint for each in delivery.alerts}, max(ends)
    return tuple(
        presumed_over(alert, newest)
        for alert in incident.firing
        if alert.fingerprint not in told
        and not alert.stand_in
        and alert.starts_at <= newest
        and delivery.group_labels.items() <= alert.labels.items()
    )
