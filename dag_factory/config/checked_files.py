"""Single files, read and checked against the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Span
from dag_factory.config.files import ConfigFile
from dag_factory.config.ignores import Ignore
from dag_factory.config.model.layers import declared_environments
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, check_schema
from dag_factory.config.schema.invalid_values import without_invalid
from dag_factory.config.secrets import Secret, find_secrets
from dag_factory.config.yaml.document import Document, Location, Source, read_source

# In one file; the schema has the same limit for one document.
MAX_ENVIRONMENTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """A file's documents without their invalid values, and the diagnostics.

    `ignores` are the warnings that comments suppress.
    """

    file: ConfigFile
    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]
    secrets: tuple[Secret, ...] = ()
    ignores: tuple[Ignore, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the file could be read, and nothing is wrong with it so far."""
        return bool(self.documents) and all(each.is_complete and each.is_valid for each in self.documents)


def check_file(file: ConfigFile, schema: str) -> CheckedFile:
    """Read a file and check its documents against the schema."""
    source = read_source(file.path, file.name)
    if not source.documents and not source.diagnostics:
        return CheckedFile(file=file, documents=(), diagnostics=(_empty(file),))
    checked = list(_check_documents(source.documents, schema))
    named = len(source.documents) > 1 and schema == DAG_SCHEMA
    pairs = list(_few_environments([_check_named(*each) if named else each for each in checked]))
    found = _foreign_once([diagnostic for _, diagnostics in pairs for diagnostic in diagnostics])
    ignores, faults = _ignores(source)
    return CheckedFile(
        file=file,
        documents=tuple(_held_back(each, faults) for each, _ in pairs if isinstance(each.value, dict)),
        diagnostics=(*source.diagnostics, *found, *faults),
        secrets=tuple(secret for document in source.documents for secret in find_secrets(document)),
        ignores=ignores,
    )


def _foreign_once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Report a file of another tool once, even if it has several documents."""
    foreign = [each for each in found if each.code == "foreign-file"]
    return [each for each in found if each not in foreign[1:]]


def _ignores(source: Source) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    file = source.documents[0].file if source.documents else None
    if file is None or "dag-factory:" not in file.text:
        return (), ()
    from dag_factory.config.yaml.ignore_comments import read_ignores  # noqa: PLC0415 (few files have such comments)

    return read_ignores(file.name, file.text)


def _held_back(document: Document, faults: tuple[Diagnostic, ...]) -> Document:
    """Mark a document as invalid because of its file's comments."""
    return replace(document, diagnostics=document.diagnostics or faults) if faults else document


def _check_documents(
    documents: Iterable[Document], schema: str
) -> Iterator[tuple[Document, list[Diagnostic]]]:
    """Check each document, and explain its errors until the file has enough of them."""
    errors = 0
    for document in documents:
        checked, found = _check_document(document, schema, explains=errors < MAX_PROBLEMS)
        errors += len(found)
        yield checked, found


def _check_document(document: Document, schema: str, *, explains: bool) -> tuple[Document, list[Diagnostic]]:
    found = list(document.diagnostics)
    if not document.is_complete:
        return replace(document, value=None), found
    if document.value is None:
        location = Location(document=document)
        empty = location.diagnostic("empty-document", "the document is empty", "write a DAG, or delete it")
        return document, [*found, empty]
    checked, more = check_schema(document, schema, explains=explains)
    return checked, [*found, *more]


def _few_environments(
    checked: Iterable[tuple[Document, list[Diagnostic]]],
) -> Iterator[tuple[Document, list[Diagnostic]]]:
    """Limit the environments of a file, because every DAG of the folder is checked in each."""
    names: set[str] = set()
    for document, found in checked:
        more = names.union(declared_environments(document))
        if len(more) <= MAX_ENVIRONMENTS:
            names = more
            yield document, found
            continue
        path = ("environments",)
        message = f"the documents of this file have more than {MAX_ENVIRONMENTS} environments together"
        hint = "name the same ones in all of them, or split the file"
        many = Location(document=document, path=path).diagnostic("bad-value", message, hint, of_key=True)
        yield without_invalid(document, [path]), [*found, many]


def _check_named(document: Document, found: list[Diagnostic]) -> tuple[Document, list[Diagnostic]]:
    """Require a `dag_id`: the file's name cannot name several documents."""
    value = document.value
    if not isinstance(value, dict) or "dag_id" in value or ("dag_id",) in document.invalid_paths:
        return document, found
    location = Location(document=document)
    message = "the key 'dag_id' is missing, and the file has several documents"
    missing = location.diagnostic("missing-key", message, "write a 'dag_id' in each document")
    return replace(document, invalid_paths=document.invalid_paths | {("dag_id",)}), [*found, missing]


def check_dags(file: ConfigFile) -> CheckedFile:
    """Check a file of DAGs."""
    return check_file(file, DAG_SCHEMA)


def check_defaults(file: ConfigFile) -> CheckedFile:
    """Check a file of defaults."""
    checked = check_file(file, DEFAULTS_SCHEMA)
    # Empty defaults do no harm.
    diagnostics = tuple(each for each in checked.diagnostics if each.code != "empty-document")
    more = [
        Location(document=document).diagnostic(
            "bad-defaults", "defaults are one document", "merge the documents"
        )
        for document in checked.documents[1:]
    ]
    return replace(checked, documents=checked.documents[:1], diagnostics=(*diagnostics, *more))


def _empty(file: ConfigFile) -> Diagnostic:
    message = "the file has no document"
    return Diagnostic(file=file.name, span=Span(), code="empty-document", message=message, help="write a DAG")
