"""The seams between the real operators and triggers and the models: time, HTTP, connections, stored state.

Everything is patched once. A patch acts on the world of its caller, so one world can follow another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import DAG, AirflowNotFoundException

from dag_factory import versions
from dag_factory.airbyte import cancel_process, clock
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.clock import Clock
from dag_factory.airbyte.effects import Response, TransportError
from dag_factory.airbyte.http import shared_clients, worker_client
from dag_factory.config.model.dag import Sync
from dag_factory.config.model.draft import DraftSync
from dag_factory.config.model.located import typed_defaults
from dag_factory.factory.sync_tasks import make_sync_tasks
from dag_factory.operators import airflow_connection, rescheduling, task_state, task_try, trigger
from dag_factory.operators.sync_task import SyncTask
from tests.adversary.airbyte_model import PREFIX
from tests.adversary.airflow_model import Actor
from tests.adversary.histories import Setup
from tests.adversary.network import NoAnswerError
from tests.adversary.virtual_time import ACTOR, Program, Wait
from tests.adversary.world import CLIENT, CONNECTION, SECRET, World

try:
    from airflow.sdk.bases import operator as operators_module
    from airflow.sdk.bases import sensor as sensors_module
except ImportError:
    from airflow.models import baseoperator as operators_module
    from airflow.sensors import base as sensors_module

HOST = f"http://airbyte.test{PREFIX}"
TRIGGER = f"{trigger.__name__}.{trigger.AirbyteJobTrigger.__qualname__}"


def make_tasks(setup: Setup) -> tuple[Any, ...]:
    """Make the operators of a setup as the factory does; they are copied before each run."""
    return _made(replace(setup, begins=0.0, has_store=False))


@lru_cache(maxsize=1000)
def _made(setup: Setup) -> tuple[Any, ...]:
    dag = DAG(setup.dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))
    keys = {
        "connection_id": CONNECTION,
        "mode": "sync" if setup.mode == "sync" else "async",
        "deferrable": setup.deferrable,
        "wait_seconds": setup.wait_seconds,
        "timeout": setup.timeout,
        "on_running": setup.on_running,
        "on_timeout": setup.on_timeout,
        "on_kill": setup.on_kill,
        "min_rows": setup.min_rows,
        "retries": setup.retries,
    }
    sync = Sync(name="money", **{**typed_defaults(DraftSync), **keys})
    tasks = make_sync_tasks(sync, dag, None)
    return (tasks.first,) if tasks.first is tasks.last else (tasks.first, tasks.last)


def make_trigger(classpath: str, arguments: dict[str, Any]) -> Any:
    """Make a trigger from its row."""
    assert classpath == TRIGGER, classpath
    return trigger.AirbyteJobTrigger(**arguments)


def run_world(history: Any, *, is_verbose: bool = False) -> World:
    """Run a history to its end; call it inside `patched`."""
    world = World(history, make_tasks, make_trigger, is_verbose=is_verbose)
    try:
        world.run()
    finally:
        world.close()
        trigger._cancellations.clear()
    return world


@contextlib.contextmanager
def patched() -> Iterator[None]:
    """Patch everything while the block runs."""
    log = property(lambda _task: _actor().world.log)
    patches: tuple[tuple[object, str, object], ...] = (
        (clock, "SYSTEM_CLOCK", _virtual_clock()),
        (worker_client, "open_worker_client", _open_worker_client),
        (shared_clients, "lease", _lease),
        (airflow_connection, "access_in_loop", _access_in_loop),
        (airflow_connection.BaseHook, "get_connection", staticmethod(_get_connection)),
        (task_try, "start_cancel_process", _CancelProcess),
        (cancel_process, "_print", _say),
        (trigger, "sync_to_async", _in_loop),
        (versions, "TRIGGERS_ARE_KILLED", _Killed()),
        (task_state, "keep_with_task", _keep_with_task),
        (versions, "read_variable", _read_variable),
        (versions, "write_variable", _write_variable),
        (versions, "delete_variable", _delete_variable),
        (versions, "delete_variable_after_success", _delete_variable_after_success),
        (versions, "state_of_deferred", _state_of_deferred),
        (rescheduling, "shortest_reschedule", lambda: 15.0),
        (operators_module.ExecutorSafeguard, "test_mode", True),
        (sensors_module, "timezone", SimpleNamespace(utcnow=_utcnow)),
    )
    with contextlib.ExitStack() as stack:
        for target, name, value in patches:
            stack.enter_context(patch.object(target, name, value))
        for target in (SyncTask, trigger.AirbyteJobTrigger):
            stack.enter_context(patch.object(target, "log", log, create=True))
        if hasattr(sensors_module, "_orig_start_date"):  # Airflow 2 asks its database
            stack.enter_context(patch.object(sensors_module, "_orig_start_date", lambda **_: None))
            stack.enter_context(patch.object(sensors_module, "_is_metadatabase_mysql", lambda: False))
        yield


# Time.


def _virtual_clock() -> Clock:
    return Clock(
        monotonic=lambda: _actor().world.timeline.now,
        now=_now,
        sleep=_sleep,
        sleep_in_loop=_sleep_in_loop,
        jitter=_spread,
        first_pause=lambda seconds: seconds * _actor().world.random.random(),
    )


def _actor() -> Actor:
    actor: Actor = ACTOR.get()
    return actor


def _now() -> float:
    now: float = _actor().world.now()
    return now


def _spread(seconds: float) -> float:
    varied: float = _actor().world.spread(seconds)
    return varied


def _sleep(seconds: float) -> None:
    actor = _actor()
    assert actor.program is not None
    actor.effect("a pause")
    actor.program.wait(seconds)


async def _sleep_in_loop(seconds: float) -> None:
    actor = _actor()
    actor.effect("a pause")
    await asyncio.sleep(seconds)
    actor.check_alive()


def _utcnow() -> datetime:
    return datetime.fromtimestamp(_actor().world.now(), UTC)


# HTTP.


@contextlib.contextmanager
def _open_worker_client(access: Any) -> Iterator[_WorkerClient]:
    yield _WorkerClient(access.timeout)


@contextlib.asynccontextmanager
async def _lease(access: Any) -> AsyncIterator[_TriggerClient]:
    loop = _actor().loop
    assert loop is not None
    if loop.tokens is None:
        loop.tokens = TokenCache(clock.SYSTEM_CLOCK.monotonic)
    yield _TriggerClient(access.timeout, loop.tokens)


class _WorkerClient:
    """The HTTP client of a worker's process."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    def send(self, request: Any) -> Response:
        """Send a call and wait for its response."""
        actor = _actor()
        actor.effect(request.method)
        assert actor.program is not None
        path = urlsplit(request.url).path
        wait = actor.world.network.send(actor, request, path, self._timeout)
        with contextlib.suppress(NoAnswerError):
            actor.program.wait_for(wait)
        actor.effect("an answer")
        return _response(wait)


