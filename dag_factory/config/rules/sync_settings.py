"""Rules about the durations of a sync, its retries, its pool, and what has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.text import durations
from dag_factory.config.text.templates import is_template, shell_variable

# What Airflow 2.11 accepts as a key (`airflow.utils.helpers.validate_key`); Airflow 3 accepts any pool name.
_AIRFLOW_2_KEY = re.compile(r"[\w.-]{1,250}")


def check_wait_over_timeout(dag: DraftDag) -> Iterator[Diagnostic]:
    """A job is polled more than once before its timeout."""
    for sync in dag.syncs:
        if sync.settings.keys().isdisjoint(("timeout", "wait_seconds")):
            continue
        timeout, wait = sync.timeout, sync.wait_seconds
        if timeout.value >= wait.value or sync.deferrable.value:
            continue
        if not (timeout.is_invalid or wait.is_invalid):
            yield _wait_over_timeout(sync)


def check_retry_delays(dag: DraftDag) -> Iterator[Diagnostic]:
    """The maximum delay before a retry is not shorter than the first delay."""
    for sync in dag.syncs:
        if "max_retry_delay" not in sync.settings:
            continue
        longest = sync.max_retry_delay
        if not longest.is_set or longest.value is None or not sync.retry_exponential_backoff.value:
            continue
        delay = sync.retry_delay
        if not delay.is_set or delay.value is None or longest.value >= delay.value:
            continue
        message = f"'max_retry_delay' {longest.written} is shorter than 'retry_delay' {delay.written}"
        hint = f"write at least {delay.written}, or a shorter 'retry_delay'"
        related = (delay.location.related("the delay is here"),)
        yield longest.location.diagnostic("retry-delay-over-max", message, hint, related=related)


def check_short_dagrun_timeout(dag: DraftDag) -> Iterator[Diagnostic]:
    """The timeout of a run is long enough for its longest chain of syncs with all retries."""
    limit = dag.dagrun_timeout
    if not limit.is_set or limit.value is None or not dag.enabled.value:
        return
    chain = _longest_chain({sync.name: sync for sync in dag.syncs})
    total = sum(_full_time(sync) for sync in chain)
    if not any(_retries(sync) for sync in chain) or total <= limit.value:
        return
    path = " -> ".join(f"'{sync.name}'" for sync in chain)
    message = f"'dagrun_timeout' {limit.written} is less than {path} may take with all retries"
    terms = " + ".join(_term(sync) for sync in chain)
    hint = f"write at least {durations.text(total)} ({terms}), or fewer retries or shorter timeouts"
    yield limit.location.diagnostic("short-dagrun-timeout", message, hint)


def check_pool(dag: DraftDag) -> Iterator[Diagnostic]:
    """A pool limits the syncs: a task holds its slot as long as the sync runs."""
    pools = [(sync, sync.pool) for sync in dag.syncs if "pool" in sync.settings]
    limiting = {pool.location.path for sync, pool in pools if pool.is_set and sync.mode.value == "sync"}
    for sync, pool in pools:
        # The default pool takes back another one.
        if not pool.is_set or sync.mode.value == "sync" or pool.value == "default_pool":
            continue
        why = "in 'mode: async' a task holds a slot only while it submits the job or polls it"
        message = f"the pool '{pool.value}' does not limit how many syncs run: {why}"
        hint, location = "write 'mode: sync' to limit the syncs, or delete 'pool'", pool.location
        if location.document is not dag.document or location.path in limiting:
            message = f"its pool does not limit the runs of sync '{sync.name}': {why}"
            hint = "write 'mode: sync' on it to limit it, or set 'pool' where it is needed"
            location = sync.location
        yield location.diagnostic("pool-without-limit", message, hint, of_key=location is sync.location)


def check_pool_name(dag: DraftDag) -> Iterator[Diagnostic]:
    """Each supported Airflow accepts the name of a pool; Airflow 2 checks it when a task is created."""
    pools = (sync.pool for sync in dag.syncs if "pool" in sync.settings)
    for pool in {each.location: each for each in pools if each.is_set}.values():
        name = pool.value or ""
        # check_unrendered_templates reports these.
        is_unrendered = is_template(name) or shell_variable(name) is not None
        if not is_unrendered and not _AIRFLOW_2_KEY.fullmatch(name):
            message = f"Airflow 2 rejects the pool name '{name}' and does not load the DAG"
            hint = "use letters, digits, dashes, dots and underscores, at most 250 characters"
            yield pool.location.diagnostic("pool-name", message, hint)


def check_max_active_tasks(dag: DraftDag) -> Iterator[Diagnostic]:
    """`max_active_tasks` limits the syncs: each task runs as long as its sync."""
    limit = dag.max_active_tasks
    if not limit.is_set or limit.value is None or not dag.enabled.value or len(dag.syncs) <= limit.value:
        return
    free = [sync for sync in dag.syncs if not _is_running_throughout(sync)]
    if not free:
        return
    why = "a task that is deferred, or waits for its next poll, does not count"
    message = (
        f"'max_active_tasks' {limit.value} does not limit how many of the {len(dag.syncs)} syncs run: {why}"
    )
    hint = (
        "write 'mode: sync' and 'deferrable: true' with a 'pool' that includes deferred tasks,"
        " or 'mode: sync' with 'deferrable: false'"
    )
    if limit.location.document is dag.document:
        yield limit.location.diagnostic("tasks-without-limit", message, hint)
    else:
        related = (limit.location.related("the limit is here"),)
        yield free[0].location.diagnostic("tasks-without-limit", message, hint, of_key=True, related=related)


def _is_running_throughout(sync: DraftSync) -> bool:
    """Whether a task of the sync is in the state running as long as its job runs."""
    return sync.mode.value == "sync" and not sync.deferrable.value


def check_effect(dag: DraftDag) -> Iterator[Diagnostic]:
    """No key of a sync is made ineffective by the others, nor the DAG's own connection by all syncs."""
    yield from _idle_connection(dag)
    for sync in dag.syncs:
        if "max_retry_delay" in sync.settings:
            yield from _idle_delay(sync)
        if "trigger_rule" in sync.settings:
            yield from _idle_trigger_rule(dag, sync)


