"""What `doctor` answers: one line for each question, that says what was found and what to do."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Level(enum.StrEnum):
    """How an answer begins."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The answer to one question.

    `check` names the question, for programs; `hint` says what to do; `airbyte_conn_id` names the Airbyte that
    was asked.
    """

    check: str
    level: Level
    text: str
    hint: str = ""
    airbyte_conn_id: str | None = None

    def line(self, *, with_conn_id: bool) -> str:
        """Return the answer as a line, with the Airbyte's name where there are several."""
        about = f"{self.airbyte_conn_id}: " if with_conn_id and self.airbyte_conn_id is not None else ""
        return f"{self.level}: {about}{self.text}" + (f"; {self.hint}" if self.hint else "")

    def without(self, secrets: tuple[str, ...]) -> Answer:
        """Return it without any of these values: a server may repeat what it was sent."""
        text, hint = self.text, self.hint
        for secret in secrets:
            text, hint = text.replace(secret, "***"), hint.replace(secret, "***")
        return replace(self, text=text, hint=hint)


def ok(check: str, text: str) -> Answer:
    """Answer that something was checked, and nothing has to be done."""
    return Answer(check=check, level=Level.OK, text=text)


def note(check: str, text: str, hint: str = "") -> Answer:
    """Say what could not be checked, or is good to know."""
    return Answer(check=check, level=Level.NOTE, text=text, hint=hint)


def warning(check: str, text: str, hint: str = "") -> Answer:
    """Answer that something may go wrong later."""
    return Answer(check=check, level=Level.WARNING, text=text, hint=hint)


def error(check: str, text: str, hint: str = "") -> Answer:
    """Answer that syncs cannot run like this."""
    return Answer(check=check, level=Level.ERROR, text=text, hint=hint)


def not_checked(check: str, what: str, reason: str) -> Answer:
    """Answer that another answer has to become ok first."""
    return warning(check, f"{what}: not checked, since {reason}")