class _TriggerClient:
    """The HTTP client of a trigger, with the token that all triggers of its triggerer share."""

    def __init__(self, timeout: float, tokens: TokenCache) -> None:
        self._timeout = timeout
        self.tokens = tokens

    async def send(self, request: Any) -> Response:
        """Send a call and wait for its response."""
        actor = _actor()
        actor.effect(request.method)
        assert actor.loop is not None
        path = urlsplit(request.url).path
        wait = actor.world.network.send(actor, request, path, self._timeout)
        with contextlib.suppress(NoAnswerError):
            await actor.loop.result_of(wait)
        actor.effect("an answer")
        return _response(wait)


def _response(wait: Wait) -> Response:
    try:
        status, headers, content = wait.result()
    except NoAnswerError as error:
        raise TransportError(str(error), was_sent=error.was_sent) from None
    return Response(status=status, content=content, headers=headers)


# The process that continues a cancellation after its task was killed.


class _CancelProcess:
    """A stand-in for `subprocess.Popen`."""

    pid = 4711
    args = "cancel_process"

    def __init__(self, order: str) -> None:
        self._parent = _actor()
        self._done = Wait()
        world = self._parent.world
        actor = world.scheduler.child_actor(self._parent)
        actor.program = Program(world.timeline, lambda: _undo(actor, order), self._ended)
        self._actor = actor
        world.timeline.after(0.5, actor.program.start)

    def _ended(self) -> None:
        assert self._actor.program is not None
        if self._actor.program.error is not None:
            self._actor.world.say(f"{self._actor}: ends: {self._actor.program.error}")
        self._done.finish()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end, at most for the timeout."""
        program = self._parent.program
        assert program is not None
        either = Wait()
        self._done.when_done(either.finish)
        if not self._done.is_done:
            self._parent.world.timeline.after(timeout, either.finish)
            program.wait_for(either)
        if not self._done.is_done:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return "", ""


def _undo(actor: Actor, order: str) -> None:
    ACTOR.set(actor)
    cancel_process.run(json.loads(order))


def _say(line: Any) -> None:
    _actor().world.log.info(line.text)


# Airflow's connections, task states, XComs and Variables.


class _Killed:
    """Whether Airflow notifies a trigger when a person ends its task, in the world of the caller."""

    def __bool__(self) -> bool:
        return bool(_actor().world.triggers_are_killed)


def _get_connection(conn_id: str) -> SimpleNamespace:
    world = _actor().world
    if world.has_no_connection():
        message = f"The conn_id `{conn_id}` isn't defined"
        raise AirflowNotFoundException(message)
    return SimpleNamespace(
        conn_id=conn_id,
        conn_type="airbyte",
        host=HOST,
        login=CLIENT,
        password=SECRET,
        schema=None,
        port=None,
        extra_dejson={"timeout": world.history.request_timeout},
    )


async def _access_in_loop(conn_id: str) -> Any:
    return airflow_connection.access(conn_id)


def _in_loop(function: Any) -> Any:
    async def call(*arguments: object) -> Any:
        await asyncio.sleep(0.1)
        _actor().check_alive()
        return function(*arguments)

    return call


def _state_of_deferred(ti: Any) -> str | None:
    state: str | None = _actor().world.scheduler.state_of(ti.model)
    return state


def _keep_with_task(ti: Any, task_id: str, key: str, value: object) -> None:
    _actor().effect(f"XCom {key} of {task_id}")
    ti.model.run.xcoms[task_id, key] = json.dumps(value)


def _read_variable(key: str) -> str | None:
    actor = _actor()
    actor.check_alive()
    value: str | None = actor.world.variables.get(key)
    return value


def _write_variable(key: str, value: str, _description: str) -> None:
    actor = _actor()
    actor.effect("a Variable")
    actor.world.variables[key] = value
    actor.world.written_variables[key] = actor.task


def _delete_variable(key: str) -> None:
    actor = _actor()
    actor.effect("a Variable")
    actor.world.variables.pop(key, None)


def _delete_variable_after_success(key: str) -> None:
    # Airflow 2 deletes it in the transaction of the success, Airflow 3 after it: no crash loses only one.
    _actor().world.variables.pop(key, None)