def _idle_connection(dag: DraftDag) -> Iterator[Diagnostic]:
    """A DAG's own Airflow connection has no effect if each sync takes another one, as from `defaults`."""
    own = dag.settings.get("airbyte_conn_id")
    if own is None or own.location.document is not dag.document or not dag.syncs:
        return
    others = [sync.airbyte_conn_id.location for sync in dag.syncs]
    if own.location in others or not all("airbyte_conn_id" in sync.settings for sync in dag.syncs):
        return
    message = "the DAG's 'airbyte_conn_id' has no effect: each sync has its own, or takes that of 'defaults'"
    hint = "delete it, or delete the one that takes precedence"
    related = (others[0].related("the first of these is here", of_key=True),)
    yield own.location.diagnostic("no-effect", message, hint, of_key=True, related=related)


def _idle_delay(sync: DraftSync) -> Iterator[Diagnostic]:
    """The longest delay between retries matters only where the delays grow."""
    if not sync.retry_exponential_backoff.value:
        why = "without 'retry_exponential_backoff' each retry waits 'retry_delay'"
        message = f"'max_retry_delay' has no effect on sync '{sync.name}': {why}"
        hint = "write 'retry_exponential_backoff: true' beside it, or delete it"
        yield sync.max_retry_delay.location.diagnostic("no-effect", message, hint, of_key=True)


def _idle_trigger_rule(dag: DraftDag, sync: DraftSync) -> Iterator[Diagnostic]:
    """A trigger rule matters only for a sync that depends on others.

    A default may be meant for other syncs, and with `sync_group` a task in Python may come first.
    """
    rule = sync.trigger_rule
    if "syncs" not in rule.location.path or rule.value == "all_success":
        return
    is_reported = dag.fail_fast.value or sync.depends_on.is_invalid
    if is_reported or "depends_on" in sync.settings or not dag.enabled.value:
        return
    message = f"'trigger_rule' has no effect on sync '{sync.name}': it depends on no other sync"
    hint = "write 'depends_on' beside it, or delete it"
    yield rule.location.diagnostic("no-effect", message, hint, of_key=True)


def _wait_over_timeout(sync: DraftSync) -> Diagnostic:
    timeout, wait = sync.timeout, sync.wait_seconds
    allowed = durations.text(timeout.value)
    between = f"{durations.text(wait.value)}{'' if wait.is_set else ' (the default)'}"
    message = f"'timeout' {allowed} ends before the second poll of the job, after 'wait_seconds' {between}"
    if not timeout.is_set:
        hint = f"write less than {allowed}, the default of 'timeout', or set 'timeout'"
        return wait.location.diagnostic("wait-over-timeout", message, hint)
    hint = "write a longer 'timeout' or a shorter 'wait_seconds'"
    related = (wait.location.related("wait_seconds is here"),) if wait.is_set else ()
    return timeout.location.diagnostic("wait-over-timeout", message, hint, related=related)


def _retries(sync: DraftSync) -> int:
    retries = sync.retries
    return retries.value or 0 if retries.is_set else 0


def _times(sync: DraftSync) -> tuple[int | None, int]:
    """Return the timeout and the delay before a retry in seconds, as far as they are set."""
    timeout, delay = sync.timeout, sync.retry_delay
    return timeout.value if timeout.is_set else None, delay.value or 0 if delay.is_set else 0


def _full_time(sync: DraftSync) -> int:
    """Return the seconds of all tries and the delays between them, as far as they are set."""
    timeout, delay = _times(sync)
    retries = _retries(sync)
    return 0 if timeout is None else timeout * (retries + 1) + delay * retries


def _term(sync: DraftSync) -> str:
    """Write the time of one sync as a term of a sum."""
    timeout, delay = _times(sync)
    retries = _retries(sync)
    if timeout is None:
        return "0"
    tries = durations.text(timeout) if not retries else f"{retries + 1} * {durations.text(timeout)}"
    return f"{tries} + {retries} * {durations.text(delay)}" if retries and delay else tries


def _longest_chain(syncs: Mapping[str, DraftSync]) -> list[DraftSync]:
    """Find the chain of syncs that may take longest; empty if the syncs form a cycle."""
    from graphlib import CycleError, TopologicalSorter  # noqa: PLC0415 (only for a limit of a run)

    before = {name: [each for each in sync.depends_on.value if each in syncs] for name, sync in syncs.items()}
    try:
        in_order = list(TopologicalSorter(before).static_order())
    except CycleError:  # check_cycles reports it
        return []
    best: dict[str, tuple[int, str | None]] = {}
    for name in in_order:
        last = max(before[name], key=lambda each: best[each][0], default=None)
        best[name] = ((best[last][0] if last else 0) + _full_time(syncs[name]), last)
    chain: list[DraftSync] = []
    end = max(best, key=lambda each: best[each][0], default=None)
    while end is not None:
        chain.append(syncs[end])
        end = best[end][1]
    return chain[::-1]
