"""A folder of configuration files, read, checked, resolved and typed: the whole way, as one value.

Data flows one way: files, documents that fit the schema, resolved DAGs, rules, typed DAGs. Nothing is
printed, logged or raised for a user's mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TypeVar

from dag_factory.config.boundary import attempt, one_of_each_file
from dag_factory.config.checked_files import CheckedFile, check_dags, check_defaults
from dag_factory.config.diagnostics import Diagnostic, has_errors, sort_unique
from dag_factory.config.files import (
    DEFAULTS_STEM,
    ENDINGS,
    ConfigFile,
    Listing,
    defaults_above,
    list_below_top,
    list_files,
)
from dag_factory.config.limits import Told
from dag_factory.config.model.dag import Dag, dag_from
from dag_factory.config.model.draft import DraftDag, draft_from
from dag_factory.config.model.layers import declared_environments
from dag_factory.config.rules.dag_ids import unknown_environment
from dag_factory.config.rules.defaults import check_unused_default_keys, check_unused_defaults
from dag_factory.config.rules.registry import DAG_RULES, PROJECT_RULES, Rules
from dag_factory.config.rules.runner import of_all_dags, of_dag
from dag_factory.config.secrets import hide_secrets, without_secrets
from dag_factory.config.suppressions import Ignore, by_key, is_hidden, unused_ignores, without_hidden
from dag_factory.config.yaml.document import Document
from dag_factory.config.yaml.file_bytes import read_bytes

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The DAGs that a folder holds in one environment, and what keeps others from being made.

    `environments` are all that its files declare.
    """

    dags: tuple[Dag, ...]
    diagnostics: tuple[Diagnostic, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """All DAGs of a folder before they are typed, also those that cannot be made, and its files."""

    resolved: tuple[DraftDag, ...]
    project: Project
    files: tuple[ConfigFile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What is wrong in the files that were asked for, by name, in any environment."""

    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layered:
    """A document and the defaults that apply to it, the top folder's first."""

    document: Document
    defaults: tuple[Document, ...]
    file_stem: str

    @property
    def environments(self) -> frozenset[str]:
        """The environments that change something about this DAG."""
        layers = (*self.defaults, self.document)
        return frozenset(name for layer in layers for name in declared_environments(layer))


def load_project(root: Path, environment: str | None) -> Project:
    """Read a whole folder as it is in one environment, with the defaults above it."""
    listing = list_below_top(root)
    checked, layered = _check_files(listing, listing.files)
    declared = _declared(checked)
    unknown = _unknown_environment(listing.name, environment, declared, checked)
    # With the wrong environment a DAG would do the wrong thing: none is made.
    resolved, failed = _resolved([] if unknown else layered, environment)
    dags, found = _typed(resolved)
    found = [*listing.diagnostics, *unknown, *_of_files(checked), *failed, *found]
    return Project(dags=dags, diagnostics=sort_unique(_told(found, checked)), environments=declared)


def resolve_project(root: Path, environment: str | None) -> Resolution:
    """Read a whole folder as `load_project` does, and keep where each value stands; slower, for people."""
    listing = list_below_top(root)
    checked, layered = _check_files(listing, listing.files)
    resolved, failed = _resolved(layered, environment)
    dags, found = _typed(resolved)
    diagnostics = sort_unique(_told([*listing.diagnostics, *_of_files(checked), *failed, *found], checked))
    project = Project(dags=dags, diagnostics=diagnostics, environments=_declared(checked))
    return Resolution(resolved=tuple(resolved), project=project, files=listing.files)


def load_dag(root: Path, environment: str | None, dag_id: str) -> Dag | None:
    """Read one DAG alone, as a task start needs it; None if no file makes it.

    The same document is found as in `load_project`: the one in the file that has the DAG's name, else one
    of those whose text holds the id.
    """
    for listing, files in _files_that_may_hold(root, dag_id):
        _, layered = _check_files(listing, files)
        resolved, _ = _resolved(layered, environment)
        dags, _ = _typed(resolved)
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

    A mistake that shows only in some environments names the first of them. `environment` is the one that
    DAG_FACTORY_ENV names, which has to be declared. Without `today` no date is compared with the present.
    `watch` may look on while file after file is read. `notifier_prefixes` are what the import paths of
    notifiers have to begin with; None allows all.
    """
    listing = list_files(root, name)
    files = [file for file in listing.files if wanted(file)]
    checked, layered = _check_files(listing, files, watch)
    declared = _declared(checked)
    found = [
        *listing.diagnostics,
        *_of_files(checked),
        *_unknown_environment(name, environment, declared, checked),
    ]
    is_whole = len(files) == len(listing.files) and not has_errors(found)
    rules = Rules(is_whole=is_whole, today=today, notifier_prefixes=notifier_prefixes)
    found += _of_folder(name, lambda: check_unused_defaults(_defaults(checked), listing.files))
    base = [_resolve(each, None) for each in layered]
    enough = Told()
    for selected in (None, *declared):
        found += _environment_diagnostics(layered, base, selected, rules, enough)
    found += [secret.diagnostic for file in checked for secret in file.secrets]
    told = _told(found, checked)
    if len(files) == len(listing.files) and not has_errors(told) and not enough.is_cut:
        # Else what a default or an ignore is about may lie in what has not been looked at.
        found += _of_folder(name, lambda: _unused_default_keys(layered, base, declared))
        unused = _of_folder(name, lambda: unused_ignores(found, by_key(_ignores(checked))))
        told = [*_told(found, checked), *map(without_secrets, unused)]
    return Findings(diagnostics=sort_unique(told), files=tuple(file.name for file in files))


def _check_files(
    listing: Listing,
    files: Sequence[ConfigFile],
    watch: Callable[[Sequence[ConfigFile]], Iterable[ConfigFile]] = iter,
) -> tuple[list[CheckedFile], list[Layered]]:
    """Check files and the defaults that apply to them; defaults that are wrong hold back all below them."""
    by_folder = {file.folder: file for file in listing.files if file.is_defaults}
    above = {file.name: defaults_above(file, by_folder) for file in files if not file.is_defaults}
    needed = {each.name: each for chain in above.values() for each in chain}
    needed |= {file.name: file for file in files if file.is_defaults}
    defaults = {name: _checked(file, check_defaults) for name, file in needed.items()}
    checked = [_checked(file, check_dags) for file in watch(files) if not file.is_defaults]
    lacking = _without_defaults(listing)
    layered = [
        each
        for file in checked
        if not file.file.name.startswith(lacking)
        for each in _layered(file, [defaults[chain.name] for chain in above[file.file.name]])
    ]
    return [*defaults.values(), *checked], layered


def _without_defaults(listing: Listing) -> tuple[str, ...]:
    """Give the beginnings of the names of files whose defaults cannot be read, such as a bad link."""
    unread = (PurePosixPath(each.file) for each in listing.diagnostics)
    # In capitals too: the listing reports such a file, whose author meant defaults.
    folders = (
        path.parent
        for path in unread
        if path.stem.lower() == DEFAULTS_STEM and path.suffix.lower() in ENDINGS
    )
    return tuple("" if folder == PurePosixPath(".") else f"{folder}/" for folder in folders)


def _unknown_environment(
    name: str, environment: str | None, declared: Sequence[str], checked: Sequence[CheckedFile]
) -> list[Diagnostic]:
    """Report an environment that no file declares, unless one that cannot be read may do so."""
    wanted = (environment or "").encode("utf-8", "surrogatepass")
    unread = (
        file for file in checked if not file.documents or not all(each.is_complete for each in file.documents)
    )
    unknown = unknown_environment(name, environment, declared)
    return [] if unknown and any(_holds(file.file.path, wanted) for file in unread) else unknown


def _checked(file: ConfigFile, check: Callable[[ConfigFile], CheckedFile]) -> CheckedFile:
    checked = attempt(file.name, lambda: check(file))
    if isinstance(checked, Diagnostic):
        return CheckedFile(file=file, documents=(), diagnostics=(checked,))
    return checked


def _layered(file: CheckedFile, defaults: Sequence[CheckedFile]) -> Iterator[Layered]:
    if any(has_errors(each.diagnostics) for each in defaults):
        return
    layers = tuple(document for each in defaults for document in each.documents)
    for document in file.documents:
        yield Layered(document=document, defaults=layers, file_stem=file.file.stem)


def _resolve(layered: Layered, environment: str | None) -> DraftDag | Diagnostic:
    document = layered.document
    return attempt(
        document.file.name, lambda: draft_from(document, layered.defaults, environment, layered.file_stem)
    )


def _resolved(layered: Sequence[Layered], environment: str | None) -> tuple[list[DraftDag], list[Diagnostic]]:
    """Resolve each DAG; give those that could be, and what is told of the others."""
    return _parted([_resolve(each, environment) for each in layered])


def _parted(each: Iterable[T | Diagnostic]) -> tuple[list[T], list[Diagnostic]]:
    """Part what could be made from what is told in place of the rest."""
    all_of_it = list(each)
    made = [one for one in all_of_it if not isinstance(one, Diagnostic)]
    return made, [one for one in all_of_it if isinstance(one, Diagnostic)]


def _of_folder(name: str, find: Callable[[], Iterable[Diagnostic]]) -> list[Diagnostic]:
    """Look for what concerns no single file; where that fails, the folder stands for it."""
    found = attempt(name, lambda: list(find()))
    return [found] if isinstance(found, Diagnostic) else found


def _unused_default_keys(
    layered: Sequence[Layered], base: Sequence[DraftDag | Diagnostic], declared: Sequence[str]
) -> Iterator[Diagnostic]:
    def in_all_environments() -> Iterator[DraftDag]:
        yield from _parted(base)[0]
        for environment in declared:
            changed = [each for each in layered if environment in each.environments]
            yield from _resolved(changed, environment)[0]

    applied = dict.fromkeys(document for each in layered for document in each.defaults)
    return check_unused_default_keys(applied, in_all_environments)


def _environment_diagnostics(
    layered: Sequence[Layered],
    base: Sequence[DraftDag | Diagnostic],
    selected: str | None,
    rules: Rules,
    enough: Told,
) -> list[Diagnostic]:
    """Find what is wrong in one environment; DAGs that it does not change are not checked again."""
    changed = [selected is None or selected in each.environments for each in layered]
    dags, found = _parted(
        _resolve(each, selected) if differs and selected is not None else plain
        for each, plain, differs in zip(layered, base, changed, strict=True)
    )
    documents = {each.document for each, differs in zip(layered, changed, strict=True) if differs}
    for dag in dags:
        if dag.document in documents:
            found += of_dag((*DAG_RULES, rules.dated, rules.notifiers), dag, enough)
    for project_rule in rules.of_projects:
        found += (diagnostic for _, diagnostic in of_all_dags(project_rule, dags, enough))
    return [replace(diagnostic, environment=selected) for diagnostic in found]


def _typed(resolved: Sequence[DraftDag]) -> tuple[tuple[Dag, ...], list[Diagnostic]]:
    """Type the DAGs that no rule holds back, and tell what the rules found."""
    enough = Told()
    found = [(dag, diagnostic) for dag in resolved for diagnostic in of_dag(DAG_RULES, dag, enough)]
    found += [pair for rule in PROJECT_RULES for pair in of_all_dags(rule, resolved, enough)]
    held_back = {id(dag) for dag, diagnostic in found if has_errors([diagnostic])}
    sound = [dag for dag in resolved if dag.is_valid and id(dag) not in held_back]
    dags, failed = _parted(_typed_one(dag) for dag in sound)
    return tuple(dags), [*(diagnostic for _, diagnostic in found), *failed]


def _typed_one(dag: DraftDag) -> Dag | Diagnostic:
    return attempt(dag.document.file.name, lambda: dag_from(dag))


def _of_files(checked: Sequence[CheckedFile]) -> list[Diagnostic]:
    return [diagnostic for file in checked for diagnostic in file.diagnostics]


def _told(found: Iterable[Diagnostic], checked: Sequence[CheckedFile]) -> list[Diagnostic]:
    """Leave out what would show a secret, and what comments ask to ignore.

    A secret alone keeps no DAG from being made: it is for `validate` to tell.
    """
    ignores = by_key(_ignores(checked))
    secrets = [each for file in checked for each in file.secrets if not is_hidden(each.diagnostic, ignores)]
    return one_of_each_file(without_hidden(hide_secrets(found, secrets), ignores))


def _ignores(checked: Sequence[CheckedFile]) -> list[Ignore]:
    return [ignore for file in checked for ignore in file.ignores]


def _defaults(checked: Sequence[CheckedFile]) -> list[Document]:
    return [document for file in checked if file.file.is_defaults for document in file.documents]


def _declared(checked: Sequence[CheckedFile]) -> tuple[str, ...]:
    names = {
        name for file in checked for document in file.documents for name in declared_environments(document)
    }
    return tuple(sorted(names))


def _files_that_may_hold(root: Path, dag_id: str) -> Iterator[tuple[Listing, Sequence[ConfigFile]]]:
    """Yield the file that has the DAG's name, then all whose text holds the id; each with its listing."""
    short = list_below_top(root, stem=dag_id)
    named = [file for file in short.files if file.stem == dag_id]
    if named:
        yield short, named
    whole = list_below_top(root)
    wanted = dag_id.encode("utf-8", "surrogatepass")
    yield (
        whole,
        [
            file
            for file in whole.files
            if not file.is_defaults and (file in named or _holds(file.path, wanted))
        ],
    )


def _holds(path: Path, wanted: bytes) -> bool:
    try:
        return wanted in (read_bytes(path) or b"")
    except (OSError, ValueError):  # reported when the whole folder is read
        return False
