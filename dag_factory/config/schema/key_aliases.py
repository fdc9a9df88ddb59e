"""Keys of other tools, and the key to write here instead.

Sources: the parameters of Airflow's DAG and operators, the Airbyte provider's operator and sensor before and
after its version 4, the public API of Airbyte, and the keys of dag-factory and of the Airbyte integrations of
Dagster, Prefect and Kestra. All are in snake case; a key is found in any style.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# A key to its names in other tools. Keys that need an explanation are in EXPLAINED.
_OTHER_NAMES = {
    "airbyte_conn_id": "airbyte_conn airflow_conn_id airflow_connection airflow_connection_id http_conn_id",
    "catchup": "catch_up catchup_by_default",
    "connection_id": "airbyte_connection_id airbyte_connection connection_uuid uuid",
    "connection": "connection_name airbyte_connection_name",
    "dag_id": "id dag dag_name flow_id pipeline",
    "dagrun_timeout": "dag_run_timeout dagrun_timeout_sec dag_timeout run_timeout",
    "deferrable": "defer deferred",
    "defaults": "default common sync_defaults task_defaults",
    "depends_on": "dependencies dependency upstream upstreams upstream_tasks upstream_task_ids needs",
    "description": "desc summary tooltip",
    "doc_md": "doc docs documentation",
    "end_date": "end end_time ends stop_date until",
    "environments": "env envs environment overrides profiles stages",
    "fail_fast": "fail_stop",
    "is_paused_upon_creation": "pause paused is_paused start_paused paused_upon_creation"
    " is_paused_at_creation",
    "max_active_runs": "max_runs max_concurrent_runs concurrent_runs max_active_runs_per_dag",
    "max_active_tasks": "concurrency dag_concurrency max_concurrency max_active_tis_per_dagrun max_parallel"
    " max_parallel_syncs parallelism",
    "max_retry_delay": "max_retry_delay_seconds max_retry_interval",
    "min_rows": "minimum_rows expected_rows",
    "notify": "notification notifications notifier notifiers alert alerts callback callbacks",
    "outlets": "outlet outputs produces updates",
    "owner": "owners team maintainer",
    "priority_weight": "priority weight",
    "retries": "retry max_retries num_retries retry_count task_retries request_max_retries",
    "retry_delay": "retry_interval retry_wait retry_delay_seconds retry_delay_sec request_retry_delay",
    "retry_exponential_backoff": "exponential_backoff backoff retry_backoff",
    "schedule": "on schedule_interval cron_expression cron_schedule schedule_cron timetable",
    "start_date": "start start_time starts begin_date",
    "syncs": "sync tasks job jobs steps connections nodes task_groups",
    "tags": "tag labels dag_tags",
    "timeout": "execution_timeout job_timeout sync_timeout poll_timeout wait_timeout timeout_seconds max_wait"
    " max_wait_seconds max_duration max_runtime",
    "timezone": "tz time_zone execution_timezone",
    "trigger_dags": "trigger_dag trigger_dag_id trigger_dag_ids trigger_dagrun downstream_dags",
    "wait_seconds": "poke_interval poll_interval polling_interval poll_frequency poll_seconds check_interval"
    " poll_interval_seconds polling_interval_seconds polling_period_seconds status_poll_frequency"
    " poll_status_every_n_seconds",
}

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {other: key for key, others in _OTHER_NAMES.items() for other in others.split()}
)

_WAITS = "the DAG waits for the job in both modes"
_ASYNC = f"write 'mode: async' for true, 'mode: sync' for false; {_WAITS}"
_SYNC = f"write 'mode: sync' for true, 'mode: async' for false; {_WAITS}"
_ALWAYS_WAITS = "delete it: a sync always waits for its job; 'mode: async' does so in a task of its own"
_CALLBACK = "write 'notify' at the top, with on_failure, on_success or on_retry and a list of notifiers"
_IN_CONNECTION = "delete it: it belongs in the Airflow connection that 'airbyte_conn_id' names"
_IN_AIRBYTE = "delete it: what a connection moves, and how, is set in Airbyte; 'connection_id' names it"
_NO_SLA = "delete it: Airflow 3 has no sla; 'timeout' limits a sync, 'dagrun_timeout' a run"
_ONE_RUN = "delete it: with 'max_active_runs: 1', the default, runs follow each other"
_NOT_PASSED_ON = "delete it: it is not passed on to Airflow; write such a DAG in Python with sync_group()"
_OPERATOR = "delete it: each sync has the operator and the sensor of the Airbyte provider, as 'mode' says"

# Why to delete a key, and the keys to delete.
_DELETED = {
    _NO_SLA: "sla sla_miss sla_miss_callback deadline",
    _ONE_RUN: "depends_on_past wait_for_downstream",
    _OPERATOR: "operator sensor python_callable provider task_type type",
    _IN_CONNECTION: "base_url url host port server api_url airbyte_url server_url client_id client_secret"
    " username password token access_token api_key token_url auth credentials",
    _IN_AIRBYTE: "source source_id source_name destination destination_id destination_name streams job_type"
    " sync_mode full_refresh refresh resync clear reset namespace",
    _NOT_PASSED_ON: "access_control auto_register dag_display_name default_view do_xcom_push executor_config"
    " jinja_environment_kwargs max_consecutive_failed_dag_runs orientation params resources run_as_user"
    " render_template_as_native_obj template_searchpath template_undefined user_defined_filters"
    " user_defined_macros weight_rule",
    "delete it: the tasks pass the job's id on by themselves": "airbyte_job_id job_id",
    "delete it: the provider has only the public API since its version 4": "api_type",
    "delete it: the version is part of the Airflow connection's host, .../api/public/v1": "api_version",
    "delete it: a defaults.yaml in the folder applies automatically": "extends include",
    "delete it: 'trigger_rule: all_done' lets a later sync run after one that failed": "soft_fail",
    "delete it: with 'mode: async' each sync is a task group of its own name": "task_group task_group_name",
    "delete it: a sync's name is its key under 'syncs'": "task_id",
    "delete it: a connection_id is enough": "workspace_id",
    "write 'pool' on the syncs, with 'mode: sync'": "max_active_tis_per_dag",
}

# A key, the hint that leads to it, and the names in other tools.
_WRITTEN = (
    ("mode", _ASYNC, "asynchronous async async_mode"),
    ("mode", _SYNC, "synchronous"),
    ("mode", _ALWAYS_WAITS, "blocking wait wait_for_job fire_and_forget"),
    (
        "notify",
        _CALLBACK,
        "email email_on_failure email_on_retry email_on_success on_execute_callback on_failure_callback"
        " on_error on_fail on_retry_callback on_skipped_callback on_success_callback slack webhook",
    ),
    (
        "schedule",
        "write 'schedule' for what starts the DAG, 'trigger_dags' for the DAGs that it starts",
        "triggers trigger",
    ),
    ("enabled", "write 'enabled'", "active"),
    ("enabled", "write 'enabled: false'", "disabled"),
    ("schedule", "write 'schedule: {assets: [...]}' to wait for them, 'outlets' to update them", "datasets"),
    ("schedule", "write 'schedule: {assets: [...]}' at the top", "inlets"),
    ("schedule", "write 'schedule: {every: 6h}'", "interval"),
    (
        "airbyte_conn_id",
        "write 'airbyte_conn_id' for the Airflow connection, 'connection_id' for the Airbyte one",
        "conn_id",
    ),
    (
        "defaults",
        "write 'defaults' for the keys of syncs; 'owner' and 'start_date' belong at the top",
        "default_args",
    ),
    (
        "catchup",
        "delete it or write 'catchup': an Airbyte sync has no data interval, so all these runs do the same",
        "backfill",
    ),
    ("retries", "write 'retries', one less than the attempts", "max_attempts"),
)

# A key to the one that is meant, if there is just one, and the hint. It applies in every section.
EXPLAINED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{key: ("", text) for text, keys in _DELETED.items() for key in keys.split()},
        **{key: (ours, text) for ours, text, keys in _WRITTEN for key in keys.split()},
    }
)

_POOL = "write 'pool' with 'mode: sync' and 'deferrable: true', for a pool that includes deferred tasks"
_WITHOUT = "delete the sync or comment it out; 'enabled' at the top is for the whole DAG"
_TIMEOUT = "write 'dagrun_timeout' for a whole run; for each sync, 'timeout' on it or under 'defaults'"

# What other keys mean on a sync or in `defaults`.
_ON_SYNC: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("concurrency", "max_parallel", "max_parallel_syncs", "parallelism"), ("pool", _POOL)
        ),
        "dag_run_timeout": ("", "write 'dagrun_timeout' at the top of the document"),
        "id": ("connection_id", "write 'connection_id'"),
        **dict.fromkeys(("active", "disabled", "enabled", "pause", "paused", "skip"), ("", _WITHOUT)),
        "interval": ("wait_seconds", "write 'wait_seconds'"),
        "name": ("", "delete it: a sync's name is its key under 'syncs'"),
        "on_failure": ("", "write it under 'notify' at the top, which is for the whole run"),
        "sync": ("mode", _SYNC),
        "wait_for_completion": ("mode", _ALWAYS_WAITS),
    }
)

# The same for the top of a document.
_ON_DAG: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "name": ("dag_id", "write 'dag_id', or give the file this name"),
        "timeout": ("", _TIMEOUT),
        "execution_timeout": ("", _TIMEOUT),
    }
)

# The same for an entry of `trigger_dags`.
_ON_TRIGGER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("id", "name", "trigger_dag_id"), ("dag_id", "write 'dag_id'")),
        **dict.fromkeys(("wait", "blocking"), ("wait_for_completion", "write 'wait_for_completion'")),
        **dict.fromkeys(("params", "parameters", "payload"), ("conf", "write 'conf'")),
        "poke_interval": ("", "delete it: Airflow's triggerer waits"),
    }
)

# The same for a schedule.
_ON_SCHEDULE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("interval", "delta", "timedelta", "seconds"), ("every", "write 'every'")),
        **dict.fromkeys(("expression", "cron_expression", "cron_schedule"), ("cron", "write 'cron'")),
        **dict.fromkeys(("datasets", "dataset", "asset"), ("assets", "write 'assets'")),
    }
)

# The same for `notify`.
_ON_NOTIFY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{
            f"on_{event}_callback": (f"on_{event}", f"write 'on_{event}'")
            for event in ("failure", "success", "retry")
        },
        **dict.fromkeys(("on_error", "on_fail"), ("on_failure", "write 'on_failure'")),
    }
)

# What a key means in one section. It takes precedence over EXPLAINED and SYNONYMS.
HERE: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "dag": _ON_DAG,
        "sync": _ON_SYNC,
        "trigger": _ON_TRIGGER,
        "schedule": _ON_SCHEDULE,
        "notify": _ON_NOTIFY,
    }
)
