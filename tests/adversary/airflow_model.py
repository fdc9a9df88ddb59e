"""A model of how Airflow runs the tasks of a run, in virtual time and without a database.

Workers are programs that can be signalled and killed at any effect; triggers run in the event loops of two
triggerers. The model keeps what Airflow keeps: a task's own XComs are wiped whenever its code starts over,
those of another task stay until that one starts; the task state store and Variables stay forever. A clear
restores all retries, but the clear of a running task restores none. The real operators, sensors and triggers
run in the model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)

from tests.adversary.airbyte_model import EPOCH
from tests.adversary.virtual_time import ACTOR, Event, Loop, Program, Timeline

try:
    from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSensorTimeout
except ImportError:
    from airflow.exceptions import AirflowRescheduleException, AirflowSensorTimeout

FINISHED = ("success", "failed", "skipped", "upstream_failed")
# The message with which Airflow 3.3 cancels a trigger whose task was ended by a person
# (`jobs/triggerer_job_runner.py`).
USER_ACTION = "__airflow_user_action__"
ON_KILL_SECONDS = 30.0
# From SIGTERM to SIGKILL, in seconds: `escalation_delay` of Airflow 3, `killed_task_cleanup_time` of 2.
ESCALATION = {True: 5.0, False: 60.0}


class TerminatedError(AirflowException):
    """Raised by Airflow 2 in a task after its `on_kill`."""


@dataclass(kw_only=True, slots=True, eq=False)
class Actor:
    """A caller on behalf of a task: a worker's process, a trigger, or a cancelling process."""

    kind: str
    task: Task
    try_number: int
    generation: int
    number: int
    begun: float
    world: Any
    program: Program | None = None
    loop: Loop | None = None
    # When it first got SIGTERM or was killed.
    ended_at: float | None = None
    # When a worker's code finished by itself.
    over_at: float = -1.0
    children: list[Actor] = field(default_factory=list)

    @property
    def run(self) -> Run:
        """Return the run of its task."""
        return self.task.run

    def effect(self, what: str) -> None:
        """Announce an effect, which a crash may still prevent."""
        self.world.on_effect(self, what)
        self.check_alive()

    def check_alive(self) -> None:
        """Stop here if the actor was killed."""
        if self.program is not None:
            self.program.check_alive()
        elif self.loop is not None:
            self.loop.check_alive()

    def __str__(self) -> str:
        return f"{self.task.name} try {self.try_number} {self.kind} {self.number}"


@dataclass(kw_only=True, eq=False)
class Run:
    """A run of a DAG. Times are seconds since the history began."""

    dag_id: str
    run_id: str
    begun: float
    setup: Any
    tasks: list[Task] = field(default_factory=list)
    clears: int = 0
    # When the submitting task was cleared without the waiting one.
    first_cleared_alone: list[float] = field(default_factory=list)
    is_finished: bool = False
    finished_at: float = 0.0
    xcoms: dict[tuple[str, str], str] = field(default_factory=dict)


class Task:
    """One task of one run, with everything that Airflow's database stores about it."""

    def __init__(self, run: Run, prototype: Any, upstream: Task | None) -> None:
        self.run = run
        self.prototype = prototype
        self.task_id: str = prototype.task_id
        self.upstream = upstream
        self.retries: int = prototype.retries
        self.state: str | None = None
        self.state_by = ""
        self.try_number = 0
        self.max_tries = self.retries
        self.generation = 0
        # When the first try of each generation could begin: the generation of the run, and one per clear.
        self.generations = [run.begun]
        self.ended_at = 0.0
        # The generations that began with a clear of a running task.
        self.cleared_running: set[int] = set()
        self.start_date = 0.0
        self.starts = 0
        self.actor: Actor | None = None
        self.actors: list[Actor] = []
        self.next_method: str | None = None
        self.next_kwargs: str | None = None
        self.deferral: Deferral | None = None
        self.store: dict[str, str] = {}
        self.schedule: Event | None = None
        self.reports: list[Report] = []

    @property
    def name(self) -> str:
        """Return its name in the log."""
        return f"{self.run.dag_id}.{self.run.run_id}.{self.task_id}"

    @property
    def is_finished(self) -> bool:
        """Whether Airflow is done with it."""
        return self.state in FINISHED

    def result(self) -> Any:
        """Return its XCom result."""
        kept = self.run.xcoms.get((self.task_id, "return_value"))
        return None if kept is None else json.loads(kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """How the code of a task ended: what it returned or raised."""

    time: float
    task: Task
    try_number: int
    generation: int
    outcome: str
    result: object
    text: str
    error: BaseException | None


@dataclass(kw_only=True, eq=False)
class Deferral:
    """A deferred task's trigger: a row of Airflow's database."""

    number: int
    task: Task
    try_number: int
    generation: int
    classpath: str
    arguments: str
    ends: float | None
    triggerer: Triggerer | None = None
    is_gone: bool = False


class Scheduler:
    """Starts due tasks, and carries out what people do to tasks."""

    def __init__(self, world: Any, timeline: Timeline) -> None:
        self.world = world
        self.timeline = timeline
        self.runs: list[Run] = []
        self.triggerers: list[Triggerer] = []
        self.reports: list[Report] = []
        self._deferrals = 0

    # The scheduler.

    def begin(self, run: Run, prototypes: list[Any]) -> None:
        """Begin a run whose tasks run one after another."""
        upstream: Task | None = None
        for prototype in prototypes:
            upstream = Task(run, prototype, upstream)
            run.tasks.append(upstream)
        self.runs.append(run)
        self.advance(run)

    def advance(self, run: Run) -> None:
        """Queue tasks that can start, and finish the run if none is left."""
        for task in run.tasks:
            if task.state is None and task.schedule is None and self._is_ready(task):
                self._queue(task, self.world.draw_queue_delay())
        if all(task.is_finished for task in run.tasks):
            if not run.is_finished:
                run.is_finished, run.finished_at = True, self.timeline.now
                self.world.on_run_finished(run)
        else:
            run.is_finished = False

    def _is_ready(self, task: Task) -> bool:
        before = task.upstream
        if before is None or before.state == "success":
            return True
        if before.is_finished:
            task.state = "skipped" if before.state == "skipped" else "upstream_failed"
            task.ended_at = self.timeline.now
        return False

    def _queue(self, task: Task, delay: float, *, same_try: bool = False) -> None:
        task.schedule = self.timeline.after(delay, self._start, task, same_try)

    def _start(self, task: Task, same_try: bool) -> None:
        task.schedule = None
        if not same_try:
            task.try_number += 1
        is_resumed = task.next_method is not None
        task.state = "running"
        task.starts += 1
        if not is_resumed or task.start_date == 0.0:
            task.start_date = self.timeline.now
        actor = self._actor("worker", task)
        if not is_resumed:
            for key in [key for key in task.run.xcoms if key[0] == task.task_id]:
                del task.run.xcoms[key]
        method, kwargs = task.next_method, task.next_kwargs
        task.next_method = task.next_kwargs = None
        actor.program = Program(
            self.timeline,
            lambda: self._execute(actor, method, kwargs),
            lambda: self._ended(actor),
        )
        task.actor = actor
        self.world.say(f"{actor}: starts{' again' if is_resumed else ''}")
        actor.program.start()

    def _actor(self, kind: str, task: Task) -> Actor:
        actor = Actor(
            kind=kind,
            task=task,
            try_number=task.try_number,
            generation=task.generation,
            number=len(task.actors) + 1,
            begun=self.timeline.now,
            world=self.world,
        )
        task.actors.append(actor)
        return actor

    # Workers.

    def _execute(self, actor: Actor, method: str | None, kwargs: str | None) -> object:
        ACTOR.set(actor)
        task = clone(actor.task.prototype)
        context = self._context(actor, task)
        actor.world.instances[actor] = task
        if hasattr(task, "airbyte_job_id"):
            upstream = actor.task.upstream
            task.airbyte_job_id = None if upstream is None else upstream.result()
        if method is None:
            result = task.execute(context=context)
        elif method == "__fail__":
            message = "Trigger failure"
            raise AirflowException(message)
        else:
            result = getattr(task, method)(context, **json.loads(kwargs or "{}"))
        if result is not None and task.do_xcom_push:
            context["ti"].xcom_push(key="return_value", value=result)
        actor.effect("the end")
        return result

    def _context(self, actor: Actor, task: Any) -> dict[str, Any]:
        run = actor.run
        ti = Instance(actor, task, self)
        context: dict[str, Any] = {
            "ti": ti,
            "task_instance": ti,
            "task": task,
            "run_id": run.run_id,
            "dag_run": SimpleNamespace(
                run_id=run.run_id,
                dag_id=run.dag_id,
                start_date=moment(run.begun),
                logical_date=moment(0.0),
                clear_number=run.clears,
            ),
            "outlet_events": _OutletEvents(),
            "logical_date": moment(0.0),
            "params": {},
        }
        if run.setup.has_store:
            context["task_state_store"] = Store(actor)
        return context

    def _ended(self, actor: Actor) -> None:
        program, task = actor.program, actor.task
        assert program is not None
        actor.over_at = self.timeline.now
        error = program.error
        report = Report(
            time=self.timeline.now,
            task=task,
            try_number=actor.try_number,
            generation=actor.generation,
            outcome=_outcome(error),
            result=program.outcome,
            text="" if error is None else str(error),
            error=error,
        )
        self.reports.append(report)
        if self.world.is_verbose:
            end = f"{type(error).__name__}: {error}" if error is not None else f"returns {program.outcome}"
            self.world.say(f"{actor}: ends: {end}")
        if task.actor is not actor:
            return
        if task.state != "running":
            self._process_ended(actor)
            return
        task.actor = None
        self._take(actor, report, error)

    def _take(self, actor: Actor, report: Report, error: BaseException | None) -> None:
        task = actor.task
        task.reports.append(report)
        if report.outcome == "deferred":
            assert isinstance(error, TaskDeferred)
            self._defer(task, error)
        elif report.outcome == "reschedule":
            assert isinstance(error, AirflowRescheduleException)
            task.state = "up_for_reschedule"
            delay = (error.reschedule_date - moment(self.timeline.now)).total_seconds()
            self._queue(task, max(delay, 0.0) + self.world.draw_queue_delay(), same_try=True)
        elif report.outcome in ("success", "skipped"):
            self._finish(task, report.outcome, "code")
            if report.outcome == "success":
                copy_context().run(self._call_back, actor)
        elif report.outcome == "failed for good":
            self._finish(task, "failed", "code")
        else:
            self.fail(task)

    def _call_back(self, actor: Actor) -> None:
        """Run the callbacks of a success in the worker that recorded it, unless that is lost before."""
        if self.world.draw_lost_before_callback():
            self.world.without_callback.append(actor.task)
            return
        ACTOR.set(actor)
        operator = self.world.instances[actor]
        for callback in operator.on_success_callback or ():
            callback(self._context(actor, operator))

    def fail(self, task: Task) -> None:
        """Fail a try, and retry the task if a retry is left."""
        task.next_method = task.next_kwargs = None
        if task.try_number <= task.max_tries:
            task.state = "up_for_retry"
            self._queue(task, self.world.draw_retry_delay() + self.world.draw_queue_delay())
        else:
            self._finish(task, "failed", "code")

    def _finish(self, task: Task, state: str, by: str) -> None:
        task.state, task.state_by, task.ended_at = state, by, self.timeline.now
        self.world.say(f"{task.name}: {state} by {by}")
        self.advance(task.run)

    def _process_ended(self, actor: Actor) -> None:
        """Handle the end of a worker's process whose task a person has changed meanwhile."""
        task = actor.task
        if task.actor is actor:
            task.actor = None
            if task.state == "restarting":
                task.state = None
                self.advance(task.run)

    # Deferral.

    def _defer(self, task: Task, deferred: TaskDeferred) -> None:
        classpath, arguments = deferred.trigger.serialize()
        self._deferrals += 1
        limit = None if deferred.timeout is None else deferred.timeout.total_seconds()
        deferral = Deferral(
            number=self._deferrals,
            task=task,
            try_number=task.try_number,
            generation=task.generation,
            classpath=classpath,
            arguments=json.dumps(arguments),
            ends=None if limit is None else self.timeline.now + limit,
        )
        task.state = "deferred"
        task.deferral = deferral
        task.next_method = deferred.method_name
        task.next_kwargs = json.dumps(deferred.kwargs or {})
        if limit is not None:
            self.timeline.after(limit, self._deferral_timed_out, deferral)
        self.timeline.after(self.world.draw_queue_delay(), self.assign, deferral)

    def assign(self, deferral: Deferral) -> None:
        """Assign a trigger to a live triggerer, or wait for one."""
        if deferral.is_gone or deferral.triggerer is not None:
            return
        alive = [each for each in self.triggerers if each.is_alive]
        if alive:
            self.world.random.choice(alive).take(deferral)
        else:
            self.timeline.after(5.0, self.assign, deferral)

    def _deferral_timed_out(self, deferral: Deferral) -> None:
        task = deferral.task
        if deferral.is_gone or task.deferral is not deferral or task.state != "deferred":
            return
        self.world.say(f"{task.name}: Airflow's own limit for the trigger is over")
        self._drop(deferral, is_user=False)
        task.next_method = "__fail__"
        self._queue(task, self.world.draw_queue_delay(), same_try=True)

    def fired(self, deferral: Deferral, payload: str | None, failure: str = "") -> None:
        """Resume a task with a trigger's event, or with its failure."""
        task = deferral.task
        if deferral.is_gone or task.deferral is not deferral or task.state != "deferred":
            return
        deferral.is_gone = True
        task.deferral = None
        task.state = "scheduled"
        if payload is None:
            self.world.say(f"{task.name}: its trigger has failed: {failure}")
            task.next_method = "__fail__"
        else:
            kwargs = json.loads(task.next_kwargs or "{}")
            task.next_kwargs = json.dumps({**kwargs, "event": json.loads(payload)})
        if self.world.draw_forgets_deferral():
            # Airflow 3.3 when it cannot read the DAG at this moment: the same try starts over.
            self.world.say(f"{task.name}: the deferral is forgotten")
            task.next_method = task.next_kwargs = None
        self._queue(task, self.world.draw_queue_delay(), same_try=True)

    def _drop(self, deferral: Deferral, *, is_user: bool) -> None:
        deferral.is_gone = True
        deferral.task.deferral = None
        triggerer = deferral.triggerer
        if triggerer is not None and triggerer.is_alive:
            delay = 0.2 + self.world.random.random() * 1.5
            self.timeline.after(delay, triggerer.cancel, deferral, is_user)

    # People and machines acting on tasks.

    def crash(self, task: Task, detection: float) -> None:
        """Kill a worker without notice."""
        actor = task.actor
        if actor is None or actor.program is None:
            return
        self.world.say(f"{actor}: SIGKILL")
        actor.ended_at = actor.ended_at or self.timeline.now
        self.world.crashes.append((self.timeline.now, task, actor))
        self.timeline.after(detection, self._crash_detected, actor)
        actor.program.kill()

    def _crash_detected(self, actor: Actor) -> None:
        task = actor.task
        if task.actor is not actor:
            return
        task.actor = None
        if task.state == "running":
            self.world.say(f"{task.name}: Airflow finds that its worker is gone")
            self.fail(task)
        elif task.state == "restarting":
            task.state = None
            self.advance(task.run)

    def evict(self, task: Task) -> None:
        """Shut a worker's machine down: SIGTERM, later SIGKILL, with the task's state unchanged."""
        actor = task.actor
        if actor is not None and task.state == "running":
            self.world.say(f"{actor}: is evicted")
            self.world.kills.append((self.timeline.now, task, "evicted"))
            self._terminate(actor)

    def _terminate(self, actor: Actor) -> None:
        if actor.program is None or actor.program.is_over or actor.program.is_dead:
            return
        self.world.say(f"{actor}: SIGTERM")
        actor.ended_at = actor.ended_at or self.timeline.now
        actor.program.signal(lambda: self._on_term(actor))
        delay = ESCALATION[self.world.is_airflow_3]
        self.timeline.after(delay, self._escalate, actor)

    def _on_term(self, actor: Actor) -> None:
        instance = self.world.instances.get(actor)
        if instance is not None:
            instance.on_kill()
        if not self.world.is_airflow_3:
            message = "Task received SIGTERM signal"
            raise TerminatedError(message)

    def _escalate(self, actor: Actor) -> None:
        program = actor.program
        assert program is not None
        if not (program.is_over or program.is_dead):
            self.world.say(f"{actor}: SIGKILL")
            program.kill()
        if self.world.loses_children:
            for child in actor.children:
                if child.program is not None and not child.program.is_over:
                    self.world.say(f"{child}: is lost with its machine")
                    self.world.lost_children.append(child)
                    child.program.kill()
        if not program.is_over:
            self.timeline.after(1.0, self._crash_detected, actor)

    def mark(self, task: Task, state: str) -> None:
        """Mark a task as success or failed, as a person does."""
        if task.is_finished and task.state == state:
            return
        self.world.say(f"a person marks {task.name}, which is {task.state}, as {state}")
        self.world.kills.append((self.timeline.now, task, f"marked while {task.state}"))
        self._stop(task)
        for each in task.run.tasks:
            # Airflow evaluates the downstream tasks again.
            if each.upstream is task and each.state == "upstream_failed" and state == "success":
                each.state = None
        self._finish(task, state, "a person")

    def clear(self, tasks: list[Task]) -> None:
        """Clear tasks of one run, as a person does."""
        run = tasks[0].run
        names = ", ".join(f"{task.task_id} ({task.state})" for task in tasks)
        self.world.say(f"a person clears {run.dag_id}.{run.run_id}: {names}")
        run.clears += 1
        if len(run.tasks) > 1 and tasks == run.tasks[:1]:
            run.first_cleared_alone.append(self.timeline.now)
        if run.is_finished:
            run.begun = self.timeline.now
        for task in tasks:
            self.world.kills.append((self.timeline.now, task, f"cleared while {task.state}"))
            if any(actor.generation == task.generation for actor in task.actors):
                # A task that has not begun starts no new generation.
                task.generation += 1
                task.generations.append(self.timeline.now)
            if task.state in ("running", "restarting"):
                task.cleared_running.add(task.generation)
            if task.state == "running":
                self._stop(task)
                task.state = "restarting"
            elif task.state != "restarting":
                self._stop(task)
                task.max_tries = task.try_number + task.retries
                task.state = None
            task.next_method = task.next_kwargs = None
        self.advance(run)

    def _stop(self, task: Task) -> None:
        if task.schedule is not None:
            task.schedule.cancel()
            task.schedule = None
        if task.deferral is not None:
            self._drop(task.deferral, is_user=True)
        if task.actor is not None and task.state == "running":
            self.timeline.after(self.world.draw_heartbeat_delay(), self._terminate, task.actor)
        task.next_method = task.next_kwargs = None

    def state_of(self, task: Task) -> str | None:
        """Return the state of a task as Airflow would report it."""
        return task.state

    # Triggerers.

    def make_triggerer(self) -> Triggerer:
        """Start another triggerer."""
        triggerer = Triggerer(self, len(self.triggerers) + 1)
        self.triggerers.append(triggerer)
        return triggerer

    def trigger_actor(self, deferral: Deferral) -> Actor:
        """Make the actor of a trigger."""
        actor = self._actor("trigger", deferral.task)
        actor.try_number, actor.generation = deferral.try_number, deferral.generation
        return actor

    def child_actor(self, parent: Actor) -> Actor:
        """Make the actor of a process that a task started."""
        actor = self._actor("canceller", parent.task)
        actor.try_number, actor.generation = parent.try_number, parent.generation
        parent.children.append(actor)
        return actor


class Triggerer:
    """Runs triggers in one event loop."""

    def __init__(self, scheduler: Scheduler, number: int) -> None:
        self.scheduler = scheduler
        self.number = number
        self.is_alive = True
        self.loop = Loop(scheduler.timeline)
        self.tasks: dict[Deferral, asyncio.Task[None]] = {}

    def take(self, deferral: Deferral) -> None:
        """Make a trigger from its row and run it."""
        deferral.triggerer = self
        world = self.scheduler.world
        actor = self.scheduler.trigger_actor(deferral)
        actor.loop = self.loop
        world.say(f"{actor}: is taken up by triggerer {self.number}")
        trigger = world.make_trigger(deferral.classpath, json.loads(deferral.arguments))
        task = deferral.task
        trigger.task_instance = SimpleNamespace(
            id=f"{task.name}-{deferral.try_number}-{deferral.generation}",
            dag_id=task.run.dag_id,
            task_id=task.task_id,
            run_id=task.run.run_id,
            map_index=-1,
            try_number=deferral.try_number,
            model=task,
        )
        token = ACTOR.set(actor)
        self.tasks[deferral] = self.loop.create_task(self._run(deferral, trigger))
        ACTOR.reset(token)

    async def _run(self, deferral: Deferral, trigger: Any) -> None:
        world = self.scheduler.world
        try:
            async for event in trigger.run():
                ACTOR.get().effect("an event")
                self.scheduler.fired(deferral, json.dumps(event.payload))
                break
        except asyncio.CancelledError as error:
            if error.args[:1] == (USER_ACTION,) and world.triggers_are_killed:
                await self._on_kill(trigger)
            raise
        except Exception as error:  # noqa: BLE001 (Airflow fails the task on any exception)
            world.on_trigger_error(deferral, error)
            self.scheduler.fired(deferral, None, repr(error))

    async def _on_kill(self, trigger: Any) -> None:
        # Airflow swallows a second cancellation and its own timeout.
        try:
            await asyncio.wait_for(trigger.on_kill(), timeout=ON_KILL_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            return

    def cancel(self, deferral: Deferral, is_user: bool) -> None:
        """Cancel a trigger."""
        task = self.tasks.get(deferral)
        if task is not None:
            self._cancel_task(task, is_user)

    def _cancel_task(self, task: asyncio.Task[None], is_user: bool) -> None:
        """Cancel the asyncio task of a trigger; once a second until it has ended, as in Airflow 3.3."""
        if task.done() or not self.is_alive:
            return
        asyncio._set_running_loop(self.loop)
        try:
            task.cancel(USER_ACTION if is_user else None)
        finally:
            asyncio._set_running_loop(None)
        if is_user and self.scheduler.world.triggers_are_killed:
            self.scheduler.timeline.after(1.0, self._cancel_task, task, is_user)

    def kill(self) -> None:
        """Kill it without notice; its triggers move to another triggerer, or wait for one."""
        self.scheduler.world.say(f"triggerer {self.number}: SIGKILL")
        self.is_alive = False
        self.loop.kill()
        self._give_up(self.scheduler.world.draw_triggerer_detection())

    def stop(self) -> None:
        """Stop it as Airflow does: cancel its triggers and wait a little."""
        self.scheduler.world.say(f"triggerer {self.number}: stops")
        for deferral in list(self.tasks):
            self.cancel(deferral, is_user=False)
        self.is_alive = False
        self.scheduler.timeline.after(5.0, self.loop.kill)
        self._give_up(self.scheduler.world.draw_triggerer_detection())

    def lose(self, deferral: Deferral) -> None:
        """Move a trigger away, as when this triggerer's heartbeat was late."""
        self.scheduler.world.say(f"triggerer {self.number}: loses the trigger of {deferral.task.name}")
        self.cancel(deferral, is_user=True)
        deferral.triggerer = None
        others = [each for each in self.scheduler.triggerers if each.is_alive and each is not self]
        if others:
            others[0].take(deferral)
        else:
            self.scheduler.assign(deferral)

    def _give_up(self, delay: float) -> None:
        for deferral in self.tasks:
            if not deferral.is_gone and deferral.triggerer is self:
                deferral.triggerer = None
                self.scheduler.timeline.after(delay, self.scheduler.assign, deferral)


class Instance:
    """The `ti` of a task's code."""

    map_index = -1
    hostname = "worker"

    def __init__(self, actor: Actor, task: Any, scheduler: Scheduler) -> None:
        model = actor.task
        self._actor = actor
        self._scheduler = scheduler
        self.task = task
        self.model = model
        self.task_id = model.task_id
        self.dag_id = model.run.dag_id
        self.run_id = model.run.run_id
        self.try_number = model.try_number
        self.max_tries = model.max_tries
        self.start_date = moment(model.start_date)
        self.id = f"{model.name}-{model.try_number}-{model.generation}"
        self.state = "running"

    def get_first_reschedule_date(self, _context: object) -> datetime:
        """Return the time of the first poke; the sensor's own timeout is far beyond."""
        return self.start_date

    def xcom_push(self, key: str, value: object) -> None:
        """Write an XCom of this task."""
        self._actor.effect(f"XCom {key}")
        self.model.run.xcoms[self.task_id, key] = json.dumps(value)

    def xcom_pull(
        self, task_ids: str | None = None, key: str = "return_value", default: object = None, **_: object
    ) -> Any:
        """Read an XCom of the run."""
        self._actor.check_alive()
        kept = self.model.run.xcoms.get((task_ids or self.task_id, key))
        return default if kept is None else json.loads(kept)


class Store:
    """The task state store of Airflow 3.3, which survives tries and clears."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def get(self, key: str, default: object = None) -> Any:
        """Read a value."""
        self._actor.check_alive()
        kept = self._actor.task.store.get(key)
        return default if kept is None else json.loads(kept)

    def set(self, key: str, value: object, **_: object) -> None:
        """Write a value."""
        self._actor.effect(f"store {key}")
        self._actor.task.store[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        """Delete a value."""
        self._actor.effect(f"store {key}")
        self._actor.task.store.pop(key, None)


class _OutletEvents:
    def __getitem__(self, asset: object) -> SimpleNamespace:
        return SimpleNamespace(extra={})


def clone(task: Any) -> Any:
    """Copy an operator, as if a new process had read the DAG."""
    new = object.__new__(type(task))
    new.__dict__.update(task.__dict__)
    return new


def moment(seconds: float) -> datetime:
    """Convert a time of the history to a datetime, as Airflow has it."""
    return datetime.fromtimestamp(EPOCH + seconds, UTC)


def _outcome(error: BaseException | None) -> str:
    kinds: Mapping[str, tuple[type[BaseException], ...]] = {
        "deferred": (TaskDeferred,),
        "reschedule": (AirflowRescheduleException,),
        "skipped": (AirflowSkipException,),
        "failed for good": (AirflowFailException, AirflowSensorTimeout),
    }
    if error is None:
        return "success"
    return next((name for name, classes in kinds.items() if isinstance(error, classes)), "failed")


Sayer = Callable[[str], None]
