"""The network between a client and the server: latency, gateways and their failures."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.adversary.airbyte_model import Airbyte, Answer, Message
from tests.adversary.virtual_time import Event, Timeline, Wait

# The kinds of faults: "before" the server sees a call, or "after" it has acted on it.
KINDS = (
    "refused",
    "cut before",
    "cut after",
    "timeout before",
    "timeout after",
    "gateway before",
    "gateway after",
    "queued long",
    "too many",
    "too many with Retry-After",
    "unauthorized",
    "forbidden",
    "not found",
    "sign-in page",
    "garbage after",
    "odd numbers",
    "no date",
)
_GATEWAY = (500, 502, 503, 504)
_REFUSALS = {"unauthorized": 401, "forbidden": 403, "not found": 404}


class NoAnswerError(Exception):
    """A call got no response; the seams convert it to the client's own error."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A temporary fault of the calls of some routes; `chance` is the probability for each call."""

    kind: str
    routes: tuple[str, ...]
    begins: float
    seconds: float
    chance: float = 1.0
    number: int = 10_000

    def text(self) -> str:
        """Describe the fault."""
        often = "" if self.number >= 10_000 else f", {self.number} times at most"
        return (
            f"from {self.begins:.0f} s for {self.seconds:.0f} s: {self.kind} "
            f"of {', '.join(self.routes)} ({self.chance:.0%}{often})"
        )


@dataclass(kw_only=True, slots=True, eq=False)
class Call:
    """One call of a client: `outcome` is what the client received, `answered_at` when."""

    number: int
    actor: Any
    method: str
    path: str
    params: Mapping[str, str]
    sent: float
    fault: str | None = None
    outcome: str = ""
    answered_at: float | None = None
    status: int | None = None
    # The submission as the server recorded it, if it arrived there.
    post: Any = None

    @property
    def is_ours(self) -> bool:
        """Whether a task of ours sent it."""
        return True

    @property
    def is_answered_well(self) -> bool:
        """Whether the client got the server's own response unaltered."""
        return self.status is not None and self.fault is None

    def __str__(self) -> str:
        return str(self.actor)


@dataclass(frozen=True, slots=True)
class Person:
    """A person who uses Airbyte's web pages."""

    name: str = "a person"
    is_ours: bool = field(default=False, init=False)

    def __str__(self) -> str:
        return self.name


