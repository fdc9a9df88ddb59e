"""Rules about the durations of a sync, its retries and its pool. Listed in `config.rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.layers import ResolvedDag, ResolvedSync, Setting
from dag_factory.config.rules.settings import dag_setting, is_refused, own_setting, seconds, value_of
from dag_factory.config.rules.syncs import dependencies
from dag_factory.config.text import durations
from dag_factory.config.text.templates import is_template, shell_variable

# The schema's defaults, in seconds.
_TIMEOUT, _WAIT_SECONDS = 86_400, 30
# What Airflow 2.11 takes as a key (`airflow.utils.helpers.validate_key`); Airflow 3 takes any name of a pool.
_AIRFLOW_2_KEY = re.compile(r"[\w.-]{1,250}")


def check_wait_over_timeout(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A job is looked at more than once before its time is over."""
    for sync in dag.syncs:
        timeout, wait = own_setting(dag, sync, "timeout"), own_setting(dag, sync, "wait_seconds")
        if (seconds(timeout) or _TIMEOUT) >= (seconds(wait) or _WAIT_SECONDS):
            continue
        refused = any(is_refused(dag, sync, key) for key in ("timeout", "wait_seconds"))
        if not refused and not value_of(sync, "deferrable", False):
            yield _wait_over_timeout(timeout, wait)


