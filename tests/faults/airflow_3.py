"""Airflow 3.0 to 3.3 in this process: database, task runner, API, triggerer; only `runs` imports this."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any
from unittest.mock import patch

import psutil
import structlog
from airflow.configuration import conf
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import TaskInstance as Workload
from airflow.sdk.execution_time import supervisor
from airflow.sdk.execution_time.supervisor import (
    InProcessSupervisorComms,
    InProcessTestSupervisor,
    run_task_in_process,
    set_supervisor_comms,
)
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from pydantic import BaseModel
from sqlalchemy.orm import Session

from dag_factory import versions
from tests.faults.interruptions import Killed

BUNDLE = "faults"
SECRET = "only-for-these-tests-and-long-enough" * 2
IS_3_2 = versions.VERSION >= (3, 2)
_OBJECTS = import_module("airflow.serialization.serialized_objects")
SERIALIZATION = _OBJECTS.DagSerialization if IS_3_2 else _OBJECTS.SerializedDAG
STORED = import_module("airflow.serialization.definitions.dag").SerializedDAG if IS_3_2 else SERIALIZATION
DECODING = import_module("airflow.serialization.decoders") if IS_3_2 else _OBJECTS
_GET_DEPENDANT = import_module("fastapi.dependencies.utils").get_dependant
LOADING = import_module("airflow.sdk._shared.module_loading" if IS_3_2 else "airflow.utils.module_loading")


def make_database() -> None:
    """Make the database of this process's Airflow home, and a bundle that the DAGs belong to."""
    # Airflow 3.2 generates no secret for an in-process API.
    conf.set("api_auth", "jwt_secret", SECRET)
    initdb()
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))


def store(dag: DAG, session: Session) -> Any:
    """Store a DAG as the DAG processor does, and return it as the scheduler reads it."""
    dag.relative_fileloc = f"{dag.dag_id}.py"
    lazy = LazyDeserializedDAG(data=SERIALIZATION.to_dict(dag))
    STORED.bulk_write_to_db(BUNDLE, None, [lazy], session=session)
    SerializedDagModel.write_dag(lazy, bundle_name=BUNDLE, session=session)
    session.flush()
    return SERIALIZATION.deserialize_dag(SERIALIZATION.serialize_dag(dag))


def create_run(scheduler_dag: Any, run_id: str, date: datetime, start: datetime, session: Session) -> None:
    """Create a run of a stored DAG."""
    scheduler_dag.create_dagrun(
        run_id=run_id,
        logical_date=date,
        data_interval=(date, date),
        run_after=date,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        start_date=start,
        session=session,
    )


def work(dag: DAG, found: TaskInstance, is_killed: Callable[[], bool]) -> None:
    """Run a queued task as a worker does; once killed, it no longer reaches the API."""
    send = InProcessSupervisorComms.send

    def sent(comms: InProcessSupervisorComms, *arguments: object, **options: object) -> object:
        if is_killed():
            raise Killed
        return _over_the_wire(send(comms, *arguments, **options))

    task = dag.task_dict[found.task_id].prepare_for_execution()
    with patch.object(InProcessSupervisorComms, "send", sent), _shared_api():
        run_task_in_process(ti=workload_of(found), task=task)


def run_with_dag_test(dag: DAG) -> Any:
    """Run a DAG by `dag.test`, with an API that has started: Airflow 3.2 does not wait for its own."""
    with _shared_api():
        return dag.test()


def trigger_of(row: Trigger, task_instance: TaskInstance) -> Any:
    """Make a trigger from its row."""
    arguments = Trigger._decrypt_kwargs(row.encrypted_kwargs)
    made = LOADING.import_string(row.classpath)(
        **{name: DECODING.smart_decode_trigger_kwargs(value) for name, value in arguments.items()}
    )
    made.task_instance = workload_of(task_instance)
    made.trigger_id = row.id
    made.triggerer_job_id = 1
    made.timeout_after = None
    return made


@contextmanager
def trigger_context(trigger: Any) -> Iterator[None]:
    """Connect a trigger to the API, as its triggerer does."""
    workload = trigger.task_instance
    with _shared_api():
        client = InProcessTestSupervisor._api_client()
    made = InProcessTestSupervisor(
        id=workload.id,
        pid=os.getpid(),
        process=psutil.Process(),
        process_log=structlog.get_logger(logger_name="task"),
        client=client,
    )
    made.comms = InProcessSupervisorComms(supervisor=made)
    with set_supervisor_comms(made.comms):
        yield


def workload_of(task_instance: TaskInstance) -> Workload:
    """Return a task instance as a worker or a triggerer receives it."""
    names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
    known = [name for name in names if name in Workload.model_fields]
    return Workload(**{name: getattr(task_instance, name) for name in known})


@contextmanager
def _shared_api() -> Iterator[None]:
    """Share one API between all tasks and triggers: Airflow starts one for each, which takes seconds.

    It overrides dependencies of FastAPI, which then reads the signatures of all dependencies again at each
    request. That is half of a request, so they are kept.
    """
    with (
        patch.object(supervisor, "in_process_api_server", _api),
        patch("fastapi.dependencies.utils.get_dependant", _dependant),
    ):
        yield


@cache
def _api() -> Any:
    # Its libraries warn on import, which pytest would turn into errors at the top of a module.
    return import_module("airflow.api_fastapi.execution_api.app").InProcessExecutionAPI()


@cache
def _known_dependants() -> dict[tuple[tuple[str, object], ...], Any]:
    return {}


def _dependant(**arguments: Any) -> Any:
    known = _known_dependants()
    key = tuple((name, tuple(each) if isinstance(each, list) else each) for name, each in arguments.items())
    if key not in known:
        known[key] = _GET_DEPENDANT(**arguments)
    return known[key]


def _over_the_wire(answer: Any) -> Any:
    """Return a response as it arrives in another process: Airflow 3.0 leaves dates in it as text."""
    if versions.VERSION >= (3, 1) or not isinstance(answer, BaseModel):
        return answer
    return type(answer).model_validate_json(answer.model_dump_json())
