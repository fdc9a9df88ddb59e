"""What a schema cannot say about one DAG. A rule is a function; the list at the end names them all.

Rules see a DAG after defaults and environment, and point to where a value stands. They report what is wrong
and rely on no other rule having passed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from dag_factory.config import cron
from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.layers import ResolvedDag, ResolvedSync, Setting
from dag_factory.config.model import moment
from dag_factory.config.source import Place

_DAG_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def check_dag_id(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A DAG is named by its file only if the name is an id."""
    name = dag.dag_id.value
    if dag.dag_id.place.path or (set(name) <= _DAG_ID_CHARACTERS and len(name) <= 250):
        return
    message = f"the file's name '{name}' is no DAG id"
    mend = "rename the file to letters, digits, dashes, dots and underscores, or add 'dag_id'"
    yield dag.dag_id.place.diagnostic("bad-name", message, mend)


def check_required(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """The keys that may come from another layer have come from one."""
    if "schedule" not in dag.settings and not dag.is_faulty("schedule"):
        mend = "write a schedule here or in a defaults.yaml; 'schedule: null' runs the DAG only by hand"
        top = Place(document=dag.document)
        yield top.diagnostic("missing-key", "the key 'schedule' is missing", mend)
    for sync in dag.syncs:
        if "connection_id" not in sync.settings and not dag.is_faulty("syncs", sync.name, "connection_id"):
            message = f"sync '{sync.name}' has no 'connection_id'"
            alike = _did_you_mean(sync.name, (s.name for s in dag.syncs if s is not sync))
            yield sync.place.diagnostic("missing-key", message, alike, of_key=True)


def check_cron(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A cron expression is one that Airflow takes and that some date fits."""
    for setting in _cron_texts(dag):
        fault = cron.cron_fault(setting.value)
        if fault is not None:
            yield setting.place.diagnostic("bad-cron", fault.message, fault.help)


def check_special_preset(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """@once and @continuous go with nothing else, and @continuous with one run at a time."""
    for setting in _cron_texts(dag):
        if setting.value not in cron.SPECIAL_PRESETS:
            continue
        if "assets" in _schedule_form(dag):
            message = f"'{setting.value}' cannot stand beside 'assets'"
            yield setting.place.diagnostic("bad-cron", message, "write five cron fields, or only the assets")
        runs = dag.settings.get("max_active_runs")
        if setting.value == "@continuous" and runs is not None and runs.value > 1:
            message = "'@continuous' needs 'max_active_runs: 1'"
            yield runs.place.diagnostic("bad-cron", message, "write 1, or another schedule")


def check_timezone(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A time zone is one of the IANA database."""
    for setting in _timezones(dag):
        if not _is_timezone(setting.value):
            message = f"unknown time zone '{setting.value}'"
            yield setting.place.diagnostic("unknown-timezone", message, _timezone_help(setting.value))


def check_dates(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Dates exist, and the end does not come before the start."""
    zone = dag.value("timezone", "UTC")
    moments = {}
    for key in ("start_date", "end_date"):
        setting = dag.settings.get(key)
        if setting is None:
            continue
        try:
            moments[key] = moment(setting.value, zone if _is_timezone(zone) else "UTC")
        except ValueError:
            message = f"'{setting.value}' is no date that exists"
            yield setting.place.diagnostic("bad-date", message, "correct the day, the month or the time")
    if len(moments) == 2 and moments["end_date"] < moments["start_date"]:
        end, start = dag.settings["end_date"], dag.settings["start_date"]
        message = f"'end_date' {end.value} comes before 'start_date' {start.value}"
        related = (start.place.related("the start is here"),)
        yield end.place.diagnostic("end-before-start", message, "swap the two", related=related)


def check_sync_names(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Every name of a sync that is spoken of exists, and no sync comes before itself."""
    names = [sync.name for sync in dag.syncs]
    if dag.is_faulty("syncs"):
        return
    for sync in dag.syncs:
        for index, name in enumerate(_dependencies(sync)):
            if name not in names and not dag.is_faulty("syncs", name):
                others = [other for other in names if other != sync.name]
                yield _unknown_sync(sync.settings["depends_on"].part(index), name, others)
    for trigger, entry in _triggered(dag):
        for index, name in enumerate(entry.get("after", ())):
            if name not in names and not dag.is_faulty("syncs", name):
                yield _unknown_sync(trigger.part("after", index), name, names)


def check_cycles(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """`depends_on` leads in no circle; each circle is told once, at its first sync."""
    edges = {sync.name: _dependencies(sync) for sync in dag.syncs}
    told: set[frozenset[str]] = set()
    for sync in dag.syncs:
        cycle = _cycle_through(sync.name, edges)
        if not cycle or frozenset(cycle) in told:
            continue
        told.add(frozenset(cycle))
        way = " -> ".join((*cycle, cycle[0]))
        setting = sync.settings["depends_on"]
        position = setting.value.index(cycle[1] if len(cycle) > 1 else sync.name)
        place = setting.part(position)
        yield place.diagnostic(
            "dependency-cycle", f"syncs depend on each other: {way}", "delete one of the names"
        )


def check_trigger_dags(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Each DAG is triggered by a task of its own name."""
    names = {sync.name for sync in dag.syncs}
    seen: dict[str, Setting] = {}
    for trigger, entry in _triggered(dag):
        target = entry.get("dag_id", "")
        if f"trigger_{target}" in names:
            message = f"the sync 'trigger_{target}' has the name of the task that triggers '{target}'"
            yield trigger.place.diagnostic("name-clash", message, "rename the sync")
        if target in seen:
            message = f"'{target}' is triggered twice"
            related = (seen[target].place.related("first here"),)
            mend = "name all its syncs in one 'after'"
            yield trigger.place.diagnostic("name-clash", message, mend, related=related)
        seen.setdefault(target, trigger)


def check_fail_fast(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Airflow refuses `fail_fast` with any other trigger rule than all_success."""
    if not dag.value("fail_fast"):
        return
    for sync in dag.syncs:
        rule = sync.settings.get("trigger_rule")
        if rule is not None and rule.value != "all_success":
            message = f"'fail_fast' does not go with 'trigger_rule: {rule.value}'"
            yield rule.place.diagnostic("fail-fast", message, "delete one of the two")


def check_same_connection(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Two syncs of one Airbyte connection get into each other's way; over DAGs: `config.project_rules`."""
    first: dict[tuple[str, str], Setting] = {}
    for sync in dag.syncs:
        identity = connection_identity(sync)
        if identity is None:
            continue
        setting = sync.settings["connection_id"]
        if identity in first:
            message = f"sync '{sync.name}' uses a connection that another sync of this DAG uses"
            related = (first[identity].place.related("first used here"),)
            mend = "delete one of the two syncs; a connection runs one sync at a time"
            yield setting.place.diagnostic(
                "same-connection", message, mend, severity=Severity.WARNING, related=related
            )
        first.setdefault(identity, setting)


def check_effect(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Tell of keys that the Airbyte provider's operator and sensor cannot act upon in the sync's mode."""
    for sync in dag.syncs:
        mode = _value(sync, "mode", "async")
        deferrable = _value(sync, "deferrable", False)
        for key, why in _without_effect(deferrable=deferrable).items():
            setting = sync.settings.get(key)
            if setting is not None and not (mode == "sync" and setting.value == "cancel"):
                message = f"'{key}' has no effect yet on sync '{sync.name}': {why}"
                mend = "delete it, or keep it for a later version"
                yield setting.place.diagnostic(
                    "no-effect", message, mend, of_key=True, severity=Severity.WARNING
                )


def _without_effect(*, deferrable: bool) -> dict[str, str]:
    # Airbyte provider 6.2.0: operators/airbyte.py, sensors/airbyte.py, triggers/airbyte.py.
    why = {
        "min_rows": "the provider does not read how many rows a job moved",
        "on_running": "the provider fails where the connection is syncing already",
    }
    fixed = "a job is cancelled in mode sync and left in mode async"
    why |= {"on_timeout": fixed, "on_kill": fixed}
    if deferrable:
        why["wait_seconds"] = "the provider looks every 60 seconds when it is deferred"
    return why


def _value(sync: ResolvedSync, key: str, default: Any) -> Any:  # noqa: ANN401 (the schema has fixed its type)
    setting = sync.settings.get(key)
    return default if setting is None else setting.value


def connection_identity(sync: ResolvedSync) -> tuple[str, str] | None:
    """Give what makes an Airbyte connection the same: None where a template decides."""
    setting = sync.settings.get("connection_id")
    if setting is None or "{{" in setting.value:
        return None
    conn_id = sync.settings.get("airbyte_conn_id")
    return (conn_id.value if conn_id else "airbyte_default", setting.value.lower())


def _schedule_form(dag: ResolvedDag) -> dict[str, object]:
    value = dag.value("schedule")
    return value if isinstance(value, dict) else {}


def _cron_texts(dag: ResolvedDag) -> Iterator[Setting]:
    setting = dag.settings.get("schedule")
    if setting is None:
        return
    if isinstance(setting.value, str):
        yield setting
    elif isinstance(setting.value, dict) and "cron" in setting.value:
        yield Setting(value=setting.value["cron"], place=setting.part("cron"))


def _timezones(dag: ResolvedDag) -> Iterator[Setting]:
    if "timezone" in dag.settings:
        yield dag.settings["timezone"]
    form = _schedule_form(dag)
    if "timezone" in form:
        yield Setting(value=form["timezone"], place=dag.settings["schedule"].part("timezone"))


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, or no file's name at all
        return False
    return True


def _timezone_help(name: str) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415 (reads the whole database)

    alike = difflib.get_close_matches(name, sorted(available_timezones()), n=1)
    return f"did you mean '{alike[0]}'?" if alike else "write an IANA name such as Europe/Berlin or UTC"


def _triggered(dag: ResolvedDag) -> Iterator[tuple[Setting, dict[str, Any]]]:
    """Yield each entry of `trigger_dags` with its place, in its long form."""
    setting = dag.settings.get("trigger_dags")
    if setting is None:
        return
    for index, entry in enumerate(setting.value):
        long_form = entry if isinstance(entry, dict) else {"dag_id": entry}
        yield Setting(value=entry, place=setting.part(index)), long_form


def _unknown_sync(place: Place, name: str, known: list[str]) -> Diagnostic:
    mend = _did_you_mean(name, known) or (f"syncs here: {', '.join(known)}" if known else "delete it")
    return place.diagnostic("unknown-sync", f"there is no sync '{name}' in this DAG", mend)


def _did_you_mean(name: str, known: Iterable[str]) -> str | None:
    alike = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{alike[0]}'?" if alike else None


def _dependencies(sync: ResolvedSync) -> list[str]:
    setting = sync.settings.get("depends_on")
    return list(setting.value) if setting else []


def _cycle_through(start: str, edges: dict[str, list[str]]) -> list[str]:
    """Find a way from a sync back to itself; without recursion, since a chain may be long."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for following in edges.get(name, ()):
            if following == start:
                return _way_back(start, name, came_from)
            if following not in came_from and following in edges:
                came_from[following] = name
                waiting.append(following)
    return []


def _way_back(start: str, last: str, came_from: dict[str, str]) -> list[str]:
    way = [last]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


DagRule = Callable[[ResolvedDag], Iterator[Diagnostic]]

DAG_RULES: tuple[DagRule, ...] = (
    check_dag_id,
    check_required,
    check_cron,
    check_special_preset,
    check_timezone,
    check_dates,
    check_sync_names,
    check_cycles,
    check_trigger_dags,
    check_fail_fast,
    check_same_connection,
    check_effect,
)
