"""The plan: what happens in Airflow when the new revision of a folder takes the place of the old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, sort_unique
from dag_factory.config.project import Resolution, resolve_tree, resolve_tree_everywhere
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.config.tree import ConfigTree
from dag_factory.plan.coming_and_going import of_added, of_enabled, of_removed, of_renamed
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.dependencies import of_inactive, of_triggers, of_unreached
from dag_factory.plan.needs import of_load, of_needs
from dag_factory.plan.settings import of_settings
from dag_factory.plan.sides import Member, Side, pairs_of, side_of
from dag_factory.plan.tasks import of_connections, of_tasks
from dag_factory.plan.timing import of_times

# None is the configuration without an environment.
Environment: TypeAlias = "str | None"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a change does.

    Args:
        consequences: The most dangerous first.
        environments: Those that both revisions have, and were compared.
        old_errors: What is wrong in the old revision.
        new_errors: What is wrong in the new one.
    """

    consequences: tuple[Consequence, ...]
    environments: tuple[Environment, ...]
    old_errors: tuple[Diagnostic, ...] = ()
    new_errors: tuple[Diagnostic, ...] = ()


def plan(old: ConfigTree, new: ConfigTree, now: datetime, environment: str | None = None) -> Plan:
    """Compare two revisions of a folder.

    Args:
        old: What Airflow has.
        new: What it gets.
        now: The moment at which Airflow gets it.
        environment: The only environment to compare; all by default, and the configuration without one.
    """
    wanted = (
        (environment,) if environment is not None else (None, *sorted({*old.environments, *new.environments}))
    )
    both = tuple(
        each for each in wanted if each is None or (each in old.environments and each in new.environments)
    )
    found: dict[Environment, list[Consequence]] = {}
    errors: tuple[list[Diagnostic], list[Diagnostic]] = ([], [])
    resolved_old, resolved_new = _resolved(old, environment), _resolved(new, environment)
    for each in both:
        before = side_of(resolved_old[each], is_old=True)
        after = side_of(resolved_new[each], is_old=False)
        needs = of_needs(resolved_old[each], resolved_new[each])
        found[each] = [*_between(before, after, now), *needs]
        errors[0].extend(before.errors)
        errors[1].extend(after.errors)
    consequences = map(_without_secrets, (*_together(found), *_of_environments(old, new, wanted)))
    return Plan(
        consequences=tuple(sorted(consequences, key=lambda each: each.order)),
        environments=both,
        old_errors=tuple(sort_unique(errors[0])),
        new_errors=tuple(sort_unique(errors[1])),
    )


def _without_secrets(consequence: Consequence) -> Consequence:
    """Hide what looks like a secret: names of all kinds come from files, also from the old revision."""
    details = tuple(map(redacted, consequence.details))
    return replace(consequence, text=redacted(consequence.text), details=details)


def _resolved(tree: ConfigTree, environment: Environment) -> Mapping[Environment, Resolution]:
    """Resolve a revision in one environment, or in each that it has."""
    if environment is not None:
        return {environment: resolve_tree(tree, environment)}
    every = (None, *tree.environments)
    return dict(zip(every, resolve_tree_everywhere(tree), strict=True))


def _between(old: Side, new: Side, now: datetime) -> Iterator[Consequence]:
    """Compare one environment."""
    pairs = pairs_of(old, new)
    for before, after in pairs.kept:
        yield from _of_kept(before, after, now)
    for before, after in pairs.renamed:
        yield from of_renamed(before, after, now)
        if before.dag.enabled and after.dag.enabled:
            yield from of_settings(before, after)
    for member in pairs.added:
        yield from of_added(member, now, is_known=old.error_of(member) is not None)
    for member in pairs.removed:
        yield from of_removed(member, new)
    yield from of_unreached(old, new, now)
    yield from of_inactive(old, new)
    yield from of_triggers(old, new)
    yield from of_load(old, new, now)


def _of_kept(old: Member, new: Member, now: datetime) -> Iterator[Consequence]:
    if old.dag == new.dag or not (old.dag.enabled or new.dag.enabled):
        return
    if old.dag.enabled != new.dag.enabled:
        yield from of_enabled(old, new, now)
        return
    yield from of_times(old, new, now)
    yield from of_tasks(old, new)
    yield from of_connections(old, new)
    yield from of_settings(old, new)


def _together(found: Mapping[Environment, Iterable[Consequence]]) -> Iterator[Consequence]:
    """Yield each consequence once, with the environments in which it happens unless it happens in all."""
    by_consequence: dict[Consequence, list[Environment]] = {}
    for environment, consequences in found.items():
        for each in dict.fromkeys(consequences):
            by_consequence.setdefault(each, []).append(environment)
    for each, environments in by_consequence.items():
        is_in_all = len(environments) == len(found)
        yield each if is_in_all else replace(each, environments=tuple(environments))


def _of_environments(
    old: ConfigTree, new: ConfigTree, wanted: Iterable[Environment]
) -> Iterator[Consequence]:
    """Yield the environments that only one revision has."""
    for name in wanted:
        if name is None:
            continue
        if name not in old.environments and name in new.environments:
            count = len(new.layered)
            text = f"the environment '{name}' is new, with {count} {'DAG' if count == 1 else 'DAGs'}"
            yield Consequence(kind="environment-added", dag_id=None, text=text)
        if name in old.environments and name not in new.environments:
            text = f"an Airflow with DAG_FACTORY_ENV={name} makes no DAG any more"
            yield Consequence(kind="environment-gone", dag_id=None, text=text)
