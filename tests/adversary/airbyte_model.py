"""A model of Airbyte's public API in virtual time, based on Airbyte's source and independent of our client.

Each connection has a workflow that runs one job at a time. The model includes what surprises clients:

* A POST is refused only while the workflow runs an attempt. Otherwise it leaves a signal, and the response
  names the job that runs next, of any type and requested by anyone (`TemporalClient.kt`,
  `startNewManualSync`). Where capacity is enforced, the response names the job that waits before its first
  attempt, else the first new job within 60 seconds, else it is a 409 although the signal remains
  (`startNewManualSyncAndWaitForJobId`).
* A DELETE cancels the job that the connection is running, not the job that it names; between two attempts it
  is ignored (`ConnectionManagerWorkflowImpl.kt`).
* The list starts with the oldest job unless another order is requested.

The model records the ground truth that no client can see: who caused each job, and which job each DELETE hit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Any, TypeAlias

from tests.adversary.virtual_time import Event, Timeline, Wait

EPOCH = 1_790_000_000.0  # the beginning of each history, in seconds since 1970
PREFIX = "/api/public/v1"
FINAL = ("succeeded", "failed", "cancelled")
# How long a submission with enforced capacity waits for an id, in seconds (`TemporalClient.kt`).
ID_SECONDS = 60.0
ERRORS = "https://reference.airbyte.com/reference/errors"

Headers: TypeAlias = dict[str, str]
Answer: TypeAlias = tuple[int, Headers, bytes]
Reply: TypeAlias = Callable[[Answer], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A call as it arrives at the server."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Mapping[str, Any] | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class DirectClient:
    """A client that calls the model directly."""

    post: Post | None = None
    answered_at: float | None = None
    is_ours: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A phase of a job: its status, its duration, and whether an attempt runs in it."""

    status: str
    seconds: float

    @property
    def is_attempt(self) -> bool:
        """Whether the workflow counts as running: a POST is refused and a DELETE acts."""
        return self.status not in ("pending", "queued", "incomplete")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a job will do unless somebody ends it earlier."""

    phases: tuple[Phase, ...]
    end: str = "succeeded"
    rows: int | None = 10


@dataclass(kw_only=True, slots=True, eq=False)
class Post:
    """A request for a sync: its sender, its times and its result."""

    number: int
    sender: Any
    connection_id: str
    sent: float
    arrived: float
    made: Job | None = None
    shared: Job | None = None
    answer: str = ""
    # The job that the response names, which may be another one.
    named: Job | None = None

    @property
    def job(self) -> Job | None:
        """Return the job that it created or was answered with."""
        return self.made or self.shared


@dataclass(kw_only=True, slots=True, eq=False)
class Delete:
    """A request to cancel: the job that it names, and the one that it cancelled."""

    sender: Any
    named: int
    sent: float
    arrived: float
    hit: Job | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """A job with its ground truth.

    `posts` are all submissions that created it or were answered with it, `maker` names who caused it.
    """

    job_id: int
    connection_id: str
    job_type: str
    maker: str
    plan: Plan
    created: float
    posts: list[Post] = field(default_factory=list)
    history: list[tuple[float, str]] = field(default_factory=list)
    ended: float | None = None
    cancelled_by: Any = None

    @property
    def status(self) -> str:
        """Return the current status."""
        return self.history[-1][1]

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    def status_at(self, time: float) -> str:
        """Return the status at some time."""
        return next((status for begun, status in reversed(self.history) if begun <= time), self.history[0][1])


class Workflow:
    """Runs the jobs of one connection, one at a time."""

    def __init__(self, airbyte: Airbyte, connection_id: str) -> None:
        self.connection_id = connection_id
        self.status = "active"
        self.job: Job | None = None
        self.is_running = False
        self._airbyte = airbyte
        self._phase = -1
        self._step: Event | None = None
        self._signals: list[Post] = []
        self._creation: Event | None = None
        self._waiters: list[Callable[[Job], None]] = []

    def signal(self, post: Post) -> None:
        """Request a manual sync, as the API and the web pages do."""
        if self.status != "active":
            return
        if self.job is None:
            self._signals.append(post)
            if self._creation is None:
                delay = self._airbyte.traits.draw_creation_delay()
                self._creation = self._airbyte.timeline.after(delay, self._create)
        elif not self.is_running:
            self.share(post, self.job)
            if self.job.status == "incomplete":
                self._next_phase()

    def start(self, job_type: str, maker: str) -> Job | None:
        """Begin a job, unless one is active."""
        if self.job is not None or self.status not in ("active", "inactive"):
            return None
        job = self._airbyte.make_job(self.connection_id, job_type, maker)
        if self._signals:
            # This job also answers the requests that arrived meanwhile.
            for post in self._signals:
                self.share(post, job)
            self._signals.clear()
        self.job, self._phase = job, -1
        self._next_phase()
        return job

    def end(self, status: str, by: object = None) -> None:
        """End the current job."""
        if self.job is None:
            return
        job, self.job, self.is_running = self.job, None, False
        if self._step is not None:
            self._step.cancel()
        job.cancelled_by = by
        job.ended = self._airbyte.timeline.now
        self._airbyte.note(job, status)

    def when_running(self, waiter: Callable[[Job], None]) -> None:
        """Call the waiter with the current job if it runs, else with the next one."""
        if self.is_running and self.job is not None:
            waiter(self.job)
        else:
            self._waiters.append(waiter)

    def share(self, post: Post, job: Job) -> None:
        """Record that a submission was answered with a job, or relies on it."""
        if post not in job.posts:
            job.posts.append(post)
        if post.made is None:
            post.shared = job

    def remove(self) -> None:
        """Delete the connection, which cancels its job."""
        self.status = "deprecated"
        self.end("cancelled", by="the deletion of the connection")

    def _create(self) -> None:
        self._creation = None
        posts, self._signals = self._signals, []
        if self.status != "active" or not posts:
            return
        if self.job is not None:
            return
        makers = {"post" if post.sender.is_ours else "person" for post in posts}
        job = self.start("sync", "post" if "post" in makers else "person")
        assert job is not None
        for post in posts:
            job.posts.append(post)
            post.made = job

    def _next_phase(self) -> None:
        job = self.job
        assert job is not None
        if self._step is not None:
            self._step.cancel()
        self._phase += 1
        if self._phase >= len(job.plan.phases):
            self.end(job.plan.end)
            return
        phase = job.plan.phases[self._phase]
        self.is_running = phase.is_attempt
        self._airbyte.note(job, phase.status)
        self._step = self._airbyte.timeline.after(phase.seconds, self._next_phase)
        if self.is_running:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter(job)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The traits of an Airbyte server and its random delays; `plan` returns the plan of a new job."""

    plan: Callable[[str], Plan]
    draw_creation_delay: Callable[[], float] = lambda: 1.0
    draw_cancel_delay: Callable[[], float] = lambda: 1.0
    # Whether capacity is enforced, so that a POST waits for an id (1.6).
    waits_for_id: bool = False
    # Whether such a POST between two attempts is answered with the job, or times out.
    returns_incomplete: bool = True
    # Older servers refuse a POST while any job is active.
    is_strict: bool = False
    # Whether a pending job can be cancelled.
    cancels_pending: bool = False
    # Whether a cancellation is an error while nothing runs.
    refuses_idle_cancel: bool = False
    unknown_job_status: int = 409
    token_seconds: float = 900.0
    list_lag: float = 0.0
    ignores_order: bool = False
    refuses_order: bool = False
    clock_skew: float = 0.0


