"""Keys that people know from elsewhere, and what to write here instead. Data, used by `config.schema`."""

from __future__ import annotations

_ASYNC = "write 'mode: sync' for asynchronous: false, 'mode: async' for true"
_CALLBACK = "write 'notify' with on_failure, on_success or on_retry and a notifier"
_NO_SLA = "delete it: Airflow 3 has no sla; 'timeout' limits a sync, 'dagrun_timeout' a run"

# Sources: the parameters of Airflow's DAG and operators, the Airbyte provider's operator and sensor before
# and after its version 4, and the keys of dag-factory, Dagster's, Prefect's and Kestra's Airbyte plugins.
FOREIGN_KEYS = {
    "airbyte_connection_id": "write 'connection_id'",
    "airbyte_job_id": "delete it: the job's id goes from task to task by itself",
    "api_type": "delete it: the provider has only the public API since its version 4",
    "api_version": "delete it: the version is part of the Airflow connection's host, .../api/public/v1",
    "assets": "write 'schedule: {assets: [...]}' to wait for assets, 'outlets' on a sync to update them",
    "asynchronous": _ASYNC,
    "async": _ASYNC,
    "concurrency": "write 'max_active_tasks'",
    "conn_id": "write 'airbyte_conn_id' for the Airflow connection, 'connection_id' for the Airbyte one",
    "connection": "write 'connection_id'",
    "connectionId": "write 'connection_id'",
    "cron": "write 'schedule'",
    "cron_expression": "write 'schedule'",
    "dag_run_timeout": "write 'dagrun_timeout'",
    "datasets": "write 'schedule: {assets: [...]}' to wait for them, 'outlets' on a sync to update them",
    "default": "write 'defaults'",
    "default_args": "write 'defaults' for what concerns the syncs; 'owner' and 'start_date' stand at the top",
    "dependencies": "write 'depends_on'",
    "depends_on_past": "delete it: with 'max_active_runs: 1' runs follow each other",
    "email": _CALLBACK,
    "email_on_failure": _CALLBACK,
    "email_on_retry": _CALLBACK,
    "env": "write 'environments'",
    "execution_timeout": "write 'timeout'",
    "fail_stop": "write 'fail_fast'",
    "id": "write 'dag_id'",
    "inlets": "write 'schedule: {assets: [...]}'",
    "interval": "write 'schedule: {every: 6h}'",
    "job_timeout": "write 'timeout'",
    "max_active_tis_per_dag": "write 'pool' on the syncs",
    "max_wait": "write 'timeout'",
    "max_wait_seconds": "write 'timeout'",
    "name": "write 'dag_id' for a DAG; a sync's name is its key under 'syncs'",
    "on_execute_callback": _CALLBACK,
    "on_failure_callback": _CALLBACK,
    "on_retry_callback": _CALLBACK,
    "on_success_callback": _CALLBACK,
    "paused": "write 'is_paused_upon_creation'",
    "poke_interval": "write 'wait_seconds'",
    "poll_interval": "write 'wait_seconds'",
    "poll_timeout": "write 'timeout'",
    "polling_interval": "write 'wait_seconds'",
    "retry": "write 'retries'",
    "schedule_interval": "write 'schedule'",
    "sla": _NO_SLA,
    "soft_fail": "delete it: 'trigger_rule: all_done' lets a later sync run after one that failed",
    "sync": "write 'syncs', a mapping of name to sync",
    "tasks": "write 'syncs', a mapping of name to sync",
    "timetable": "write 'schedule'",
    "tz": "write 'timezone'",
    "upstream": "write 'depends_on'",
    "wait_for_downstream": "delete it: with 'max_active_runs: 1' runs follow each other",
}
