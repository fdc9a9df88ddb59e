"""Rules about the names of syncs and what refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag, DraftSync, DraftTrigger
from dag_factory.config.model.task_ids import MAX_GROUP_ID, MAX_TASK_ID, sync_task_ids, trigger_task_id
from dag_factory.config.rules.cycles import cyclic_edges
from dag_factory.config.text import suggestions
from dag_factory.config.yaml.document import Location

# How many names of syncs a hint lists.
_FEW = 20


def check_overlays(dag: DraftDag) -> Iterator[Diagnostic]:
    """An environment changes existing syncs; a sync that it adds has its own connection_id."""
    for sync in dag.syncs:
        if _has_connection(sync) or not sync.invalid.isdisjoint(("connection_id", "connection")):
            continue
        if dag.is_invalid("syncs") or dag.is_invalid("syncs", sync.name):
            continue
        message = f"there is no sync '{sync.name}' to change, and a new one needs a 'connection_id'"
        others = [other.name for other in dag.syncs if _has_connection(other)]
        hint = _known(sync.location, sync.name, others)
        yield sync.location.diagnostic("unknown-sync", message, hint, of_key=True)


def check_similar_sync(dag: DraftDag) -> Iterator[Diagnostic]:
    """A sync that an environment adds is not a misspelled sync of the document: both would run there."""
    added = [sync for sync in dag.syncs if sync.location.path[:1] == ("environments",)]
    if not added:
        return
    slips = _Slips([sync.name for sync in dag.syncs if sync.location.path[:1] != ("environments",)])
    for sync in added:
        similar = slips.meant_by(sync.name)
        if similar is not None and _has_connection(sync):
            message = f"the environment adds a sync '{sync.name}' beside '{similar}'"
            hint = f"write '{similar}' to change that sync"
            yield sync.location.diagnostic("similar-sync", message, hint, of_key=True)


def _has_connection(sync: DraftSync) -> bool:
    return "connection_id" in sync.settings or "connection" in sync.settings


class _Slips:
    """Finds the name of which another is a slip: a letter is missing or extra, or two are swapped.

    `orders_eu` is not a slip of `orders_us`. Each name is looked up, not compared with all others: an
    environment may add hundreds to hundreds.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._order = {name: number for number, name in enumerate(names)}
        self._longer: dict[str, str] = {}
        for name in names:
            for shorter in _with_a_letter_less(name):
                self._longer.setdefault(shorter, name)

    def meant_by(self, name: str) -> str | None:
        """Return the first of the names that was probably meant; None if there is none."""
        swapped = (name[:at] + name[at : at + 2][::-1] + name[at + 2 :] for at in range(len(name) - 1))
        known = {each for each in (*swapped, *_with_a_letter_less(name)) if each in self._order}
        known |= {self._longer[name]} if name in self._longer else set()
        return min(known - {name}, key=self._order.__getitem__, default=None)


def _with_a_letter_less(name: str) -> Iterator[str]:
    if len(name) > _SHORTEST:
        yield from (name[:at] + name[at + 1 :] for at, letter in enumerate(name) if letter.isalpha())


# Shorter names differ by a letter as a rule.
_SHORTEST = 3


def check_sync_names(dag: DraftDag) -> Iterator[Diagnostic]:
    """`depends_on` and `after` name syncs of the DAG."""
    if dag.is_invalid("syncs"):
        return
    names = {sync.name: None for sync in dag.syncs}  # in order
    for sync in dag.syncs:
        depends_on = sync.depends_on
        for index, name in enumerate(depends_on.value):
            if name not in names and not dag.is_invalid("syncs", name):
                others = [other for other in names if other != sync.name]
                yield _unknown_sync(depends_on.location.part(index), name, others)
    for trigger in dag.trigger_dags:
        after = trigger.after
        for index, name in enumerate(after.value):
            if name not in names and not dag.is_invalid("syncs", name):
                yield _unknown_sync(after.location.part(index), name, list(names))


def check_cycles(dag: DraftDag) -> Iterator[Diagnostic]:
    """`depends_on` forms no cycle; each cycle is reported once, at its first sync."""
    reported: set[str] = set()
    edges = cyclic_edges({sync.name: sync.depends_on.value for sync in dag.syncs})
    for sync in dag.syncs:
        if sync.name in edges and sync.name not in reported:
            cycle = _cycle_through(sync.name, edges)
            reported.update(cycle)
            yield _cycle(sync, cycle)


def check_trigger_dags(dag: DraftDag) -> Iterator[Diagnostic]:
    """Each DAG is triggered once, by a task with a name of its own."""
    syncs = {sync.name: sync for sync in dag.syncs}
    seen: dict[str, DraftTrigger] = {}
    for number, trigger in enumerate(dag.trigger_dags, start=1):
        target = trigger.dag_id.value
        clash = syncs.get(trigger_task_id(target, number))
        if clash is not None:
            message = f"the sync '{clash.name}' has the name of the task that triggers '{target}'"
            related = (trigger.location.related("triggered here"),)
            hint = "rename the sync"
            yield clash.location.diagnostic("name-clash", message, hint, of_key=True, related=related)
        if target in seen:
            message = f"'{target}' is triggered twice"
            related = (seen[target].location.related("first here"),)
            hint = "name all its syncs in one 'after'"
            yield trigger.location.diagnostic("name-clash", message, hint, related=related)
        seen.setdefault(target, trigger)


def check_fail_fast(dag: DraftDag) -> Iterator[Diagnostic]:
    """With `fail_fast` each trigger rule is all_success; Airflow rejects any other one."""
    if not dag.fail_fast.value:
        return
    related = (dag.fail_fast.location.related("fail_fast is set here"),)
    rules = [*(sync.trigger_rule for sync in dag.syncs), *(each.trigger_rule for each in dag.trigger_dags)]
    for rule in rules:
        if rule.is_set and rule.value != "all_success":
            message = f"'fail_fast' cannot be combined with 'trigger_rule: {rule.value}'"
            hint = "delete one of the two: with 'fail_fast' no task runs after a failure"
            yield rule.location.diagnostic("fail-fast", message, hint, related=related)


def check_long_task_id(dag: DraftDag) -> Iterator[Diagnostic]:
    """Task ids are short enough for `sync_group`, which puts the DAG's id before them."""
    if dag.enabled.value:
        return
    group = len(dag.dag_id.value)
    longest = max(dag.syncs, key=lambda sync: len(sync.name), default=None)
    length = group + (0 if longest is None else len(f".{sync_task_ids(longest.name, 'async')[0]}"))
    if group <= MAX_GROUP_ID and length <= MAX_TASK_ID:
        return
    message = f"sync_group() builds a task id of {length} characters from this; Airflow allows {MAX_TASK_ID}"
    if group > MAX_GROUP_ID:
        message = (
            f"sync_group() builds a group id of {group} characters from this; Airflow allows {MAX_GROUP_ID}"
        )
    hint = (
        "shorten the name or the DAG id, or pass a short 'group_id' to sync_group() and ignore this warning"
    )
    location = dag.dag_id.location if group > MAX_GROUP_ID or longest is None else longest.location
    yield location.diagnostic("long-task-id", message, hint, of_key=True)


def _unknown_sync(location: Location, name: str, known: list[str]) -> Diagnostic:
    message = f"there is no sync '{name}' in this DAG"
    return location.diagnostic("unknown-sync", message, _known(location, name, known))


def _known(location: Location, name: str, known: list[str]) -> str:
    similar = suggestions.did_you_mean(name, known, location.document.file.search_limit)
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    return similar or (f"syncs here: {', '.join(known[:_FEW])}{more}" if known else "delete it")


def _cycle(sync: DraftSync, cycle: list[str]) -> Diagnostic:
    depends_on = sync.depends_on
    if len(cycle) == 1:
        location = depends_on.location.part(depends_on.value.index(sync.name))
        message, hint = f"sync '{sync.name}' depends on itself", "delete the name"
    else:
        location = depends_on.location.part(depends_on.value.index(cycle[1]))
        message = f"syncs depend on each other: {' -> '.join((*cycle, cycle[0]))}"
        hint = "delete one of the names, here or in another sync of the cycle"
    return location.diagnostic("dependency-cycle", message, hint)


def _cycle_through(start: str, edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Find a path from a sync back to itself; without recursion, since a chain may be long."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for following in edges.get(name, ()):
            if following == start:
                return _path_back(start, name, came_from)
            if following not in came_from and following in edges:
                came_from[following] = name
                waiting.append(following)
    return []


def _path_back(start: str, last: str, came_from: dict[str, str]) -> list[str]:
    path = [last]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
