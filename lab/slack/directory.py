"""Who and what there is in the lab's workspace: people, bot, channels, the on-call group."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """A person or the bot; a guest is Slack's `is_restricted`."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    is_restricted: bool = False

    def to_slack(self, team_id: str) -> dict[str, object]:
        """The user object of `users.info`."""
        profile = {
            "real_name": self.real_name,
            "display_name": self.name,
            "email": f"{self.name}@example.org",
        }
        return {
            "id": self.id,
            "team_id": team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "is_bot": self.is_bot,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": False,
            "is_admin": False,
            "is_owner": False,
            "tz": "Etc/UTC",
            "profile": profile,
        }


@dataclass(frozen=True)
class Channel:
    """A public channel, or the direct message between a person and the bot (`is_im`)."""

    id: str
    name: str
    member_ids: tuple[str, ...]
    is_im: bool = False

    def to_slack(self, bot_user_id: str) -> dict[str, object]:
        """The channel object of `conversations.info`."""
        common: dict[str, object] = {"id": self.id, "created": 1, "is_archived": False, "is_im": self.is_im}
        if self.is_im:
            return common | {"user": self.member_ids[0]}
        return common | {
            "name": self.name,
            "is_channel": True,
            "is_private": False,
            "is_member": bot_user_id in self.member_ids,
            "num_members": len(self.member_ids),
        }


@dataclass(frozen=True)
class UserGroup:
    """A user group such as @neumann-oncall."""

    id: str
    handle: str
    name: str
    user_ids: tuple[str, ...]


BOT = User("U0NEUMANN1", "neumann", "Neumann", is_bot=True)
ALICE = User("U0ALICE001", "alice", "Alice Novak")
BOB = User("U0BOB00001", "bob", "Bob Lindqvist")
CAROL = User("U0CAROL001", "carol", "Carol Mbeki")
DAVE = User("U0DAVE0001", "dave", "Dave Ortiz", is_restricted=True)
SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True)
PEOPLE = (ALICE, BOB, CAROL, DAVE)


@dataclass(frozen=True)
class Directory:
    """Everybody and every place; the bot is no member of #general, so it cannot post there."""

    team_id: str = "T0NEUMANN1"
    team_name: str = "Neumann Lab"
    team_domain: str = "neumann-lab"
    app_id: str = "A0NEUMANN1"
    bot_id: str = "B0NEUMANN1"
    bot: User = BOT
    users: tuple[User, ...] = (*PEOPLE, BOT, SLACKBOT)
    channels: tuple[Channel, ...] = (
        Channel("C0INCIDENT", "neumann-incidents", (*(user.id for user in PEOPLE), BOT.id)),
        Channel("C0GENERAL1", "general", tuple(user.id for user in PEOPLE)),
        *(Channel(f"D{user.id[1:]}", user.name, (user.id, BOT.id), is_im=True) for user in PEOPLE),
    )
    groups: tuple[UserGroup, ...] = field(
        default=(UserGroup("S0ONCALL01", "neumann-oncall", "Neumann on-call", (ALICE.id, CAROL.id)),)
    )

    def user(self, name_or_id: object) -> User | None:
        """The user of this name or id."""
        return next((user for user in self.users if name_or_id in (user.id, user.name)), None)

    def channel(self, name_or_id: object) -> Channel | None:
        """The channel of this id or name ("#" or not); a user's id stands for the direct message."""
        wanted = str(name_or_id).removeprefix("#")
        for channel in self.channels:
            if wanted == channel.id or (wanted == channel.name and not channel.is_im):
                return channel
            if channel.is_im and wanted == channel.member_ids[0]:
                return channel
        return None
