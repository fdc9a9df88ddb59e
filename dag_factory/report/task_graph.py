"""The tasks that Airflow shows for a DAG, in order and as a drawing.

`factory.build` creates the tasks; a test compares their ids and their order with these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dag_factory.config.model.dag import Dag, Sync, TriggeredDag
from dag_factory.config.model.task_ids import sync_task_ids, trigger_task_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A sync or a triggered DAG: the ids of its tasks in order, and the names of the steps before it."""

    name: str
    tasks: tuple[str, ...]
    label: str
    after: tuple[str, ...]
    trigger_rule: str


def steps_of(dag: Dag) -> tuple[Step, ...]:
    """Return the steps of a DAG in topological order, otherwise in the order of the file."""
    waiting = {sync.name: _sync_step(sync) for sync in dag.syncs}
    names = tuple(waiting)
    in_order: list[Step] = []
    while waiting:
        # The rules report every cycle, so there is always a free step.
        free = next(step for step in waiting.values() if not any(name in waiting for name in step.after))
        in_order.append(waiting.pop(free.name))
    triggers = [_trigger_step(each, number, names) for number, each in enumerate(dag.trigger_dags, start=1)]
    return (*in_order, *triggers)


def upstream_of(steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """Return the direct upstream tasks of each task, as Airflow has them."""
    last = {step.name: step.tasks[-1] for step in steps}
    upstream: dict[str, tuple[str, ...]] = {}
    for step in steps:
        upstream[step.tasks[0]] = tuple(last[name] for name in step.after)
        upstream |= {task: (before,) for before, task in zip(step.tasks, step.tasks[1:], strict=False)}
    return upstream


def draw(steps: Sequence[Step]) -> list[str]:
    """Draw the steps as trees: each step below one upstream step, with the names of the others beside it."""
    parents = _parents(steps)
    roots = [step for step in steps if step.name not in parents]
    return [line for step in roots for line in _tree(step, steps, parents, "", "")]


def _sync_step(sync: Sync) -> Step:
    tasks = sync_task_ids(sync.name, sync.mode)
    inside = " → ".join(task.rpartition(".")[2] for task in tasks)
    return Step(
        name=sync.name,
        tasks=tasks,
        label=sync.name if len(tasks) == 1 else f"{sync.name} [{inside}]",
        after=sync.depends_on,
        trigger_rule=sync.trigger_rule,
    )


def _trigger_step(triggered: TriggeredDag, number: int, syncs: tuple[str, ...]) -> Step:
    task = trigger_task_id(triggered.dag_id, number)
    waits = ", and waits for its run" if triggered.wait_for_completion else ""
    return Step(
        name=task,
        tasks=(task,),
        label=f"{task} ⇒ the DAG {triggered.dag_id}{waits}",
        after=triggered.after or syncs,
        trigger_rule=triggered.trigger_rule,
    )


def _parents(steps: Sequence[Step]) -> dict[str, str]:
    """Return for each step its deepest upstream step."""
    depths: dict[str, int] = {}
    parents: dict[str, str] = {}
    for step in steps:
        if step.after:
            parents[step.name] = max(step.after, key=lambda name: depths[name])
        depths[step.name] = 1 + max((depths[name] for name in step.after), default=0)
    return parents


def _tree(
    step: Step, steps: Sequence[Step], parents: Mapping[str, str], branch: str, indent: str
) -> Iterator[str]:
    yield f"{branch}{step.label}{_remarks(step, parents.get(step.name))}"
    children = [each for each in steps if parents.get(each.name) == step.name]
    for child in children:
        is_last = child is children[-1]
        corner, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _tree(child, steps, parents, indent + corner, indent + below)


def _remarks(step: Step, parent: str | None) -> str:
    others = [name for name in step.after if name != parent]
    remarks = [f"also after {', '.join(others)}"] if others else []
    if step.trigger_rule != "all_success":
        remarks.append(f"trigger_rule {step.trigger_rule}")
    return f"  ({'; '.join(remarks)})" if remarks else ""
