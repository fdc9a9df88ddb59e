"""From a folder of configuration files to DAGs and diagnostics: the entry point of `config`.

Files are read into a tree, the tree gives drafts, rules judge the drafts, and valid drafts become DAGs.
Nothing is printed, logged or raised for a user's mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from dag_factory.config.boundary import attempt, one_of_each_file
from dag_factory.config.diagnostics import Diagnostic, has_errors, sort_unique
from dag_factory.config.files import ConfigFile, Listing, list_below_top, list_files
from dag_factory.config.ignores import by_key, is_ignored, unused_ignores, without_ignored
from dag_factory.config.limits import Limits
from dag_factory.config.model.dag import Dag, dag_from
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.rule_runner import of_all_dags, of_dag, run_rules
from dag_factory.config.rules.defaults import (
    check_unused_defaults,
    report_unused_default_keys,
    unused_default_keys,
)
from dag_factory.config.rules.registry import DagRule, Rules, rules_of_loading, rules_of_validation
from dag_factory.config.rules.snapshots import check_snapshots, check_unsynced, used_by
from dag_factory.config.secrets import Secret, hide_secrets, without_secrets
from dag_factory.config.snapshot.snapshots import snapshots_beside
from dag_factory.config.tree import ConfigTree, file_holds, read_tree

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The DAGs of a folder in one environment, and what keeps others from being made.

    `environments` are all that its files declare.
    """

    dags: tuple[Dag, ...]
    diagnostics: tuple[Diagnostic, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The drafts of all DAGs of a folder, also of those that cannot be made, and its files."""

    drafts: tuple[DraftDag, ...]
    project: Project
    files: tuple[ConfigFile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What is wrong in the files that were asked for, by name, in any environment.

    `snapshots` are the files of snapshots that they use, also those that cannot be read.
    """

    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    snapshots: tuple[str, ...] = ()


def load_project(root: Path, environment: str | None) -> Project:
    """Read a whole folder as it is in one environment, with the defaults above it."""
    return _loaded(read_tree(list_below_top(root), snapshots_beside(root)), environment)


def load_every_environment(root: Path) -> Iterator[Project]:
    """Read a whole folder once; yield it without an environment, and in each one that it declares."""
    tree = read_tree(list_below_top(root), snapshots_beside(root))
    return (_loaded(tree, environment) for environment in (None, *tree.environments))


def resolve_project(root: Path, environment: str | None) -> Resolution:
    """Read a whole folder as `load_project` does, and keep the drafts."""
    return resolve_tree(read_tree(list_below_top(root), snapshots_beside(root)), environment)


def resolve_every_environment(root: Path) -> Iterator[Resolution]:
    """Read a whole folder once; yield it without an environment, and in each one that it declares.

    What an environment does not change are the same drafts and DAGs as without an environment.
    """
    return resolve_tree_everywhere(read_tree(list_below_top(root), snapshots_beside(root)))


def resolve_tree_everywhere(tree: ConfigTree) -> Iterator[Resolution]:
    """Resolve a folder that has been read as `resolve_every_environment` does."""
    base, known = tree.drafts(None), dict[DraftDag, _Judged]()
    for environment in (None, *tree.environments):
        drafts = base if environment is None else tree.drafts(environment, base)
        resolved, judged = _resolved(tree, drafts, known)
        known = known or judged
        yield resolved


def resolve_tree(tree: ConfigTree, environment: str | None) -> Resolution:
    """Resolve a folder that has been read, in one environment."""
    resolved, _ = _resolved(tree, tree.drafts(environment), {})
    return resolved


def load_dag(root: Path, environment: str | None, dag_id: str) -> Dag | None:
    """Read one DAG alone, as a task start needs it; None if no file makes it.

    The same document is found as in `load_project`: the one in the file that has the DAG's name, else one
    of those whose text holds the id.
    """
    snapshots = snapshots_beside(root, is_for_one_dag=True)
    for listing, files in _files_that_may_hold(root, dag_id):
        tree = read_tree(listing, snapshots, files)
        drafts, _ = _split(tree.drafts(environment))
        dags, _ = _typed_dags(_judged(drafts, tree, {}), tree)
        for dag in dags:
            if dag.dag_id == dag_id:
                return dag
    return None


def validate_project(
    root: Path,
    name: str,
    environment: str | None,
    wanted: Callable[[ConfigFile], bool],
    today: date | None = None,
    watch: Callable[[Sequence[ConfigFile]], Iterable[ConfigFile]] = iter,
    *,
    notifier_prefixes: tuple[str, ...] | None = None,
) -> Findings:
    """Read the wanted files of a folder and check them in every environment that is declared.

    A mistake that shows only in some environments names the first of them.

    Args:
        root: The folder.
        name: How diagnostics name it.
        environment: The value of DAG_FACTORY_ENV; reported if no file declares it.
        wanted: Whether a file is asked for.
        today: The day that dates are compared with; without it none is.
        watch: Wraps the list of files; yields each of them and may report progress.
        notifier_prefixes: What the import paths of notifiers have to begin with; None allows all.
    """
    listing = list_files(root, name)
    snapshots = snapshots_beside(root, name)
    tree = read_tree(listing, snapshots, [file for file in listing.files if wanted(file)], watch)
    found = [*tree.diagnostics, *tree.unknown_environment(environment)]
    is_whole = tree.is_whole and not has_errors(found)
    rules = rules_of_validation(
        unread=tree.unread,
        is_whole=is_whole,
        today=today,
        notifier_prefixes=notifier_prefixes,
        snapshots=snapshots,
    )
    limits, base = Limits(by_key(tree.ignores)), tree.drafts(None)
    found += _of_folder(name, lambda: check_unused_defaults(tree.defaults, listing.files))
    found += _of_environments(tree, base, rules, limits)
    used = used_by(_in_every_environment(tree, base), snapshots)
    found += _of_folder(name, lambda: check_snapshots(snapshots, used))
    shown = _shown(found, tree)
    if tree.is_whole and not has_errors(shown) and not limits.is_cut:
        # Else what a default, a connection or a comment is about may be in what was not checked.
        found += _of_folder(name, lambda: _unused_default_keys(tree, base))
        found += _of_folder(name, lambda: check_unsynced(snapshots, used))
        unused = _of_folder(name, lambda: unused_ignores(found, by_key(tree.ignores)))
        shown = [*_shown(found, tree), *map(without_secrets, unused)]
    return Findings(
        diagnostics=sort_unique(shown),
        files=tuple(file.name for file in tree.files),
        snapshots=tuple(used),
    )


def _loaded(tree: ConfigTree, environment: str | None) -> Project:
    unknown = tree.unknown_environment(environment)
    # With the wrong environment a DAG would do the wrong thing: none is made.
    drafts, failed = _split([] if unknown else tree.drafts(environment))
    dags, found = _typed_dags(_judged(drafts, tree, {}), tree)
    return _project(tree, dags, [*unknown, *failed, *found])


def _of_environments(
    tree: ConfigTree, base: Sequence[DraftDag | Diagnostic], rules: Rules, limits: Limits
) -> list[Diagnostic]:
    """Find what is wrong in each environment, and what looks like a secret in any."""
    found = [
        each
        for environment in (None, *tree.environments)
        for each in _of_environment(tree, base, environment, rules, limits)
    ]
    secrets = (secret.diagnostic for secret in tree.secrets)
    return [*found, *(secret for secret in secrets if limits.admit(Secret, secret.file, secret))]


def _of_environment(
    tree: ConfigTree,
    base: Sequence[DraftDag | Diagnostic],
    environment: str | None,
    rules: Rules,
    limits: Limits,
) -> list[Diagnostic]:
    """Find what is wrong in one environment; DAGs that it does not change are not checked again."""
    drafts, found = _split(base if environment is None else tree.drafts(environment, base))
    changed = {
        each.document for each in tree.layered if environment is None or environment in each.environments
    }
    found += (diagnostic for _, diagnostic in run_rules(rules, drafts, limits, changed))
    return [replace(diagnostic, environment=environment) for diagnostic in found]


def _unused_default_keys(tree: ConfigTree, base: Sequence[DraftDag | Diagnostic]) -> Iterable[Diagnostic]:
    applied = dict.fromkeys(document for each in tree.layered for document in each.defaults)
    unused = unused_default_keys(applied, _in_every_environment(tree, base))
    # The drafts are made again where that is needed: all of them together would take much memory.
    return report_unused_default_keys(unused, _in_every_environment(tree, base)) if unused else ()


def _in_every_environment(tree: ConfigTree, base: Sequence[DraftDag | Diagnostic]) -> Iterator[DraftDag]:
    """Yield each DAG, and again for each environment that changes it."""
    yield from _split(base)[0]
    for environment in tree.environments:
        drafts = tree.drafts(environment, base)
        changed = [draft for draft, plain in zip(drafts, base, strict=True) if draft is not plain]
        yield from _split(changed)[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """What the rules about one DAG find in a draft, and its DAG if they do not hold it back."""

    found: tuple[Diagnostic, ...]
    dag: Dag | Diagnostic | None


def _resolved(
    tree: ConfigTree, each: Sequence[DraftDag | Diagnostic], known: Mapping[DraftDag, _Judged]
) -> tuple[Resolution, dict[DraftDag, _Judged]]:
    """Resolve the drafts of one environment; those that are known are not judged again."""
    drafts, failed = _split(each)
    judged = _judged(drafts, tree, known)
    dags, found = _typed_dags(judged, tree)
    project = _project(tree, dags, [*failed, *found])
    return Resolution(drafts=tuple(drafts), project=project, files=tree.files), judged


def _judged(
    drafts: Sequence[DraftDag], tree: ConfigTree, known: Mapping[DraftDag, _Judged]
) -> dict[DraftDag, _Judged]:
    rules, limits = rules_of_loading(tree.unread).of_one, Limits()
    return {draft: known.get(draft) or _judge(draft, rules, limits) for draft in drafts}


def _judge(draft: DraftDag, rules: Sequence[DagRule], limits: Limits) -> _Judged:
    found = tuple(of_dag(rules, draft, limits))
    is_valid = draft.is_valid and not has_errors(found)
    return _Judged(found=found, dag=_typed_dag(draft) if is_valid else None)


def _typed_dags(
    judged: Mapping[DraftDag, _Judged], tree: ConfigTree
) -> tuple[tuple[Dag, ...], list[Diagnostic]]:
    """Return the DAGs that no rule holds back, and report what the rules found."""
    limits, drafts = Limits(), list(judged)
    of_all = rules_of_loading(tree.unread).of_all
    together = [pair for rule in of_all for pair in of_all_dags(rule, drafts, limits)]
    held_back = {draft for draft, diagnostic in together if has_errors([diagnostic])}
    made = (each.dag for draft, each in judged.items() if draft not in held_back)
    dags, failed = _split(dag for dag in made if dag is not None)
    alone = (diagnostic for each in judged.values() for diagnostic in each.found)
    return tuple(dags), [*alone, *(diagnostic for _, diagnostic in together), *failed]


def _typed_dag(draft: DraftDag) -> Dag | Diagnostic:
    return attempt(draft.document.file.name, lambda: dag_from(draft))


def _split(each: Iterable[T | Diagnostic]) -> tuple[list[T], list[Diagnostic]]:
    """Split a list into results and the diagnostics of those that failed."""
    all_of_it = list(each)
    made = [one for one in all_of_it if not isinstance(one, Diagnostic)]
    return made, [one for one in all_of_it if isinstance(one, Diagnostic)]


def _of_folder(name: str, find: Callable[[], Iterable[Diagnostic]]) -> list[Diagnostic]:
    """Run a check of the whole folder; if it raises, report that at the folder."""
    found = attempt(name, lambda: list(find()))
    return [found] if isinstance(found, Diagnostic) else found


def _project(tree: ConfigTree, dags: tuple[Dag, ...], found: Iterable[Diagnostic]) -> Project:
    diagnostics = sort_unique(_shown([*tree.diagnostics, *found], tree))
    return Project(dags=dags, diagnostics=diagnostics, environments=tree.environments)


def _shown(found: Iterable[Diagnostic], tree: ConfigTree) -> list[Diagnostic]:
    """Leave out what would show a secret, and what comments ask to ignore.

    A secret alone keeps no DAG from being made: only `validate` reports it.
    """
    ignores = by_key(tree.ignores)
    secrets = [each for each in tree.secrets if not is_ignored(each.diagnostic, ignores)]
    return one_of_each_file(without_ignored(hide_secrets(found, secrets), ignores))


def _files_that_may_hold(root: Path, dag_id: str) -> Iterator[tuple[Listing, Sequence[ConfigFile]]]:
    """Yield the file that has the DAG's name, then all whose text holds the id; each with its listing."""
    short = list_below_top(root, stem=dag_id)
    named = [file for file in short.files if file.stem == dag_id]
    if named:
        yield short, named
    whole = list_below_top(root)
    wanted = dag_id.encode("utf-8", "surrogatepass")
    files = [file for file in whole.files if not file.is_defaults]
    yield whole, [file for file in files if file in named or file_holds(file.path, wanted)]
