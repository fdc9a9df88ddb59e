"""Rules about DAGs that start each other, by triggers and by assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic
from dag_factory.config.model.draft import DraftDag, DraftSync, DraftTrigger
from dag_factory.config.rules.assets import waited_for
from dag_factory.config.yaml.document import Location


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """What a way leads over: a DAG by its id, or an asset. As a node an asset keeps the ways few: each file
    adds what it says, not one way for each pair of DAGs that make it and wait for it."""

    kind: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a way: to which node and by what, and where which DAG says so."""

    to: Node
    by: str
    dag: DraftDag
    location: Location


Steps: TypeAlias = Mapping[Node, Sequence[Step]]


def check_dag_loop(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """No DAG leads back to itself; each ring is told once, where the last of its steps stands."""
    reported = Counter[str]()
    for ring in _rings(_steps(dags)):
        last = ring.steps[-1]
        name = last.dag.document.file.name
        reported[name] += 1
        is_known = len(ring.starts) == 1 and last.by != "trigger_dags"  # told by check_asset_loop
        if not is_known and reported[name] <= MAX_PROBLEMS:
            yield last.dag, _loop(ring, _PLACES if reported[name] <= _FEW else 0)


def check_disabled_dag(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """A DAG that is triggered exists, unless a DAG in Python has its id."""
    disabled = {dag.dag_id.value: dag for dag in dags if not dag.enabled.value}
    if not disabled:
        return
    made = {dag.dag_id.value: dag for dag in dags if dag.enabled.value}
    for dag in made.values():
        for trigger in _targets(dag):
            target = trigger.dag_id.value
            if target in disabled and target not in made:
                yield dag, _disabled(trigger, disabled[target])


def _disabled(trigger: DraftTrigger, owner: DraftDag) -> Diagnostic:
    message = f"'{trigger.dag_id.value}' is triggered, but 'enabled: false' keeps it from being created"
    related = (owner.enabled.location.related("disabled here"),)
    silence = "# dag-factory: ignore[disabled-dag] created by ..."
    hint = f"delete the trigger; if a DAG in Python has this id, write '{silence}' on the line"
    return trigger.location.diagnostic("disabled-dag", message, hint, related=related)


def _targets(dag: DraftDag) -> Iterator[DraftTrigger]:
    """Yield each entry of `trigger_dags` whose DAG is known before it runs."""
    return (trigger for trigger in dag.trigger_dags if "{{" not in trigger.dag_id.value)


def _steps(dags: Sequence[DraftDag]) -> Steps:
    """Give the steps from each DAG and from each asset that a DAG waits for."""
    made = {dag.dag_id.value: dag for dag in reversed(dags) if dag.enabled.value}
    steps: dict[Node, list[Step]] = {}
    for dag in made.values():
        for asset, location in waited_for(dag):
            to = Node(kind="dag", name=dag.dag_id.value)
            step = Step(to=to, by=f"asset {asset}", dag=dag, location=location)
            steps.setdefault(Node(kind="asset", name=asset), []).append(step)
    assets = frozenset(node.name for node in steps)
    has_defaults = any(asset.startswith("airbyte:") for asset in assets)
    for name, dag in made.items():
        # Only these can make what somebody waits for.
        syncs = [sync for sync in dag.syncs if has_defaults or "outlets" in sync.settings]
        found = list(_steps_from(dag, syncs, assets, made))
        if found:
            steps[Node(kind="dag", name=name)] = found
    return dict(sorted(steps.items(), key=lambda pair: (pair[0].kind != "dag", pair[0].name)))


def _steps_from(
    dag: DraftDag, syncs: Sequence[DraftSync], assets: frozenset[str], made: Mapping[str, DraftDag]
) -> Iterator[Step]:
    for trigger in _targets(dag):
        target = Node(kind="dag", name=trigger.dag_id.value)
        if target.name in made:
            yield Step(to=target, by="trigger_dags", dag=dag, location=trigger.location)
    for sync in syncs if assets else ():
        for asset, location in sync.updates():
            if asset in assets:
                yield Step(to=Node(kind="asset", name=asset), by="outlets", dag=dag, location=location)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ring:
    """Steps that lead from a DAG back to it. Of a long ring only the first and the last, so that many long
    ones take no longer to tell than the files that make them take to read."""

    steps: tuple[Step, ...]
    left_out: bool

    @property
    def starts(self) -> list[Step]:
        """The steps that start a DAG."""
        return [step for step in self.steps if step.to.kind == "dag"]


# Steps that are kept at each end of a ring, and the second locations that are told of one, if a file has few:
# each may be in another file, whose lines have to be looked up.
_ENDS, _PLACES, _FEW = 8, 3, 10


def _rings(steps: Steps) -> Iterator[_Ring]:
    """Find one ring for each step that leads a walk back to where it has been; the rest has none."""
    done: set[Node] = set()
    for start in steps:
        if start not in done:
            yield from _rings_from(start, steps, done)


def _rings_from(start: Node, steps: Steps, done: set[Node]) -> Iterator[_Ring]:
    """Walk from a node into the depth, without recursion; `way` are the steps to where the walk stands."""
    position = {start: 0}
    way: list[Step] = []
    waiting = [iter(steps[start])]
    while waiting:
        step = next(waiting[-1], None)
        if step is None:
            waiting.pop()
            left = way.pop().to if way else start
            done.add(left)
            del position[left]
        elif step.to in position:
            yield _ring(way, position[step.to], step)
        elif step.to in steps and step.to not in done:
            way.append(step)
            position[step.to] = len(way)
            waiting.append(iter(steps[step.to]))


def _ring(way: Sequence[Step], begin: int, last: Step) -> _Ring:
    """Make a ring of the end of a way and the step that closes it."""
    length = len(way) - begin
    is_long = length > 2 * _ENDS
    kept = (*way[begin : begin + _ENDS], *way[len(way) - _ENDS :]) if is_long else tuple(way[begin:])
    if last.to.kind == "dag":
        return _Ring(steps=(*kept, last), left_out=is_long)
    # It was entered at an asset: it begins with the DAG that waits for that.
    return _Ring(steps=(*kept[1:], last, kept[0]), left_out=is_long)


def _loop(ring: _Ring, locations: int) -> Diagnostic:
    starts = ring.starts
    told = [f" -> {step.to.name} ({step.by})" for step in starts]
    if ring.left_out:
        told.insert(len(told) // 2, " -> ...")
    path = f"{starts[-1].to.name}{''.join(told)}"
    message, hint = (
        f"DAGs start each other in an endless cycle: {path}",
        "delete this step or another one of the cycle",
    )
    if len(starts) == 1:
        message = f"the DAG starts itself in an endless cycle: {path}"
        hint = "delete it; to run a DAG again and again, write 'schedule: \"@continuous\"'"
    related = tuple(
        step.location.related(f"'{step.to.name}' is started here") for step in starts[:-1][:locations]
    )
    return starts[-1].location.diagnostic("dag-loop", message, hint, related=related)
