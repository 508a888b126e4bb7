"""Who and what there is in the lab's workspace: people of every kind, bots, channels, user groups."""

from dataclasses import dataclass, field

TEAM = "T0NEUMANN1"
ANOTHER_TEAM = "T0PARTNER1"


@dataclass(frozen=True)
class User:
    """A person or a bot. Guests are `is_restricted`, those of a single channel `is_ultra_restricted` too."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_deactivated: bool = False
    team_id: str = TEAM

    @property
    def is_foreign(self) -> bool:
        """Return whether the account belongs to another workspace, which shares a channel with this one."""
        return self.team_id != TEAM

    def to_slack(self) -> dict[str, object]:
        """Return the user object of `users.info`; of a deactivated account Slack says little."""
        profile = {
            "real_name": self.real_name,
            "display_name": self.name,
            "email": f"{self.name}@example.org",
        }
        common: dict[str, object] = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.is_deactivated,
            "is_bot": self.is_bot,
            "profile": profile,
        }
        if self.is_deactivated:
            return common
        return common | {
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_foreign,
            "is_admin": self.is_admin,
            "is_owner": False,
            "tz": "Etc/UTC",
        }


@dataclass(frozen=True)
class Channel:
    """A public channel, or the direct message between a person and the bot (`is_im`)."""

    id: str
    name: str
    member_ids: tuple[str, ...]
    is_im: bool = False
    is_shared: bool = False

    def to_slack(self, bot_user_id: str, *, is_archived: bool = False) -> dict[str, object]:
        """Return the channel object of `conversations.info`."""
        common: dict[str, object] = {
            "id": self.id,
            "created": 1,
            "is_archived": is_archived,
            "is_im": self.is_im,
        }
        if self.is_im:
            return common | {"user": self.member_ids[0]}
        return common | {
            "name": self.name,
            "is_channel": True,
            "is_private": False,
            "is_ext_shared": self.is_shared,
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


BOT = User("U0NEUMANN1", "neumann-bot", "Neumann", is_bot=True)
ALICE = User("U0ALICE001", "alice", "Alice Novak")
BOB = User("U0BOB00001", "bob", "Bob Lindqvist")
CAROL = User("U0CAROL001", "carol", "Carol Mbeki")
DAVE = User("U0DAVE0001", "dave", "Dave Ortiz", is_restricted=True)
ERIN = User("U0ERIN0001", "erin", "Erin Castellano", is_admin=True)
FAY = User("U0FAY00001", "fay", "Fay Sorensen", is_restricted=True, is_ultra_restricted=True)
GRACE = User("U0GRACE001", "grace", "Grace Adeyemi", is_deactivated=True)
HEIDI = User("U0HEIDI001", "heidi", "Heidi Brandt", team_id=ANOTHER_TEAM)
DEPLOYER = User("U0DEPLOY01", "deployer", "Deployer", is_bot=True)
SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True)
MEMBERS = (ALICE, BOB, CAROL, ERIN)
GUESTS = (DAVE, FAY)
EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN, FAY, GRACE, HEIDI, BOT, DEPLOYER, SLACKBOT)


def _ids(*users: User) -> tuple[str, ...]:
    return tuple(user.id for user in users)


@dataclass(frozen=True)
class Directory:
    """Everybody and every place.

    The bot is no member of #general, so it cannot post there; guests are only in #neumann-incidents, which is
    shared with another workspace. Grace was in the on-call group and has left.
    """

    team_id: str = TEAM
    team_name: str = "Neumann Lab"
    team_domain: str = "neumann-lab"
    app_id: str = "A0NEUMANN1"
    bot_id: str = "B0NEUMANN1"
    bot: User = BOT
    users: tuple[User, ...] = EVERYBODY
    channels: tuple[Channel, ...] = (
        Channel(
            "C0INCIDENT",
            "neumann-incidents",
            _ids(*MEMBERS[:3], *GUESTS, ERIN, HEIDI, DEPLOYER, BOT),
            is_shared=True,
        ),
        Channel("C0GENERAL1", "general", _ids(*MEMBERS)),
        *(Channel(f"D{user.id[1:]}", user.name, _ids(user, BOT), is_im=True) for user in MEMBERS + GUESTS),
    )
    groups: tuple[UserGroup, ...] = field(
        default=(
            UserGroup("S0ONCALL01", "neumann-oncall", "Neumann on-call", _ids(ALICE, CAROL, GRACE)),
            UserGroup("S0NETWORK1", "network", "Network", _ids(BOB, ERIN, DAVE)),
        )
    )

    @property
    def on_call(self) -> UserGroup:
        """Return the group whose people may confirm actions; the others are there to be refused."""
        return self.groups[0]

    def user(self, name_or_id: object) -> User | None:
        """Return the user of this name or id."""
        return next((user for user in self.users if name_or_id in (user.id, user.name)), None)

    def channel(self, name_or_id: object) -> Channel | None:
        """Return the channel of this id or name ("#" or not); a user's id stands for the direct message."""
        wanted = str(name_or_id).removeprefix("#")
        for channel in self.channels:
            if wanted == channel.id or (wanted == channel.name and not channel.is_im):
                return channel
            if channel.is_im and wanted == channel.member_ids[0]:
                return channel
        return None

    def group(self, group_id: object) -> UserGroup | None:
        """Return the user group of this id."""
        return next((group for group in self.groups if group.id == group_id), None)

    def active_ids(self, group: UserGroup) -> list[str]:
        """Return a group's members as Slack lists them: without those whose account is deactivated."""
        users = [self.user(user_id) for user_id in group.user_ids]
        return [user.id for user in users if user and not user.is_deactivated]
