"""HTTP without input and output: requests, answers, errors, and the generators that ask for them.

A protocol is a generator that yields what it wants done and is sent what came of it. `drivers` runs one,
blocking or in an event loop, so that every decision is written once and tested without a server.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call over HTTP. Its text in logs and errors must never show `body` or `headers`."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back. Names of headers are in lower case."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Remember:
    """Keep facts where a later try of the same task can find them, before anything else is done.

    Those of a start replace what was kept of the start before.
    """

    facts: Mapping[str, int]
    is_start: bool = False

    def onto(self, kept: Mapping[str, int]) -> dict[str, int]:
        """Give what is kept afterwards."""
        return {**({} if self.is_start else kept), **self.facts}


@dataclass(frozen=True, slots=True)
class Say:
    """Write a line to the task's log."""

    text: str


Effect: TypeAlias = Request | Pause | Remember | Say
Protocol: TypeAlias = Generator[Effect, Response | None, T]


class TransportError(Exception):
    """The call came to no answer. `was_sent` says whether the server may have acted on it all the same."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent
