"""Rules about the names of syncs and what refers to them. Listed in `config.rules`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.layers import ResolvedDag, ResolvedSync, Setting
from dag_factory.config.rules.cycles import circular
from dag_factory.config.rules.settings import own_setting
from dag_factory.config.text import suggestions
from dag_factory.config.yaml.document import Place

# The length of a task's id in Airflow (airflow.sdk.definitions._internal.node.validate_key), its group's name
# included; and that of the name of a group.
MAX_TASK_ID, MAX_GROUP = 250, 200

# Of the names of syncs, where a mistake lists them.
_FEW = 20


def check_overlays(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """An environment changes syncs that there are; a new one has its own connection_id."""
    for sync in dag.syncs:
        faulty = any(
            dag.is_faulty("syncs", *path) for path in ((), (sync.name,), (sync.name, "connection_id"))
        )
        if "connection_id" in sync.settings or faulty:
            continue
        message = f"there is no sync '{sync.name}' to change, and a new one needs a 'connection_id'"
        others = [other.name for other in dag.syncs if "connection_id" in other.settings]
        yield sync.place.diagnostic(
            "unknown-sync", message, _known(sync.place, sync.name, others), of_key=True
        )


def check_similar_sync(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A sync that an environment adds is not one of the document's, misspelt: both would run there."""
    added = [sync for sync in dag.syncs if sync.place.path[:1] == ("environments",)]
    names = [sync.name for sync in dag.syncs if sync.place.path[:1] != ("environments",)]
    for sync in added:
        alike = next((name for name in names if _is_slip(sync.name, name)), None)
        if alike is not None and "connection_id" in sync.settings:
            message = f"'{sync.name}' is added to the syncs, beside '{alike}'"
            mend = f"write '{alike}' to change that one here"
            yield sync.place.diagnostic("similar-sync", message, mend, of_key=True, severity=Severity.WARNING)


def _is_slip(one: str, other: str) -> bool:
    """Whether a letter is missing or too much, or two are swapped; `orders_eu` is no slip of `orders_us`."""
    shorter, longer = sorted((one, other), key=len)
    pairs = enumerate(zip(one, other, strict=False))
    at = next((index for index, (letter, its) in pairs if letter != its), len(shorter))
    if len(longer) - len(shorter) == 1:
        return len(shorter) > 2 and longer[at].isalpha() and longer[at + 1 :] == shorter[at:]
    swapped = one[:at] + one[at : at + 2][::-1] + one[at + 2 :]
    return one != other == swapped


def check_sync_names(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Every name of a sync that is spoken of exists."""
    if dag.is_faulty("syncs"):
        return
    names = {sync.name: None for sync in dag.syncs}  # in order
    for sync in dag.syncs:
        for index, name in enumerate(dependencies(sync)):
            if name not in names and not dag.is_faulty("syncs", name):
                others = [other for other in names if other != sync.name]
                yield _unknown_sync(sync.settings["depends_on"].part(index), name, others)
    for trigger, entry in triggered(dag):
        for index, name in enumerate(entry.get("after", ())):
            if name not in names and not dag.is_faulty("syncs", name):
                yield _unknown_sync(trigger.part("after", index), name, list(names))


def check_cycles(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """`depends_on` leads in no circle; each circle is told once, at its first sync."""
    told: set[str] = set()
    edges = circular({sync.name: dependencies(sync) for sync in dag.syncs})
    for sync in dag.syncs:
        if sync.name in edges and sync.name not in told:
            cycle = _cycle_through(sync.name, edges)
            told.update(cycle)
            yield _cycle(sync, cycle)


def check_trigger_dags(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Each DAG is triggered by a task of its own name."""
    syncs = {sync.name: sync for sync in dag.syncs}
    seen: dict[str, Setting] = {}
    for trigger, entry in triggered(dag):
        target = entry.get("dag_id", "")
        clash = syncs.get(f"trigger_{target}")
        if clash is not None:
            message = f"the sync '{clash.name}' has the name of the task that triggers '{target}'"
            related = (trigger.place.related("triggered here"),)
            yield clash.place.diagnostic(
                "name-clash", message, "rename the sync", of_key=True, related=related
            )
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
    related = (dag.settings["fail_fast"].place.related("fail_fast is set here"),)
    rules = [own_setting(dag, sync, "trigger_rule") for sync in dag.syncs]
    for trigger, entry in triggered(dag):
        if "trigger_rule" in entry:
            rules.append(Setting(value=entry["trigger_rule"], place=trigger.part("trigger_rule")))
    for rule in rules:
        if rule is not None and rule.value != "all_success":
            message = f"'fail_fast' does not go with 'trigger_rule: {rule.value}'"
            mend = "delete one of the two: with fail_fast nothing runs after a failure"
            yield rule.place.diagnostic("fail-fast", message, mend, related=related)


def check_long_task_id(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """`sync_group` puts the DAG's id before the names of its tasks, which can make them too long."""
    if dag.value("enabled", True):
        return
    group = len(dag.dag_id.value)
    longest = max(dag.syncs, key=lambda sync: len(sync.name), default=None)
    length = group + (0 if longest is None else len(f".{longest.name}.trigger"))
    if group <= MAX_GROUP and length <= MAX_TASK_ID:
        return
    message = f"sync_group() makes a task id of {length} characters of this; Airflow takes {MAX_TASK_ID}"
    if group > MAX_GROUP:
        message = (
            f"sync_group() makes a group's name of {group} characters of this; Airflow takes {MAX_GROUP}"
        )
    mend = "shorten the name or the DAG id, or hand sync_group() a short 'group_id' and ignore this"
    place = dag.dag_id.place if group > MAX_GROUP or longest is None else longest.place
    yield place.diagnostic("long-task-id", message, mend, of_key=True, severity=Severity.WARNING)


def dependencies(sync: ResolvedSync) -> list[str]:
    """Name the syncs that come before one."""
    setting = sync.settings.get("depends_on")
    return list(setting.value) if setting else []


def triggered(dag: ResolvedDag) -> Iterator[tuple[Setting, dict[str, Any]]]:
    """Yield each entry of `trigger_dags` with its place, in its long form."""
    setting = dag.settings.get("trigger_dags")
    if setting is None:
        return
    for index, entry in enumerate(setting.value):
        long_form = entry if isinstance(entry, dict) else {"dag_id": entry}
        yield Setting(value=entry, place=setting.part(index)), long_form


def _unknown_sync(place: Place, name: str, known: list[str]) -> Diagnostic:
    return place.diagnostic(
        "unknown-sync", f"there is no sync '{name}' in this DAG", _known(place, name, known)
    )


def _known(place: Place, name: str, known: list[str]) -> str:
    mend = suggestions.did_you_mean(name, known, place.document.file.patience)
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    return mend or (f"syncs here: {', '.join(known[:_FEW])}{more}" if known else "delete it")


def _cycle(sync: ResolvedSync, cycle: list[str]) -> Diagnostic:
    setting = sync.settings["depends_on"]
    if len(cycle) == 1:
        place = setting.part(setting.value.index(sync.name))
        message, mend = f"sync '{sync.name}' depends on itself", "delete the name"
    else:
        place = setting.part(setting.value.index(cycle[1]))
        message = f"syncs depend on each other: {' -> '.join((*cycle, cycle[0]))}"
        mend = "delete one of the names, here or in another sync of the circle"
    return place.diagnostic("dependency-cycle", message, mend)


def _cycle_through(start: str, edges: Mapping[str, Sequence[str]]) -> list[str]:
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