class Network:
    """Carries calls to the server, and responses back."""

    def __init__(
        self,
        timeline: Timeline,
        airbyte: Airbyte,
        rng: random.Random,
        say: Callable[[str], None],
        *,
        latency: float,
        is_verbose: bool,
    ) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._timeline = timeline
        self._airbyte = airbyte
        self._random = rng
        self._say = say
        self._is_verbose = is_verbose
        self._latency = latency
        self._used: dict[Fault, int] = {}
        self._under_way: dict[Wait, None] = {}  # ordered, unlike a set, so that histories are reproducible
        self._down_until = -1.0

    def restart(self, seconds: float, *, forgets_tokens: bool) -> None:
        """Restart the server's process, which cuts off the calls under way."""
        self._say(f"the server restarts and is away for {seconds:.0f} s")
        self._down_until = self._timeline.now + seconds
        if forgets_tokens:
            self._airbyte.tokens.clear()
        for wait in list(self._under_way):
            wait.finish(error=NoAnswerError("Server disconnected without sending a response.", was_sent=True))

    def send(
        self,
        actor: Any,
        request: Any,
        path: str,
        timeout: float,
    ) -> Wait:
        """Begin a call; the returned wait finishes with the response or a NoAnswerError."""
        call = Call(
            number=len(self.calls) + 1,
            actor=actor,
            method=request.method,
            path=path,
            params=request.params,
            sent=self._timeline.now,
        )
        self.calls.append(call)
        wait, answered = Wait(), Wait()
        limit = self._timeline.after(
            timeout, answered.finish, None, NoAnswerError("the request timed out", was_sent=True)
        )
        self._under_way[answered] = None
        answered.when_done(lambda: self._finish_call(call, answered, wait, limit))
        fault = self._fault(call)
        call.fault = fault
        latency = 0.02 + self._random.random() * self._latency
        self._timeline.after(latency, self._arrive, call, request, answered, fault)
        return wait

    def _finish_call(self, call: Call, answered: Wait, wait: Wait, limit: Event) -> None:
        self._under_way.pop(answered, None)
        limit.cancel()
        call.answered_at = self._timeline.now
        try:
            status, _, content = answered.result()
        except NoAnswerError as error:
            call.outcome = str(error)
            self._say_outcome(call)
            wait.finish(error=error)
            return
        call.status = status
        if self._is_verbose:
            call.outcome = f"{status} {_short(content)}"
        self._say_outcome(call)
        wait.finish(answered.result())

    def _say_outcome(self, call: Call) -> None:
        if not self._is_verbose:
            return
        fault = f" [{call.fault}]" if call.fault else ""
        took = self._timeline.now - call.sent
        query = call.params.get("orderBy", "")
        self._say(f"{call.actor}: {call.method} {call.path} {query}: {call.outcome} ({took:.1f} s){fault}")

    def _fault(self, call: Call) -> str | None:
        if self._timeline.now < self._down_until:
            return "refused"
        route = route_of(call.method, call.path)
        for fault in self.faults:
            is_now = fault.begins <= self._timeline.now < fault.begins + fault.seconds
            if not is_now or route not in fault.routes or self._used.get(fault, 0) >= fault.number:
                continue
            if self._random.random() < fault.chance:
                self._used[fault] = self._used.get(fault, 0) + 1
                return fault.kind
        return None

    def _arrive(self, call: Call, request: Any, answered: Wait, fault: str | None) -> None:
        if answered.is_done:
            return
        if fault is None or fault.endswith(" after") or fault in ("queued long", "odd numbers", "no date"):
            delay = self._random.choice((5.0, 20.0, 45.0, 90.0)) if fault == "queued long" else 0.0
            self._timeline.after(delay, self._act, call, request, answered, fault)
        else:
            self._fail_before(answered, fault)

    def _act(self, call: Call, request: Any, answered: Wait, fault: str | None) -> None:
        def reply(answer: Answer) -> None:
            latency = 0.02 + self._random.random() * self._latency
            self._timeline.after(latency, self._deliver, answered, answer, fault)

        message = Message(
            method=call.method, path=call.path, params=call.params, body=request.body, headers=request.headers
        )
        self._airbyte.receive(message, call, call.sent, reply)
        if fault == "gateway after":
            # A gateway times out long before the server.
            delay = self._random.choice((0.1, 30.0))
            self._timeline.after(delay, self._deliver, answered, self._gateway(), None)
        elif fault == "cut after":
            self._timeline.after(self._random.choice((0.1, 10.0)), self._cut, answered)

    def _deliver(self, answered: Wait, answer: Answer, fault: str | None) -> None:
        if fault in ("gateway after", "cut after", "timeout after"):
            return
        status, headers, content = answer
        if fault == "garbage after":
            content = content[: len(content) // 2]
        elif fault == "odd numbers":
            content = self._odd(content)
        elif fault == "no date":
            headers = {**headers, "date": self._random.choice(("", "Thu, 24 Sep 2026 09:20:00", "tomorrow"))}
        answered.finish((status, headers, content))

    def _cut(self, answered: Wait) -> None:
        answered.finish(error=NoAnswerError("Server disconnected without sending a response.", was_sent=True))

    def _gateway(self) -> Answer:
        content = self._random.choice((b"<html>upstream</html>", b"{}", b""))
        return self._random.choice(_GATEWAY), {"content-type": "text/html"}, content

    def _fail_before(self, answered: Wait, fault: str) -> None:
        if fault == "refused":
            answered.finish(error=NoAnswerError("[Errno 111] Connection refused", was_sent=False))
        elif fault == "cut before":
            self._cut(answered)
        elif fault == "gateway before":
            answered.finish(self._gateway())
        elif fault.startswith("too many"):
            headers = {**self._airbyte.headers()}
            if fault != "too many":
                headers["retry-after"] = self._random.choice(("1", "30", "120"))
            answered.finish((429, headers, b'{"message":"You are being rate limited."}'))
        elif fault in _REFUSALS:
            answered.finish((_REFUSALS[fault], self._airbyte.headers(), b"{}"))
        elif fault == "sign-in page":
            answered.finish((200, {"content-type": "text/html"}, b"<html>please sign in</html>"))
        else:
            assert fault == "timeout before", fault

    def _odd(self, content: bytes) -> bytes:
        """Replace one value of a response with one that no API should send."""
        answer = json.loads(content)
        jobs = answer.get("data")
        jobs = jobs if isinstance(jobs, list) and jobs else [answer]
        job = self._random.choice(jobs)
        name = self._random.choice(("jobId", "rowsSynced", "startTime", "duration", "expires_in"))
        job[name] = self._random.choice(_ODD)
        return json.dumps(answer).replace('"1e999"', "1e999").encode()


_ODD: tuple[object, ...] = (None, "1e999", -1, 10**40, 0.5, "soon", [], {}, True, "")


def route_of(method: str, path: str) -> str:
    """Return the route of a call, as faults name it."""
    if path.endswith("/applications/token"):
        return "token"
    if "/connections/" in path:
        return "connection"
    if path.endswith("/jobs"):
        return "post" if method == "POST" else "list"
    return "delete" if method == "DELETE" else "get"


def _short(content: bytes) -> str:
    try:
        answer = json.loads(content)
        if "data" in answer and isinstance(answer["data"], list):
            return " ".join(f"{job['jobId']}:{job['status']}" for job in answer["data"])
        if "jobId" in answer:
            return f"{answer['jobId']}:{answer['jobType']}:{answer['status']}"
        if "access_token" in answer:
            return "a token"
        return str(answer.get("data", {}).get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return repr(content[:40])