class Airbyte:
    """The server: clients use `receive`; people and the schedule use the workflows."""

    def __init__(
        self, timeline: Timeline, traits: Traits, client: tuple[str, str], say: Callable[[str], None]
    ) -> None:
        self.timeline = timeline
        self.traits = traits
        self.workflows: dict[str, Workflow] = {}
        self.jobs: dict[int, Job] = {}
        self.posts: list[Post] = []
        self.deletes: list[Delete] = []
        self.tokens: dict[str, float] = {}
        # Responses to GET of one job: (time, sender, job id, status in the response).
        self.reads: list[tuple[float, Any, int, str]] = []
        # Lists of jobs: (the time as of which they are, sender).
        self.lists: list[tuple[float, Any]] = []
        self._client = client
        self._say = say
        self._next_id = 100
        self._token_count = 0

    def connect(self, connection_id: str) -> Workflow:
        """Make a connection and return its workflow."""
        self.workflows[connection_id] = Workflow(self, connection_id)
        return self.workflows[connection_id]

    def make_job(self, connection_id: str, job_type: str, maker: str) -> Job:
        """Make a job, whose id is greater than all earlier ids."""
        self._next_id += 1
        job = Job(
            job_id=self._next_id,
            connection_id=connection_id,
            job_type=job_type,
            maker=maker,
            plan=self.traits.plan(job_type),
            created=self.timeline.now,
        )
        self.jobs[job.job_id] = job
        return job

    def add_old_job(self, connection_id: str, job_type: str, created: float, status: str) -> None:
        """Add a job that ended before the history began."""
        self._next_id += 1
        job = Job(
            job_id=self._next_id,
            connection_id=connection_id,
            job_type=job_type,
            maker="the past",
            plan=Plan(phases=()),
            created=created,
            history=[(created, "pending"), (created + 1.0, status)],
            ended=created + 1.0,
        )
        self.jobs[job.job_id] = job

    def note(self, job: Job, status: str) -> None:
        """Set the status of a job."""
        job.history.append((self.timeline.now, status))
        made = f" ({job.job_type} of {job.maker})" if len(job.history) == 1 else ""
        by = f" by {job.cancelled_by}" if job.cancelled_by else ""
        self._say(f"airbyte: job {job.job_id} is {status}{made}{by}")

    def handle(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """Answer a call and let the time pass that this takes; for tests with no other client."""
        wait = Wait()
        message = Message(method=method, path=path, params=params, body=body, headers=headers)
        self.receive(message, DirectClient(), self.timeline.now, wait.finish)
        self.timeline.run(float("inf"), lambda: wait.is_done)
        answer: Answer = wait.result()
        return answer

    def receive(self, message: Message, sender: Any, sent: float, reply: Reply) -> None:
        """Act on a call, and reply to it now or later."""
        method, params, body = message.method, message.params, message.body or {}
        route = message.path.removeprefix(PREFIX)
        if route == "/applications/token":
            self._token(body, reply)
        elif not self._is_authorized(message.headers):
            self._reply(reply, 401, _problem(401, "unauthorized", "#unauthorized", "the token has ended"))
        elif route == "/jobs" and method == "POST":
            self._post(body, sender, sent, reply)
        elif route == "/jobs":
            self._list(params, sender, reply)
        elif match := re.fullmatch(r"/jobs/(-?\d+)", route):
            handle = self._delete if method == "DELETE" else self._get
            handle(int(match[1]), sender, sent, reply)
        elif match := re.fullmatch(r"/connections/([^/]+)", route):
            self._connection(match[1], reply)
        else:
            self._reply(reply, 404, _problem(404, "resource-not-found", "#resource-not-found", route))

    def _reply(self, reply: Reply, status: int, content: object) -> None:
        reply((status, self.headers(), json.dumps(content).encode()))

    def headers(self) -> Headers:
        """Return the headers of each response."""
        return {"content-type": "application/json", "date": _date(self._moment())}

    def _moment(self, time: float | None = None) -> datetime:
        seconds = self.timeline.now if time is None else time
        return datetime.fromtimestamp(EPOCH + int(seconds) + self.traits.clock_skew, UTC)

    def _is_authorized(self, headers: Mapping[str, str]) -> bool:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        return self.tokens.get(token, -1.0) > self.timeline.now

    def _token(self, body: Mapping[str, Any], reply: Reply) -> None:
        if (body.get("client_id"), body.get("client_secret")) != self._client:
            self._reply(reply, 401, {"errorId": "0"})
            return
        self._token_count += 1
        token = f"{self._client[1]}-token-{self._token_count}"
        self.tokens[token] = self.timeline.now + self.traits.token_seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.traits.token_seconds}
        self._reply(reply, 200, answer)

    def _connection(self, connection_id: str, reply: Reply) -> None:
        workflow = self.workflows.get(connection_id)
        if workflow is None:
            self._reply(reply, 404, _problem(404, "resource-not-found", "#resource-not-found", "connection"))
        else:
            content = {"connectionId": connection_id, "workspaceId": "w", "status": workflow.status}
            self._reply(reply, 200, content)

    def _get(self, job_id: int, sender: object, _sent: float, reply: Reply) -> None:
        job = self.jobs.get(job_id)
        if job is None:
            self._refuse_unknown(reply)
            return
        self.reads.append((self.timeline.now, sender, job_id, job.status))
        self._reply(reply, 200, self._job_json(job, self.timeline.now))

    def _refuse_unknown(self, reply: Reply) -> None:
        status = self.traits.unknown_job_status
        self._reply(reply, status, _problem(status, "state-conflict", "#409-state-conflict", _NOT_RUNNING))

    def _list(self, params: Mapping[str, str], sender: Any, reply: Reply) -> None:
        order = params.get("orderBy", "createdAt|ASC")
        limit, offset = int(params.get("limit", "20")), int(params.get("offset", "0"))
        refused = self.traits.refuses_order and "orderBy" in params
        if refused or not (1 <= limit <= 100 and re.fullmatch(r"[a-zA-Z0-9]+\|(ASC|DESC)", order)):
            self._reply(reply, 400, _problem(400, "bad-request", "#bad-request", "bad order or limit"))
            return
        time = self.timeline.now - self.traits.list_lag
        found = [job for job in self.jobs.values() if job.created <= time and _is_wanted(job, params, time)]
        if order.endswith("DESC") and not self.traits.ignores_order:
            found.reverse()
        page = [self._job_json(job, time) for job in found[offset : offset + limit]]
        self.lists.append((time, sender))
        self._reply(reply, 200, {"data": page, "next": "", "previous": ""})

    def _post(self, body: Mapping[str, Any], sender: Any, sent: float, reply: Reply) -> None:
        post = Post(
            number=len(self.posts) + 1,
            sender=sender,
            connection_id=str(body.get("connectionId")),
            sent=sent,
            arrived=self.timeline.now,
        )
        self.posts.append(post)
        sender.post = post
        workflow = self.workflows.get(post.connection_id)
        if workflow is None or workflow.status == "deprecated":
            self._refuse(
                post, reply, _problem(404, "resource-not-found", "#resource-not-found", "connection")
            )
        elif workflow.status != "active":
            self._refuse(post, reply, _COULD_NOT)
        elif workflow.is_running or (self.traits.is_strict and workflow.job is not None):
            self._refuse(post, reply, _running(post.connection_id))
        elif self.traits.waits_for_id:
            self._submit_and_wait_for_id(post, workflow, reply)
        else:
            workflow.signal(post)
            workflow.when_running(partial(self._answer_post, post, workflow, reply))

    def _submit_and_wait_for_id(self, post: Post, workflow: Workflow, reply: Reply) -> None:
        waiting = workflow.job
        if waiting is not None and (waiting.status != "incomplete" or self.traits.returns_incomplete):
            if waiting.status == "incomplete":
                workflow.signal(post)
            self._answer_post(post, workflow, reply, waiting)
            return
        workflow.signal(post)
        ends = self.timeline.now + ID_SECONDS

        def poll() -> None:
            if workflow.job is not None and workflow.job is not waiting:
                self._answer_post(post, workflow, reply, workflow.job)
            elif self.timeline.now >= ends:
                self._refuse(post, reply, _COULD_NOT)
            else:
                self.timeline.after(1.0, poll)

        poll()

    def _answer_post(self, post: Post, workflow: Workflow, reply: Reply, job: Job) -> None:
        if post.sender.answered_at is None:  # its sender is still waiting
            workflow.share(post, job)
        post.answer, post.named = f"200 job {job.job_id}", job
        self._reply(reply, 200, self._job_json(job, self.timeline.now))

    def _refuse(self, post: Post, reply: Reply, problem: Mapping[str, Any]) -> None:
        post.answer = f"{problem['status']} {problem['data']['message']}"
        self._reply(reply, problem["status"], problem)

    def _delete(self, job_id: int, sender: object, sent: float, reply: Reply) -> None:
        delete = Delete(sender=sender, named=job_id, sent=sent, arrived=self.timeline.now)
        self.deletes.append(delete)
        job = self.jobs.get(job_id)
        if job is None:
            self._refuse_unknown(reply)
            return
        workflow = self.workflows[job.connection_id]
        if self._is_cancellable(workflow):
            delete.hit = workflow.job
            self.timeline.after(self.traits.draw_cancel_delay(), self._cancelled, delete, job, reply)
        elif workflow.job is None and self.traits.refuses_idle_cancel:
            self._reply(reply, 409, _problem(409, "state-conflict", "#409-state-conflict", _NOT_RUNNING))
        else:
            self._reply(reply, 200, self._job_json(job, self.timeline.now))

    def _is_cancellable(self, workflow: Workflow) -> bool:
        if workflow.job is None:
            return False
        waits = workflow.job.status == "queued" or (
            workflow.job.status == "pending" and self.traits.cancels_pending
        )
        return workflow.is_running or waits

    def _cancelled(self, delete: Delete, named: Job, reply: Reply) -> None:
        assert delete.hit is not None
        workflow = self.workflows[delete.hit.connection_id]
        if workflow.job is delete.hit and workflow.job.status != "incomplete":
            workflow.end("cancelled", by=delete.sender)
        self._reply(reply, 200, self._job_json(named, self.timeline.now))

    def _job_json(self, job: Job, time: float) -> dict[str, Any]:
        status = job.status_at(time)
        ended = status in FINAL
        content: dict[str, Any] = {
            "jobId": job.job_id,
            "status": status,
            "jobType": job.job_type,
            "startTime": _java_time(self._moment(job.created)),
            "connectionId": job.connection_id,
            "bytesSynced": None,
            "rowsSynced": None,
        }
        if status != "pending":
            content["duration"] = f"PT{int((job.ended or time) - job.created)}S"
        if ended:
            content["lastUpdatedAt"] = _java_time(self._moment(job.ended))
        if status == "succeeded":
            content["rowsSynced"] = job.plan.rows
            content["bytesSynced"] = None if job.plan.rows is None else 100 * job.plan.rows
        return content


_NOT_RUNNING = "Job is not currently running"


def _problem(status: int, title: str, suffix: str, message: str) -> dict[str, Any]:
    return {
        "status": status,
        "type": ERRORS + suffix,
        "title": title,
        "detail": "See the message.",
        "data": {"message": message},
    }


_COULD_NOT = _problem(409, "state-conflict", "#409-state-conflict", "Could not fulfill request")


def _running(connection_id: str) -> dict[str, Any]:
    message = f"A sync is already running for: {connection_id}"
    return _problem(409, "try-again-later", "#try-again-later", message)


def _is_wanted(job: Job, params: Mapping[str, str], time: float) -> bool:
    return (
        params.get("connectionId", job.connection_id) == job.connection_id
        and params.get("jobType", job.job_type) == job.job_type
        and params.get("status", job.status_at(time)) == job.status_at(time)
    )


@lru_cache(maxsize=1000)
def _date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@lru_cache(maxsize=1000)
def _java_time(moment: datetime) -> str:
    """Format a time as `OffsetDateTime.toString` does, which omits seconds of 0."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if moment.second else "%Y-%m-%dT%H:%MZ")
