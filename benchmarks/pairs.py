"""The same loads, each a DAG with `trigger` and `wait`, in the formats of the peers."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

HAND = '''\
"""What a person would write to create the same objects."""

import pendulum
from airflow.sdk import DAG, Asset, CronTriggerTimetable, TaskGroup

from dag_factory.operators.operator import AirbyteSyncOperator
from dag_factory.operators.sensor import AirbyteSyncSensor

LOADS = [
{loads}
]

for dag_id, connection_id, cron in LOADS:
    dag = DAG(
        dag_id,
        schedule=CronTriggerTimetable(cron, timezone="UTC"),
        start_date=pendulum.datetime(2024, 1, 1),
        catchup=False,
        max_active_runs=1,
    )
    group = TaskGroup("load", dag=dag)
    conn_ids = dict(connection_id=connection_id, airbyte_conn_id="airbyte_default")
    both = dict(**conn_ids, retries=1, dag=dag, task_group=group)
    submits = dict(asynchronous=True, deferrable=False, timeout=7200)
    trigger = AirbyteSyncOperator(task_id="trigger", **submits, **both)
    wait = AirbyteSyncSensor(
        task_id="wait",
        airbyte_job_id=trigger.output,
        trigger_task_id=trigger.task_id,
        deferrable=False,
        mode="reschedule",
        poke_interval=30,
        sync_timeout=7200,
        outlets=[Asset(uri=f"airbyte://airbyte_default/{{connection_id}}")],
        **both,
    )
    trigger >> wait
    globals()[dag_id] = dag
'''

OURS = """\
schedule: "{cron}"
syncs:
  load:
    connection_id: {connection_id}
    timeout: 2h
    retries: 1
"""

DAG_FACTORY = """\
{dag_id}:
  schedule: "{cron}"
  catchup: false
  max_active_runs: 1
  default_args:
    start_date: 2024-01-01
    retries: 1
  task_groups:
    load:
      tooltip: ""
  tasks:
    - task_id: trigger
      operator: dag_factory.operators.operator.AirbyteSyncOperator
      connection_id: {connection_id}
      airbyte_conn_id: airbyte_default
      asynchronous: true
      deferrable: false
      timeout: 7200
      task_group_name: load
    - task_id: wait
      operator: dag_factory.operators.sensor.AirbyteSyncSensor
      connection_id: {connection_id}
      airbyte_conn_id: airbyte_default
      airbyte_job_id: "{{{{ ti.xcom_pull(task_ids='load.trigger') }}}}"
      trigger_task_id: load.trigger
      deferrable: false
      mode: reschedule
      poke_interval: 30
      sync_timeout: 7200
      outlets: ["airbyte://airbyte_default/{connection_id}"]
      task_group_name: load
      dependencies: [trigger]
"""

DAG_FACTORY_LOADER = """\
# airflow dag
from pathlib import Path

from dagfactory import load_yaml_dags

load_yaml_dags(globals(), dags_folder=str(Path(__file__).parent.parent / "configs"))
"""

GUSTY_DAG = """\
schedule: "{cron}"
catchup: false
max_active_runs: 1
default_args:
  start_date: "2024-01-01"
  retries: 1
"""

GUSTY_TRIGGER = """\
operator: dag_factory.operators.operator.AirbyteSyncOperator
connection_id: {connection_id}
airbyte_conn_id: airbyte_default
asynchronous: true
deferrable: false
timeout: 7200
"""

GUSTY_WAIT = """\
operator: dag_factory.operators.sensor.AirbyteSyncSensor
connection_id: {connection_id}
airbyte_conn_id: airbyte_default
airbyte_job_id: "{{{{ ti.xcom_pull(task_ids='trigger') }}}}"
trigger_task_id: trigger
deferrable: false
mode: reschedule
poke_interval: 30
sync_timeout: 7200
dependencies: [trigger]
"""

GUSTY_LOADER = """\
# airflow dag
from pathlib import Path

from gusty import create_dags

create_dags(str(Path(__file__).parent.parent / "configs"), globals(), latest_only=False)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One sync per day."""

    dag_id: str
    connection_id: str
    cron: str


def loads(count: int) -> list[Load]:
    """Return the same loads for the same count."""
    chance = random.Random(count)  # noqa: S311 (nothing secret)
    return [
        Load(
            dag_id=f"load_{number:05}",
            connection_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            cron=f"{chance.randrange(60)} {chance.randrange(24)} * * *",
        )
        for number in range(count)
    ]


def write_ours(folder: Path, every: Sequence[Load]) -> Path:
    """Write configurations of this project, 50 files per folder; return the DAGs folder."""
    dags = folder / "dags"
    dags.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dags" / "airbyte_syncs.py", dags)
    for number, load in enumerate(every):
        _write(folder / "configs" / f"group_{number // 50:03}" / f"{load.dag_id}.yaml", _filled(OURS, load))
    return dags


def write_hand(folder: Path, every: Sequence[Load]) -> Path:
    """Write one Python file with a loop; return the DAGs folder."""
    lines = "\n".join(f"    {(load.dag_id, load.connection_id, load.cron)!r}," for load in every)
    _write(folder / "dags" / "loop.py", HAND.format(loads=lines))
    return folder / "dags"


def write_dag_factory(folder: Path, every: Sequence[Load]) -> Path:
    """Write files of dag-factory, one per DAG; return the DAGs folder."""
    for load in every:
        _write(folder / "configs" / f"{load.dag_id}.yml", _filled(DAG_FACTORY, load))
    _write(folder / "dags" / "loader.py", DAG_FACTORY_LOADER)
    return folder / "dags"


def write_gusty(folder: Path, every: Sequence[Load]) -> Path:
    """Write files of gusty, one per task, without a task group; return the DAGs folder."""
    for load in every:
        for name, text in (("METADATA", GUSTY_DAG), ("trigger", GUSTY_TRIGGER), ("wait", GUSTY_WAIT)):
            _write(folder / "configs" / load.dag_id / f"{name}.yml", _filled(text, load))
    _write(folder / "dags" / "loader.py", GUSTY_LOADER)
    return folder / "dags"


WRITERS: dict[str, Callable[[Path, Sequence[Load]], Path]] = {
    "airbyte-dag-factory": write_ours,
    "by hand": write_hand,
    "dag-factory 1.1.0": write_dag_factory,
    "gusty 0.23.1": write_gusty,
}


def _filled(text: str, load: Load) -> str:
    return text.format(dag_id=load.dag_id, connection_id=load.connection_id, cron=load.cron)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
