"""What a schema cannot say about one DAG. A rule is a function; the lists at the end name them all.

Rules see a DAG after defaults and environment, and point to where a value stands. They report what is wrong
and rely on no other rule having passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from dag_factory.config.asset_rules import check_asset_loop, check_asset_uri
from dag_factory.config.connection_rules import check_placeholder, check_same_connection
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.layers import ResolvedDag
from dag_factory.config.schedule_rules import (
    check_catchup,
    check_cron,
    check_dates,
    check_each_minute,
    check_far_start_date,
    check_past_end_date,
    check_short_schedule,
    check_special_preset,
    check_timezone,
)
from dag_factory.config.source import Place
from dag_factory.config.sync_rules import (
    check_cycles,
    check_fail_fast,
    check_long_task_id,
    check_overlays,
    check_similar_sync,
    check_sync_names,
    check_trigger_dags,
)
from dag_factory.config.template_rules import check_templates, check_unrendered_templates
from dag_factory.config.timing_rules import (
    check_effect,
    check_max_active_tasks,
    check_pool,
    check_pool_name,
    check_retry_delays,
    check_short_dagrun_timeout,
    check_wait_over_timeout,
)

_DAG_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def check_dag_id(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A DAG is named by its file only if the name is an id."""
    name = dag.dag_id.value
    if dag.dag_id.place.path or (set(name) <= _DAG_ID_CHARACTERS and len(name) <= 250):
        return
    message = f"the file's name '{name}' is no DAG id"
    mend = "rename the file to letters, digits, dashes, dots and underscores, or add 'dag_id'"
    yield dag.dag_id.place.diagnostic("bad-name", message, mend)


def check_schedule(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A schedule may come from another layer, but from one."""
    if "schedule" not in dag.settings and not dag.is_faulty("schedule"):
        mend = "write a schedule here or in a defaults.yaml; 'schedule: null' runs the DAG only by hand"
        top = Place(document=dag.document)
        yield top.diagnostic("missing-key", "the key 'schedule' is missing", mend)


DagRule = Callable[[ResolvedDag], Iterator[Diagnostic]]

DAG_RULES: tuple[DagRule, ...] = (
    check_dag_id,
    check_schedule,
    check_cron,
    check_each_minute,
    check_special_preset,
    check_timezone,
    check_dates,
    check_short_schedule,
    check_overlays,
    check_similar_sync,
    check_sync_names,
    check_cycles,
    check_trigger_dags,
    check_fail_fast,
    check_long_task_id,
    check_wait_over_timeout,
    check_retry_delays,
    check_short_dagrun_timeout,
    check_pool,
    check_pool_name,
    check_max_active_tasks,
    check_effect,
    check_placeholder,
    check_same_connection,
    check_asset_loop,
    check_asset_uri,
    check_templates,
    check_unrendered_templates,
)

# Rules that compare with the present day, which their caller has to tell: there is no hidden clock.
DatedRule = Callable[[ResolvedDag, date], Iterator[Diagnostic]]

DATED_RULES: tuple[DatedRule, ...] = (check_far_start_date, check_past_end_date, check_catchup)
