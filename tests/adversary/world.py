"""One running history: connect the models, carry out the acts, and record what happens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.adversary.airbyte_model import EPOCH, Airbyte, Job, Phase, Plan, Post, Traits
from tests.adversary.airflow_model import FINISHED, Actor, Deferral, Run, Scheduler, Task
from tests.adversary.histories import Act, History, Setup
from tests.adversary.network import Network, Person
from tests.adversary.virtual_time import Timeline

CONNECTION = "11111111-2222-4333-8444-555555555555"
CLIENT, SECRET = "a-client", "s3cr3t-of-the-adversary"
# How long work started by the last task may continue after the task ended, in seconds.
REST = 1800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Forbidden log lines and exceptions, which a history leaves besides the models."""

    leaks: list[str] = field(default_factory=list)
    trigger_errors: list[tuple[Deferral, BaseException]] = field(default_factory=list)


class World:
    """Runs one history. `make_tasks` makes the operators of a setup, `make_trigger` the trigger of a row."""

    def __init__(
        self,
        history: History,
        make_tasks: Callable[[Setup], Iterable[Any]],
        make_trigger: Callable[[str, dict[str, Any]], Any],
        *,
        is_verbose: bool = False,
    ) -> None:
        self.history = history
        self.random = random.Random(history.number)
        self.timeline = Timeline()
        self.is_verbose = is_verbose
        self.lines: list[str] = []
        self.kept = Kept()
        self.log = TaskLog(self)
        self.make_trigger = make_trigger
        self._make_tasks = make_tasks
        traits = self._traits()
        self.airbyte = Airbyte(self.timeline, traits, (CLIENT, SECRET), self.say)
        self.workflow = self.airbyte.connect(CONNECTION)
        for number in range(history.old_jobs):
            kind, status = _OLD_JOBS[number % len(_OLD_JOBS)]
            self.airbyte.add_old_job(CONNECTION, kind, 3600.0 * (number - history.old_jobs), status)
        self.network = Network(
            self.timeline, self.airbyte, self.random, self.say, latency=history.latency, is_verbose=is_verbose
        )
        self.scheduler = Scheduler(self, self.timeline)
        self.variables: dict[str, str] = {}
        self.written_variables: dict[str, Task] = {}
        self.without_callback: list[Task] = []
        self.instances: dict[Actor, Any] = {}
        self.crashes: list[tuple[float, Task, Actor]] = []
        self.kills: list[tuple[float, Task, str]] = []
        self.lost_children: list[Actor] = []
        self.unreadable: list[tuple[float, float]] = []
        self.outages: list[tuple[float, float]] = []
        self.is_airflow_3 = history.is_airflow_3
        self.triggers_are_killed = history.triggers_are_killed
        self.loses_children = history.loses_children
        self.acts_done: list[str] = []
        self.is_stuck = False
        self.active_at_end: list[tuple[Run, Job, str]] = []
        self._syncs = 0
        self._effects: dict[str, int] = {}
        self._at_effect: dict[tuple[str, int], list[Act]] = {}
        self._person = Person()

    # Running.

    def run(self) -> None:
        """Run the history to its end, and what it started beyond that."""
        history = self.history
        self.network.faults = list(history.faults)
        for setup in history.setups:
            self.timeline.at(setup.begins, self._begin, setup)
        for _ in range(2):
            self.scheduler.make_triggerer()
        for act in history.acts:
            self._plan_act(act)
        self.timeline.at(history.calm_at, self._calm)
        longest = max((setup.retries + 2) * (setup.timeout + 4000) for setup in history.setups)
        limit = history.calm_at + 10_000.0 + 3 * longest
        self.timeline.run(history.calm_at)
        self.is_stuck = not self.timeline.run(limit, self._is_over)
        if not self.is_stuck:
            self.timeline.run(self.timeline.now + REST)
        self.say("the end")

    def close(self) -> None:
        """Unwind whatever is still running."""
        for triggerer in self.scheduler.triggerers:
            triggerer.loop.kill()
        for run in self.scheduler.runs:
            for task in run.tasks:
                for actor in task.actors:
                    if actor.program is not None:
                        actor.program.kill()

    def say(self, text: str) -> None:
        """Add a line to the log of the history."""
        if self.is_verbose:
            self.lines.append(f"{self.timeline.now:9.1f}  {text}")

    def _begin(self, setup: Setup) -> None:
        run = Run(dag_id=setup.dag_id, run_id="run", begun=self.timeline.now, setup=setup)
        self.scheduler.begin(run, list(self._make_tasks(setup)))

    def _calm(self) -> None:
        self.say("from now on nothing goes wrong any more")
        self.network.faults = []
        self._at_effect.clear()
        if self.workflow.status == "inactive":
            self.workflow.status = "active"
        if not any(each.is_alive for each in self.scheduler.triggerers):
            self.scheduler.make_triggerer()

    def _is_over(self) -> bool:
        return all(run.is_finished for run in self.scheduler.runs) and not any(
            actor.program is not None and not (actor.program.is_over or actor.program.is_dead)
            for run in self.scheduler.runs
            for task in run.tasks
            for actor in task.actors[-4:]
        )

    # Random choices during the run.

    def _traits(self) -> Traits:
        history, rng = self.history, self.random
        return Traits(
            plan=self._plan,
            draw_creation_delay=lambda: rng.random() * history.slow_creation,
            draw_cancel_delay=lambda: rng.random() * history.slow_cancel,
            waits_for_id=history.waits_for_id,
            returns_incomplete=history.returns_incomplete,
            is_strict=history.is_strict,
            cancels_pending=history.cancels_pending,
            refuses_idle_cancel=history.refuses_idle_cancel,
            unknown_job_status=history.unknown_job_status,
            token_seconds=history.token_seconds,
            list_lag=history.list_lag,
            ignores_order=history.ignores_order,
            refuses_order=history.refuses_order,
            clock_skew=history.server_skew,
        )

    def _plan(self, job_type: str) -> Plan:
        if job_type != "sync":
            seconds = self.history.clear_plan_seconds
            phases = (Phase(status="pending", seconds=2.0), Phase(status="running", seconds=seconds))
            return Plan(phases=phases, rows=0)
        plan = self.history.plans[self._syncs % len(self.history.plans)]
        self._syncs += 1
        return plan

    def draw_queue_delay(self) -> float:
        """Draw the time from when a task is due until its process begins."""
        return 0.5 + self.random.random() * 4.0

    def draw_retry_delay(self) -> float:
        """Draw the time from a failed try to the next."""
        return self.random.choice((1.0, 30.0, 300.0, 1200.0))

    def draw_heartbeat_delay(self) -> float:
        """Draw the time until a worker learns that its task was changed."""
        return self.random.choice((0.2, 2.0, 6.0))

    def draw_triggerer_detection(self) -> float:
        """Draw the time until another triggerer takes over."""
        return 30.0 + self.random.random() * 35.0

    def draw_forgets_deferral(self) -> bool:
        """Draw whether the DAG is unreadable at the moment when a deferred task resumes."""
        return self.is_airflow_3 and self.random.random() < 0.01

    def draw_lost_before_callback(self) -> bool:
        """Draw whether a worker is lost after Airflow 3 has recorded its success and before it calls back."""
        return self.is_airflow_3 and self.random.random() < 0.02

    def has_no_connection(self) -> bool:
        """Whether the secrets backend currently fails to return the Airflow connection."""
        return any(begins <= self.timeline.now < ends for begins, ends in self.unreadable)

    def spread(self, seconds: float) -> float:
        """Randomise a pause."""
        return seconds * (0.9 + 0.2 * self.random.random())

    def now(self) -> float:
        """Return Airflow's time of day, in seconds since 1970."""
        return EPOCH + self.timeline.now

    # Callbacks of the models.

    def on_effect(self, actor: Actor, _what: str) -> None:
        """Carry out the acts planned for this effect; a crash happens before it."""
        dag_id = actor.run.dag_id
        count = self._effects.get(dag_id, 0) + 1
        self._effects[dag_id] = count
        for act in self._at_effect.pop((dag_id, count), ()):
            if act.kind == "crash" and actor.kind == "worker" and actor.task.actor is actor:
                self._do(act, actor.task)
            else:
                self.timeline.after(0.0, self._do, act, actor.task)

    def on_run_finished(self, run: Run) -> None:
        """Schedule a check whether a job of the run is still active."""
        self.timeline.after(REST * 0.9, self._after_run, run, run.finished_at)

    def _after_run(self, run: Run, finished: float) -> None:
        job = self.workflow.job
        if run.is_finished and run.finished_at == finished and job is not None and job.is_active:
            self.active_at_end.append((run, job, job.status))

    def on_trigger_error(self, deferral: Deferral, error: BaseException) -> None:
        """Record an exception that a trigger raised."""
        self.kept.trigger_errors.append((deferral, error))

    # Acts.

    def _plan_act(self, act: Act) -> None:
        if act.time is not None:
            self.timeline.at(act.time, self._do, act, None)
        else:
            assert act.effect is not None
            key = (f"dag{act.dag}", act.effect)
            self._at_effect.setdefault(key, []).append(act)

    def _do(self, act: Act, task: Task | None) -> None:
        if self.timeline.now >= self.history.calm_at:
            return
        self.acts_done.append(act.kind)
        done = _AIRBYTE_ACTS.get(act.kind) or _TRIGGERER_ACTS.get(act.kind)
        if done is not None:
            self.say(f"ACT {act.kind}")
            done(self, act)
            return
        run = next((run for run in self.scheduler.runs if run.dag_id == f"dag{act.dag}"), None)
        if run is not None:
            self._do_to_task(act, run, task or self._present(run))

    def _present(self, run: Run) -> Task:
        busy = [task for task in run.tasks if task.state not in (None, *FINISHED)]
        return busy[0] if busy else run.tasks[-1]

    def _do_to_task(self, act: Act, run: Run, task: Task) -> None:
        scheduler = self.scheduler
        if act.kind == "crash":
            scheduler.crash(task, self.random.choice((5.0, 60.0, 300.0)))
        elif act.kind == "evict":
            scheduler.evict(task)
        elif act.kind.startswith("mark"):
            scheduler.mark(task, act.kind.removeprefix("mark "))
        elif act.kind == "clear all":
            scheduler.clear(run.tasks)
        elif act.kind == "clear first" and self.random.random() < 0.3:
            scheduler.clear(run.tasks[:1])
        else:
            scheduler.clear(run.tasks if act.kind == "clear first" else run.tasks[-1:])

    def person_starts(self, _act: Act) -> None:
        """Start a sync as Airbyte's web pages do."""
        post = Post(
            number=0,
            sender=self._person,
            connection_id=CONNECTION,
            sent=self.timeline.now,
            arrived=self.timeline.now,
        )
        if not self.workflow.is_running:
            self.workflow.signal(post)

    def person_cancels(self, _act: Act) -> None:
        """Cancel the current job."""
        if self.workflow.is_running:
            self.workflow.end("cancelled", by=self._person)

    def other_job(self, act: Act) -> None:
        """Cancel the current job, and begin one of another type."""
        kinds = {"a person clears the streams": "clear", "a person resets": "reset"}
        kind = kinds.get(act.kind, "refresh")
        self.workflow.end("cancelled", by=self._person)
        self.workflow.start(kind, "person")

    def schedule_is_due(self, _act: Act) -> None:
        """Start a sync by Airbyte's own schedule."""
        if self.workflow.status == "active":
            self.workflow.start("sync", "schedule")

    def disable(self, act: Act) -> None:
        """Disable the connection, and enable it a while later."""
        if self.workflow.status == "active":
            self.workflow.status = "inactive"
            self.timeline.after(act.seconds, self._enable)

    def _enable(self) -> None:
        if self.workflow.status == "inactive":
            self.workflow.status = "active"

    def delete_connection(self, _act: Act) -> None:
        """Delete the connection for good."""
        self.workflow.remove()

    def restart_server(self, act: Act) -> None:
        """Restart Airbyte's server."""
        self.network.restart(min(act.seconds, 400.0), forgets_tokens=self.random.random() < 0.5)

    def hide_connection(self, act: Act) -> None:
        """Make the secrets backend unavailable for a while."""
        self.unreadable.append((self.timeline.now, self.timeline.now + min(act.seconds, 300.0)))

    def triggerer_act(self, act: Act) -> None:
        """Kill, stop or bypass triggerers."""
        alive = [each for each in self.scheduler.triggerers if each.is_alive]
        if not alive:
            return
        if act.kind == "trigger moved":
            held = [
                (each, deferral)
                for each in alive
                for deferral in each.tasks
                if deferral.triggerer is each and not deferral.is_gone
            ]
            if held:
                triggerer, deferral = self.random.choice(held)
                triggerer.lose(deferral)
            return
        for triggerer in alive if act.kind == "triggerers away" else alive[:1]:
            (triggerer.stop if act.kind == "triggerer stops" else triggerer.kill)()
        away = act.seconds if act.kind == "triggerers away" else 20.0
        self.outages.append((self.timeline.now, self.timeline.now + away))
        self.timeline.after(away, self.scheduler.make_triggerer)


class TaskLog:
    """The log of tasks and triggers, which no secret may reach."""

    def __init__(self, world: World) -> None:
        self._world = world

    def info(self, message: object, *arguments: object, **_: object) -> None:
        """Take a log line."""
        text = str(message) % arguments if arguments else str(message)
        if SECRET in text:
            self._world.kept.leaks.append(text)
        self._world.say(f"  log: {text}")

    debug = warning = error = exception = critical = info

    def log(self, _level: int, message: object, *arguments: object, **_: object) -> None:
        """Take a log line of any level."""
        self.info(message, *arguments)


_OLD_JOBS = (("sync", "succeeded"), ("clear", "succeeded"), ("sync", "failed"), ("sync", "cancelled"))
_AIRBYTE_ACTS: dict[str, Callable[[World, Act], None]] = {
    "a person starts a sync": World.person_starts,
    "a person cancels the job": World.person_cancels,
    "a person clears the streams": World.other_job,
    "a person resets": World.other_job,
    "a refresh begins": World.other_job,
    "Airbyte's schedule is due": World.schedule_is_due,
    "the connection is disabled for a while": World.disable,
    "the connection is deleted": World.delete_connection,
    "the server restarts": World.restart_server,
    "the secrets backend is away": World.hide_connection,
}
_TRIGGERER_ACTS: dict[str, Callable[[World, Act], None]] = dict.fromkeys(
    ("triggerer killed", "triggerer stops", "trigger moved", "triggerers away"), World.triggerer_act
)
