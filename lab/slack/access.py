"""What Slack refuses people by itself, before the app is asked.

An app's buttons are open to whoever sees them: guests and people of another workspace may click, and it is
the app that has to refuse them.
"""

from lab.slack.directory import Channel, User
from lab.slack.refusal import SlackRefusalError
from lab.slack.workspace import Workspace


def signed_in(workspace: Workspace, name_or_id: object) -> User:
    """Return the person, if they can be at the page at all."""
    user = workspace.user(name_or_id)
    if user.is_deactivated:
        raise SlackRefusalError("account_inactive")
    return user


def acting_person(workspace: Workspace, name_or_id: object) -> User:
    """Return the person who acts; a bot user may write, but clicks nothing."""
    user = signed_in(workspace, name_or_id)
    if user.is_bot:
        raise SlackRefusalError("user_is_bot")
    return user


def person_of_this_workspace(workspace: Workspace, name_or_id: object) -> User:
    """Return the person, if they may use the app's commands, shortcuts and Home tab."""
    user = acting_person(workspace, name_or_id)
    if user.is_foreign:
        raise SlackRefusalError("not_allowed")
    return user


def channel_of(workspace: Workspace, user: User, name_or_id: object) -> Channel:
    """Return the channel, if this user is in it; guests are only where they were invited to."""
    channel = workspace.channel(name_or_id)
    if user.id not in channel.member_ids:
        raise SlackRefusalError("not_in_channel")
    return channel


def writable_channel_of(workspace: Workspace, user: User, name_or_id: object) -> Channel:
    """Return the channel, if this user is in it and it is not archived."""
    channel = channel_of(workspace, user, name_or_id)
    if channel.id in workspace.archived_ids:
        raise SlackRefusalError("is_archived")
    return channel
