"""The lists of rules about DAGs. Rules about defaults files are not among them: they need the files too.

A rule reads a DAG after defaults and environment, reports what is wrong at the location of the value, and
does not rely on any other rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.rules.assets import (
    check_asset_loop,
    check_asset_uri,
    check_similar_asset,
    check_unknown_asset,
)
from dag_factory.config.rules.chains import check_dag_loop, check_disabled_dag
from dag_factory.config.rules.connections import (
    check_placeholder,
    check_same_connection,
    check_shared_connection,
)
from dag_factory.config.rules.dag_ids import check_dag_id, check_duplicate_dag_id, check_similar_dag_id
from dag_factory.config.rules.names import check_names
from dag_factory.config.rules.notifiers import check_notifiers
from dag_factory.config.rules.schedule import (
    check_catchup,
    check_cron,
    check_dates,
    check_each_minute,
    check_far_start_date,
    check_past_end_date,
    check_schedule,
    check_short_schedule,
    check_special_preset,
    check_timezone,
)
from dag_factory.config.rules.snapshots import check_connections
from dag_factory.config.rules.sync_settings import (
    check_effect,
    check_max_active_tasks,
    check_pool,
    check_pool_name,
    check_retry_delays,
    check_short_dagrun_timeout,
    check_wait_over_timeout,
)
from dag_factory.config.rules.syncs import (
    check_cycles,
    check_fail_fast,
    check_long_task_id,
    check_overlays,
    check_similar_sync,
    check_sync_names,
    check_trigger_dags,
)
from dag_factory.config.rules.templates import check_templates, check_unrendered_templates
from dag_factory.config.snapshot.snapshots import Snapshots

DagRule = Callable[[DraftDag], Iterator[Diagnostic]]

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

# Rules that compare with the present day, which the caller passes: a rule reads no clock.
DatedRule = Callable[[DraftDag, date], Iterator[Diagnostic]]

DATED_RULES: tuple[DatedRule, ...] = (check_far_start_date, check_past_end_date, check_catchup)

ProjectRule = Callable[[Sequence[DraftDag]], Iterator[tuple[DraftDag, Diagnostic]]]


PROJECT_RULES: tuple[ProjectRule, ...] = (
    check_similar_dag_id,
    check_shared_connection,
    check_dag_loop,
    check_disabled_dag,
    check_similar_asset,
)

# Rules that apply only if every file of the folder has been read: what they miss may be in another file.
WHOLE_PROJECT_RULES: tuple[ProjectRule, ...] = (check_unknown_asset,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules of a run: those about one DAG, and those about all DAGs together."""

    of_one: tuple[DagRule, ...]
    of_all: tuple[ProjectRule, ...]


def rules_of_loading(unread: Mapping[str, str]) -> Rules:
    """Return the rules that keep a DAG from being loaded; `unread` is as in `rules_of_validation`."""
    return Rules(of_one=(*DAG_RULES, check_names), of_all=(_duplicate_dag_id(unread), *PROJECT_RULES))


def rules_of_validation(
    *,
    unread: Mapping[str, str],
    is_whole: bool,
    today: date | None,
    notifier_prefixes: tuple[str, ...] | None,
    snapshots: Snapshots,
) -> Rules:
    """Return the rules of `validate`.

    Args:
        unread: The files without a document, by their names without folder and extension.
        is_whole: Whether every file of the folder was read.
        today: The day that dates are compared with, if any.
        notifier_prefixes: What the import paths of notifiers have to begin with; None allows all.
        snapshots: What is known of the connections.
    """
    dated = () if today is None else tuple(_dated(rule, today) for rule in DATED_RULES)
    # What it reports costs a notification, not the DAG.
    notifiers = partial(check_notifiers, prefixes=notifier_prefixes)
    names = partial(check_names, skip=snapshots.is_only_in_environments)
    # They do not hold back a DAG that is loaded: the snapshot may be older than a connection.
    connections = partial(check_connections, snapshots=snapshots)
    return Rules(
        of_one=(*DAG_RULES, *dated, notifiers, names, connections),
        of_all=(
            _duplicate_dag_id(unread),
            *PROJECT_RULES,
            *(WHOLE_PROJECT_RULES if is_whole else ()),
        ),
    )


def _duplicate_dag_id(unread: Mapping[str, str]) -> ProjectRule:
    return lambda dags: check_duplicate_dag_id(dags, unread)


def _dated(rule: DatedRule, today: date) -> DagRule:
    return lambda dag: rule(dag, today)
