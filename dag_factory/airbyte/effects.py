"""HTTP without input and output: requests, responses, and the effects that a protocol asks for.

A protocol is a generator that yields the effects it wants and receives the responses. `drivers` runs one,
blocking or in an event loop, so that every decision is written once and tested without a server.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from dag_factory.airbyte.state import SyncState

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call over HTTP. Logs and errors never show `body` or `headers`.

    One that `is_shareable` may be answered with the response to an equal one that is under way.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_shareable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back. Names of headers are in lower case."""

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Save:
    """Keep a state where a later try of the same task finds it, before anything else is done."""

    state: SyncState


@dataclass(frozen=True, slots=True)
class Say:
    """Write a line to the task's log."""

    text: str
    level: int = logging.INFO


Effect: TypeAlias = Request | Pause | Save | Say
Protocol: TypeAlias = Generator[Effect, Response | None, T]


class TransportError(Exception):
    """A call ended without a response.

    `was_sent` is false where the server cannot have seen the call. `is_permanent` marks what waiting does
    not change, such as an address that is not a URL. The message never repeats headers or bodies.
    """

    def __init__(self, message: str, *, was_sent: bool, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        self.is_permanent = is_permanent
