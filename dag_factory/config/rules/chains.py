"""Rules about DAGs that start each other, by triggers and by assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic
from dag_factory.config.model.draft import DraftDag, DraftSync, DraftTrigger
from dag_factory.config.yaml.document import Location


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A DAG by its id, or an asset.

    Assets are nodes to keep the steps few: one for each DAG that updates an asset or waits for it, not one
    for each pair of them.
    """

    kind: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A step to a node: its cause, and the DAG and the location that define it."""

    to: Node
    by: str
    dag: DraftDag
    location: Location


Steps: TypeAlias = Mapping[Node, Sequence[Step]]


def check_dag_loop(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """No DAG leads back to itself; each cycle is reported once, at its last step."""
    reported, with_error = Counter[str](), set[DraftDag]()
    for cycle in _cycles(_steps(dags)):
        last = cycle.steps[-1]
        name = last.dag.document.file.name
        reported[name] += 1
        is_known = len(cycle.starts) == 1 and last.by != "trigger_dags"  # check_asset_loop reports it
        # The first one keeps its DAG from being made.
        if not is_known and (reported[name] <= MAX_PROBLEMS or last.dag not in with_error):
            with_error.add(last.dag)
            yield last.dag, _loop(cycle, _LOCATIONS if reported[name] <= _FEW else 0)


def check_disabled_dag(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """A DAG that is triggered is enabled, unless a DAG in Python has its id."""
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
    """Yield each entry of `trigger_dags` whose DAG id is not a template."""
    return (trigger for trigger in dag.trigger_dags if "{{" not in trigger.dag_id.value)


def _steps(dags: Sequence[DraftDag]) -> Steps:
    """Return the steps from each DAG and from each asset that a DAG waits for."""
    made = {dag.dag_id.value: dag for dag in reversed(dags) if dag.enabled.value}
    steps: dict[Node, list[Step]] = {}
    for dag in made.values():
        for asset, location in dag.awaited_assets():
            to = Node(kind="dag", name=dag.dag_id.value)
            step = Step(to=to, by=f"asset {asset}", dag=dag, location=location)
            steps.setdefault(Node(kind="asset", name=asset), []).append(step)
    assets = frozenset(node.name for node in steps)
    has_defaults = any(asset.startswith("airbyte:") for asset in assets)
    for name, dag in made.items():
        # Only these can update an asset that a DAG waits for.
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
class _Cycle:
    """Steps that lead from a DAG back to it.

    A long cycle keeps its first and its last steps alone, so that reporting many of them takes no longer than
    reading their files.
    """

    steps: tuple[Step, ...]
    left_out: bool

    @property
    def starts(self) -> list[Step]:
        """The steps that start a DAG."""
        return [step for step in self.steps if step.to.kind == "dag"]


# How many steps a cycle keeps at each end, and how many related locations are reported for each of the first
# cycles of a file: each location may be in another file, whose lines have to be found.
_ENDS, _LOCATIONS, _FEW = 8, 3, 10


def _cycles(steps: Steps) -> Iterator[_Cycle]:
    """Find a cycle for each step that leads a depth-first search back to its path."""
    done: set[Node] = set()
    for start in steps:
        if start not in done:
            yield from _cycles_from(start, steps, done)


def _cycles_from(start: Node, steps: Steps, done: set[Node]) -> Iterator[_Cycle]:
    """Search from a node, depth first and without recursion; `path` holds the steps to the current node."""
    position = {start: 0}
    path: list[Step] = []
    waiting = [iter(steps[start])]
    while waiting:
        step = next(waiting[-1], None)
        if step is None:
            waiting.pop()
            left = path.pop().to if path else start
            done.add(left)
            del position[left]
        elif step.to in position:
            yield _cycle(path, position[step.to], step)
        elif step.to in steps and step.to not in done:
            path.append(step)
            position[step.to] = len(path)
            waiting.append(iter(steps[step.to]))


def _cycle(path: Sequence[Step], begin: int, last: Step) -> _Cycle:
    """Make a cycle of the end of a path and the step that closes it."""
    length = len(path) - begin
    is_long = length > 2 * _ENDS
    kept = (*path[begin : begin + _ENDS], *path[len(path) - _ENDS :]) if is_long else tuple(path[begin:])
    if last.to.kind == "dag":
        return _Cycle(steps=(*kept, last), left_out=is_long)
    # The search entered the cycle at an asset: it begins with the DAG that waits for it.
    return _Cycle(steps=(*kept[1:], last, kept[0]), left_out=is_long)


def _loop(cycle: _Cycle, locations: int) -> Diagnostic:
    starts = cycle.starts
    texts = [f" -> {step.to.name} ({step.by})" for step in starts]
    if cycle.left_out:
        texts.insert(len(texts) // 2, " -> ...")
    path = f"{starts[-1].to.name}{''.join(texts)}"
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
