"""What Slack's error words say about a message: the one table by which delivery goes on. Pure.

Sources: P the error table of chat.postMessage, U that of chat.update, R that of conversations.replies, W the
errors that all methods list (docs.slack.dev/reference/methods); C reports of users in public repositories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """What is refused, and so what still goes on."""

    PASSING = "passing"
    """Nothing for good: the same call is made again, and what comes behind it waits."""

    MESSAGE_GONE = "message gone"
    """Of an edit: the message was deleted. Of a reply: the message that it answers was."""

    UNEDITABLE = "uneditable"
    """The message stands there, and stays as it is."""

    FORM = "form"
    """The message as it was sent; a plainer one may pass."""

    CHANNEL = "channel"
    """Every message of the channel."""

    TOKEN = "token"  # noqa: S105  a word, not a secret
    """Every call."""


UNKNOWN_WORD = Refusal.FORM
"""How a word that is not in the table is taken: plainer forms are tried, then the message is passed over and
tried again at growing intervals. So it neither silences its thread nor stops the others."""


@dataclass(frozen=True)
class Word:
    """One error word: what is refused, who says so, and what a person can do about it."""

    refusal: Refusal
    source: str
    mend: str = "see the app configuration"


def _words(refusal: Refusal, **sources: str) -> dict[str, Word]:
    return {word: Word(refusal, source) for word, source in sources.items()}


_INVITE = "invite the bot to the channel (/invite @neumann-bot)"
_ANOTHER_CHANNEL = "name another channel in the configuration"
_ARCHIVED = "the channel is archived; name another in the configuration"
_NEW_TOKEN = "check the bot token"  # noqa: S105  a sentence
_POSTING = "let the app post in the channel, or name another in the configuration"
_WAIT = "Slack asks to wait"

WORDS: Mapping[str, Word] = {
    **_words(
        Refusal.PASSING,
        internal_error="W",
        fatal_error="W",
        service_unavailable="W",
        request_timeout="W",
        update_failed="U",
    ),
    "ratelimited": Word(Refusal.PASSING, "W", _WAIT),
    "rate_limited": Word(Refusal.PASSING, "P", _WAIT),
    "message_limit_exceeded": Word(Refusal.PASSING, "P, U", _WAIT),
    "team_added_to_org": Word(Refusal.PASSING, "W", _WAIT),
    **_words(
        Refusal.MESSAGE_GONE,
        message_not_found="U",
        thread_not_found="R; C: of chat.postMessage too",
        cannot_reply_to_message="P",
        restricted_action_thread_locked="P",
        invalid_thread_ts="C",
    ),
    **_words(
        Refusal.UNEDITABLE,
        edit_window_closed="U",
        cant_update_message="U",
        block_mismatch="U",
        streaming_state_conflict="U",
    ),
    **_words(
        Refusal.FORM,
        invalid_blocks="P, U",
        invalid_blocks_format="P, U",
        invalid_attachments="U",
        attachment_payload_limit_exceeded="P",
        too_many_attachments="P, U",
        too_many_contact_cards="P",
        msg_too_long="U",
        msg_blocks_too_long="P",
        only_one_table_allowed="C",
        no_text="P, U",
        markdown_text_conflict="P, U",
        invalid_metadata_format="P, U",
        invalid_metadata_schema="P, U",
        metadata_too_large="P, U",
        metadata_must_be_sent_from_app="P, U",
        invalid_arguments="W",
        invalid_arg_name="W",
        invalid_array_arg="W",
        slack_connect_file_link_sharing_blocked="P, U",
    ),
    "not_in_channel": Word(Refusal.CHANNEL, "P", _INVITE),
    "channel_not_found": Word(Refusal.CHANNEL, "P, U", "check the channel id in the configuration"),
    "is_archived": Word(Refusal.CHANNEL, "P", _ARCHIVED),
    "is_inactive": Word(Refusal.CHANNEL, "U", _ARCHIVED),
    "team_not_found": Word(Refusal.CHANNEL, "P, U", _ANOTHER_CHANNEL),
    "restricted_action": Word(Refusal.CHANNEL, "P", _POSTING),
    "restricted_action_read_only_channel": Word(Refusal.CHANNEL, "P", _POSTING),
    "restricted_action_thread_only_channel": Word(Refusal.CHANNEL, "P", _POSTING),
    "restricted_action_non_threadable_channel": Word(Refusal.CHANNEL, "P", _POSTING),
    "posting_to_channel_denied": Word(Refusal.CHANNEL, "U", _POSTING),
    "external_channel_migrating": Word(Refusal.CHANNEL, "U", _WAIT),
    "channel_is_frozen": Word(Refusal.CHANNEL, "C", _ANOTHER_CHANNEL),
    "messages_tab_disabled": Word(Refusal.CHANNEL, "P", "switch the app's messages tab on, see the manifest"),
    **_words(Refusal.CHANNEL, cannot_dm_bot="C", user_not_found="C", user_disabled="C"),
    "invalid_auth": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "not_authed": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "account_inactive": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "token_revoked": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "token_expired": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "not_allowed_token_type": Word(Refusal.TOKEN, "W", _NEW_TOKEN),
    "missing_scope": Word(
        Refusal.TOKEN, "W", "reinstall the app with the scopes of deploy/slack-manifest.yaml"
    ),
    **_words(
        Refusal.TOKEN,
        no_permission="W",
        access_denied="W",
        accesslimited="W",
        app_access_restricted="P",
        ekm_access_denied="W",
        enterprise_is_restricted="W",
        org_login_required="W",
        team_access_not_granted="W",
        two_factor_setup_required="W",
    ),
}


def refusal_of(word: str) -> Refusal:
    """Return what a word of Slack's refuses."""
    return WORDS[word].refusal if word in WORDS else UNKNOWN_WORD


def mend(word: str) -> str:
    """Return what a person can do about it."""
    return WORDS[word].mend if word in WORDS else Word.mend