def check_retry_delays(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """The longest time before a retry is not shorter than the first."""
    for sync in dag.syncs:
        delay, longest = own_setting(dag, sync, "retry_delay"), own_setting(dag, sync, "max_retry_delay")
        if delay is None or longest is None or not value_of(sync, "retry_exponential_backoff", False):
            continue
        if (seconds(longest) or 0) >= (seconds(delay) or 0):
            continue
        message = f"'max_retry_delay' {longest.value} is shorter than 'retry_delay' {delay.value}"
        related = (delay.place.related("the delay is here"),)
        yield longest.place.diagnostic(
            "retry-delay-over-max",
            message,
            f"write at least {delay.value}, or a shorter 'retry_delay'",
            severity=Severity.WARNING,
            related=related,
        )


def check_short_dagrun_timeout(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A run lasts long enough for what its syncs may take with all retries, one after the other."""
    limit = dag_setting(dag, "dagrun_timeout")
    if limit is None or not dag.value("enabled", True):
        return
    chain = _longest_chain({sync.name: sync for sync in dag.syncs}, dag)
    total = sum(_full_time(dag, sync) for sync in chain)
    if not any(_retries(dag, sync) for sync in chain) or total <= (seconds(limit) or 0):
        return
    way = " -> ".join(f"'{sync.name}'" for sync in chain)
    message = f"'dagrun_timeout' {limit.value} is less than {way} may take with all retries"
    terms = " + ".join(_term(dag, sync) for sync in chain)
    mend = f"write at least {durations.text(total)} ({terms}), or fewer retries or shorter timeouts"
    yield limit.place.diagnostic("short-dagrun-timeout", message, mend, severity=Severity.WARNING)


def check_pool(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A pool limits running syncs only where the task that holds a slot lasts as long as the sync."""
    pools = [(sync, own_setting(dag, sync, "pool")) for sync in dag.syncs]
    limiting = {pool.place.path for sync, pool in pools if pool and value_of(sync, "mode", "async") == "sync"}
    for sync, pool in pools:
        if pool is None or value_of(sync, "mode", "async") == "sync":
            continue
        why = "in 'mode: async' a task holds a slot only while it submits the job or looks at it"
        message = f"the pool '{pool.value}' does not limit how many syncs run: {why}"
        mend = "write 'mode: sync' to limit the syncs, or delete 'pool'"
        place = pool.place
        if place.document is not dag.document or place.path in limiting:
            message = f"its pool does not limit the runs of sync '{sync.name}': {why}"
            place, mend = sync.place, "write 'mode: sync' on it to limit it, or set 'pool' where it is needed"
        of_key = place is sync.place
        yield place.diagnostic("pool-without-limit", message, mend, of_key=of_key, severity=Severity.WARNING)


def check_pool_name(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A pool has a name that each supported Airflow takes; Airflow 2 checks it when a task is made."""
    pools = (own_setting(dag, sync, "pool") for sync in dag.syncs)
    for pool in {each.place: each for each in pools if each is not None}.values():
        # Of these check_unrendered_templates warns.
        is_unrendered = is_template(pool.value) or shell_variable(pool.value) is not None
        if not is_unrendered and not _AIRFLOW_2_KEY.fullmatch(pool.value):
            message = f"Airflow 2 refuses the pool name '{pool.value}', and with it the DAG"
            mend = "use letters, digits, dashes, dots and underscores, at most 250"
            yield pool.place.diagnostic("pool-name", message, mend, severity=Severity.WARNING)


def check_max_active_tasks(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A limit of running tasks limits the syncs only where a task is running as long as its sync does."""
    limit = dag_setting(dag, "max_active_tasks")
    if limit is None or not dag.value("enabled", True) or len(dag.syncs) <= limit.value:
        return
    free = [sync for sync in dag.syncs if not _is_running_throughout(sync)]
    if not free:
        return
    why = "a task that is deferred, or waits for its next look at the job, does not count"
    message = (
        f"'max_active_tasks' {limit.value} does not limit how many of the {len(dag.syncs)} syncs run: {why}"
    )
    mend = (
        "write 'mode: sync' and 'deferrable: true' with a 'pool' that includes deferred tasks,"
        " or 'mode: sync' with 'deferrable: false'"
    )
    if limit.place.document is dag.document:
        yield limit.place.diagnostic("tasks-without-limit", message, mend, severity=Severity.WARNING)
    else:
        related = (limit.place.related("the limit is here"),)
        yield free[0].place.diagnostic(
            "tasks-without-limit", message, mend, of_key=True, severity=Severity.WARNING, related=related
        )


def _is_running_throughout(sync: ResolvedSync) -> bool:
    """Whether a task of the sync is running, in Airflow's sense, as long as its job is."""
    return value_of(sync, "mode", "async") == "sync" and not value_of(sync, "deferrable", False)


def check_effect(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """What is set for a sync changes something beside its other keys."""
    for sync in dag.syncs:
        if "max_retry_delay" in sync.settings:
            yield from _idle_delay(sync)
        if "trigger_rule" in sync.settings:
            yield from _idle_trigger_rule(dag, sync)


def _idle_delay(sync: ResolvedSync) -> Iterator[Diagnostic]:
    """The longest delay between retries matters only where the delays grow."""
    setting = sync.settings["max_retry_delay"]
    if not value_of(sync, "retry_exponential_backoff", False):
        why = "without 'retry_exponential_backoff' each retry waits 'retry_delay'"
        message = f"'max_retry_delay' has no effect on sync '{sync.name}': {why}"
        mend = "write 'retry_exponential_backoff: true' beside it, or delete it"
        yield setting.place.diagnostic("no-effect", message, mend, of_key=True, severity=Severity.WARNING)


def _idle_trigger_rule(dag: ResolvedDag, sync: ResolvedSync) -> Iterator[Diagnostic]:
    """A trigger rule matters only after others. As a default it may be for the syncs that have some, and with
    `sync_group` a task in Python may come first."""
    setting = sync.settings["trigger_rule"]
    if "syncs" not in setting.place.path or setting.value == "all_success":
        return
    is_told = dag.value("fail_fast") or is_refused(dag, sync, "depends_on")
    if is_told or "depends_on" in sync.settings or not dag.value("enabled", True):
        return
    message = f"'trigger_rule' has no effect on sync '{sync.name}': it depends on no other sync"
    mend = "write 'depends_on' beside it, or delete it"
    yield setting.place.diagnostic("no-effect", message, mend, of_key=True, severity=Severity.WARNING)


def _wait_over_timeout(timeout: Setting | None, wait: Setting | None) -> Diagnostic:
    allowed = durations.text(seconds(timeout) or _TIMEOUT)
    between = f"{durations.text(seconds(wait) or _WAIT_SECONDS)}{'' if wait else ' (the default)'}"
    message = f"'timeout' {allowed} is over before the second look at the job, after 'wait_seconds' {between}"
    if timeout is None:
        assert wait is not None  # noqa: S101 (one of the two is set)
        mend = f"write less than {allowed}, the default of 'timeout', or set 'timeout'"
        return wait.place.diagnostic("wait-over-timeout", message, mend)
    mend = "write a longer timeout, or fewer 'wait_seconds'"
    related = () if wait is None else (wait.place.related("wait_seconds is here"),)
    return timeout.place.diagnostic("wait-over-timeout", message, mend, related=related)


def _retries(dag: ResolvedDag, sync: ResolvedSync) -> int:
    setting = own_setting(dag, sync, "retries")
    return 0 if setting is None else int(setting.value)


def _full_time(dag: ResolvedDag, sync: ResolvedSync) -> int:
    """Give the seconds of all attempts and the delays between them, as far as they are set."""
    timeout, delay = (
        seconds(own_setting(dag, sync, "timeout")),
        seconds(own_setting(dag, sync, "retry_delay")),
    )
    retries = _retries(dag, sync)
    return 0 if timeout is None else timeout * (retries + 1) + (delay or 0) * retries


def _term(dag: ResolvedDag, sync: ResolvedSync) -> str:
    """Write one sync's part of the sum as people would."""
    timeout, delay = (
        seconds(own_setting(dag, sync, "timeout")),
        seconds(own_setting(dag, sync, "retry_delay")),
    )
    retries = _retries(dag, sync)
    if timeout is None:
        return "0"
    attempts = durations.text(timeout) if not retries else f"{retries + 1} * {durations.text(timeout)}"
    return f"{attempts} + {retries} * {durations.text(delay)}" if retries and delay else attempts


def _longest_chain(syncs: dict[str, ResolvedSync], dag: ResolvedDag) -> list[ResolvedSync]:
    """Find the syncs one after the other that may take longest; empty where they lead in a circle."""
    best: dict[str, tuple[int, str | None]] = {}
    for name in _in_order(syncs):
        before = [each for each in dependencies(syncs[name]) if each in best]
        last = max(before, key=lambda each: best[each][0], default=None)
        best[name] = ((best[last][0] if last else 0) + _full_time(dag, syncs[name]), last)
    if len(best) < len(syncs):
        return []
    chain: list[ResolvedSync] = []
    end = max(best, key=lambda each: best[each][0], default=None)
    while end is not None:
        chain.append(syncs[end])
        end = best[end][1]
    return chain[::-1]


def _in_order(syncs: dict[str, ResolvedSync]) -> Iterator[str]:
    """Yield each sync after those that it depends on; those of a circle not at all."""
    missing = {name: {each for each in dependencies(sync) if each in syncs} for name, sync in syncs.items()}
    following: dict[str, list[str]] = {name: [] for name in syncs}
    for name, before in missing.items():
        for each in before:
            following[each].append(name)
    ready = [name for name, before in missing.items() if not before]
    while ready:
        name = ready.pop()
        yield name
        for each in following[name]:
            missing[each].discard(name)
            if not missing[each]:
                ready.append(each)
