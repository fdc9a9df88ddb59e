"""A folder of configuration files as one value: what was read, and the drafts of its DAGs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from dag_factory.config.boundary import attempt
from dag_factory.config.checked_files import CheckedFile, check_dags, check_defaults
from dag_factory.config.diagnostics import Diagnostic, Span, has_errors
from dag_factory.config.files import DEFAULTS_STEM, ENDINGS, ConfigFile, Listing, defaults_above
from dag_factory.config.ignores import Ignore
from dag_factory.config.model.draft import DraftDag, draft_from
from dag_factory.config.model.layers import MergedDefaults, declared_environments
from dag_factory.config.secrets import Secret
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.config.text.suggestions import SearchLimit, did_you_mean
from dag_factory.config.yaml.document import Document
from dag_factory.config.yaml.file_bytes import read_bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Layered:
    """A document and the defaults that apply to it, the top folder's first."""

    document: Document
    defaults: tuple[Document, ...]
    file_stem: str
    snapshots: Snapshots

    @property
    def environments(self) -> frozenset[str]:
        """The environments that change something about this DAG, or that have their own Airbyte."""
        layers = (*self.defaults, self.document)
        declared = {name for layer in layers for name in declared_environments(layer)}
        return self.snapshots.environments.union(declared)

    def draft(self, environment: str | None, shared: MergedDefaults) -> DraftDag | Diagnostic:
        """Lay the layers over each other; where that fails, a diagnostic takes the draft's place."""
        name = self.document.file.name
        return attempt(
            name,
            lambda: draft_from(
                self.document, self.defaults, environment, self.file_stem, shared, self.snapshots
            ),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfigTree:
    """The files of a folder that were asked for, with the defaults above them, checked against the schema.

    `layered` leaves out the documents whose defaults have an error: their merged values are unknown.
    """

    listing: Listing
    files: tuple[ConfigFile, ...]
    checked: tuple[CheckedFile, ...]
    layered: tuple[Layered, ...]
    snapshots: Snapshots

    @property
    def is_whole(self) -> bool:
        """Whether every file of the folder was asked for."""
        return len(self.files) == len(self.listing.files)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the folder and with each file, before any rule."""
        return [*self.listing.diagnostics, *(each for file in self.checked for each in file.diagnostics)]

    @functools.cached_property
    def environments(self) -> tuple[str, ...]:
        """The environments that the files declare or that have their own snapshots, in order."""
        documents = (document for file in self.checked for document in file.documents)
        declared = {name for document in documents for name in declared_environments(document)}
        return tuple(sorted(self.snapshots.environments | declared))

    @functools.cached_property
    def secrets(self) -> tuple[Secret, ...]:
        """What looks like a secret."""
        return tuple(secret for file in self.checked for secret in file.secrets)

    @functools.cached_property
    def ignores(self) -> tuple[Ignore, ...]:
        """What comments ask to ignore."""
        return tuple(ignore for file in self.checked for ignore in file.ignores)

    @functools.cached_property
    def defaults(self) -> tuple[Document, ...]:
        """The files of defaults."""
        files = (file for file in self.checked if file.file.is_defaults)
        return tuple(document for file in files for document in file.documents)

    @functools.cached_property
    def unread(self) -> Mapping[str, str]:
        """The files without a document, by their names without folder and extension."""
        files = (file.file for file in self.checked if not file.file.is_defaults and not file.documents)
        return {file.stem: file.name for file in files}

    def drafts(
        self, environment: str | None, base: Sequence[DraftDag | Diagnostic] = ()
    ) -> list[DraftDag | Diagnostic]:
        """Make the draft of each DAG in an environment, or a diagnostic where that fails.

        `base` are the drafts without an environment: those that this one does not change are taken from it.
        """
        shared = MergedDefaults()
        if not base:
            return [each.draft(environment, shared) for each in self.layered]
        return [
            each.draft(environment, shared) if environment in each.environments else plain
            for each, plain in zip(self.layered, base, strict=True)
        ]

    def unknown_environment(self, environment: str | None) -> list[Diagnostic]:
        """Report an environment that no file declares, unless one with an error may mean to do so."""
        if environment is None or environment in self.environments:
            return []
        wanted = environment.encode("utf-8", "surrogatepass")
        if any(file_holds(file.file.path, wanted) for file in self.checked if not file.is_valid):
            return []
        return [_unknown_environment(self.listing.name, environment, self.environments)]


def read_tree(
    listing: Listing,
    snapshots: Snapshots,
    files: Sequence[ConfigFile] | None = None,
    watch: Callable[[Sequence[ConfigFile]], Iterable[ConfigFile]] = iter,
    known: Mapping[str, CheckedFile] = MappingProxyType({}),
) -> ConfigTree:
    """Check files and the defaults that apply to them.

    Args:
        listing: All files of the folder.
        snapshots: Those in which the names of connections are looked up.
        files: Those that are asked for; all by default.
        watch: Wraps the list of files; yields each of them and may report progress.
        known: Files by name that have been checked already, and are not read.
    """
    files = listing.files if files is None else files
    by_folder = {file.folder: file for file in listing.files if file.is_defaults}
    above = {file.name: defaults_above(file, by_folder) for file in files if not file.is_defaults}
    needed = {each.name: each for chain in above.values() for each in chain}
    needed |= {file.name: file for file in files if file.is_defaults}
    defaults = {name: known.get(name) or _checked(file, check_defaults) for name, file in needed.items()}
    checked = [
        known.get(file.name) or _checked(file, check_dags) for file in watch(files) if not file.is_defaults
    ]
    lacking = _without_defaults(listing)
    layered = (
        each
        for file in checked
        if not file.file.name.startswith(lacking)
        for each in _layered(file, [defaults[chain.name] for chain in above[file.file.name]], snapshots)
    )
    return ConfigTree(
        listing=listing,
        files=tuple(files),
        checked=(*defaults.values(), *checked),
        layered=tuple(layered),
        snapshots=snapshots,
    )


def file_holds(path: Path, wanted: bytes) -> bool:
    """Whether a file contains these bytes; false if it cannot be read."""
    try:
        return wanted in (read_bytes(path) or b"")
    except (OSError, ValueError):  # reported when the whole folder is read
        return False


def _checked(file: ConfigFile, check: Callable[[ConfigFile], CheckedFile]) -> CheckedFile:
    checked = attempt(file.name, lambda: check(file))
    if isinstance(checked, Diagnostic):
        return CheckedFile(file=file, documents=(), diagnostics=(checked,))
    return checked


def _layered(file: CheckedFile, defaults: Sequence[CheckedFile], snapshots: Snapshots) -> Iterator[Layered]:
    if any(has_errors(each.diagnostics) for each in defaults):
        return
    layers = tuple(document for each in defaults for document in each.documents)
    for document in file.documents:
        yield Layered(document=document, defaults=layers, file_stem=file.file.stem, snapshots=snapshots)


def _without_defaults(listing: Listing) -> tuple[str, ...]:
    """Return the beginnings of the names of files whose defaults cannot be read, such as a bad link."""
    unread = (PurePosixPath(each.file) for each in listing.diagnostics)
    # In capitals too: the listing reports such a file, whose author meant defaults.
    folders = (
        path.parent
        for path in unread
        if path.stem.lower() == DEFAULTS_STEM and path.suffix.lower() in ENDINGS
    )
    return tuple("" if folder == PurePosixPath(".") else f"{folder}/" for folder in folders)


def _unknown_environment(name: str, environment: str, declared: Sequence[str]) -> Diagnostic:
    """Create the diagnostic at the folder, since the variable is in no file."""
    known = f"the declared environments are: {', '.join(declared)}" if declared else "no file declares one"
    message = f"DAG_FACTORY_ENV names the environment '{environment}', but {known}"
    hint = did_you_mean(environment, declared, SearchLimit()) or "correct the variable"
    hint += "; to declare an environment, write it under 'environments' in a file"
    return Diagnostic(file=name, span=Span(), code="unknown-environment", message=message, help=hint)
