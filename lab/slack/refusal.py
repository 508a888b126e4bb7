"""How Slack says no."""

from collections.abc import Iterable

from lab.slack.shapes import Json


class SlackRefusalError(Exception):
    """Slack's answer `ok: false`: the error's name, what is wrong where, and what else the answer carries."""

    def __init__(self, error: str, messages: Iterable[str] = (), **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.messages = tuple(messages)
        self.more = more

    def to_slack(self) -> Json:
        """Return the answer's body."""
        answer: Json = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            answer["errors"] = list(self.messages)
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer
