"""The effects that a protocol asks for: requests, sleeps, saved states and log lines.

A protocol is a generator. It yields an effect and receives the response if that was a request; a driver
handles the effects, blocking or in an event loop. So every decision is written once and tested without a
server.
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
    """One HTTP request. Logs and errors never show `body` or `headers`.

    If it `is_shareable`, it may be answered with the response to an equal request that is under way.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_shareable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One HTTP response. Names of headers are in lower case."""

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Sleep for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SaveState:
    """Save a state where a later try of the same task finds it, before anything else is done."""

    state: SyncState


@dataclass(frozen=True, slots=True)
class Log:
    """Write a line to the log of the task."""

    text: str
    level: int = logging.INFO


Effect: TypeAlias = Request | Sleep | SaveState | Log
Effects: TypeAlias = Generator[Effect, Response | None, T]


class TransportError(Exception):
    """A call ended without a response.

    `was_sent` is false if the server cannot have received it. `is_permanent`: waiting does not help, as with
    a host that is not a URL. The message never contains headers or bodies.
    """

    def __init__(self, message: str, *, was_sent: bool, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        self.is_permanent = is_permanent
