"""Files to YAML documents: plain values, and the way back from each value to its line and column."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yaml.error import MarkedYAMLError
from yaml.nodes import Node, ScalarNode

from dag_factory.config.codes import severity_of
from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.text.secret_patterns import hidden_lines, redacted
from dag_factory.config.text.suggestions import SearchLimit
from dag_factory.config.yaml import composer
from dag_factory.config.yaml.file_bytes import MAX_BYTES, read_bytes
from dag_factory.config.yaml.node_tree import NodeTree
from dag_factory.config.yaml.positions import first_line_of, line_at, lines_of, part_of, span_at, span_of
from dag_factory.config.yaml.values import (
    MAX_VALUES,
    NOT_PRINTABLE,
    KeyPath,
    Problem,
    Value,
    ValueBuilder,
)

# Longer messages are cut: they only quote the file.
_LONGEST_MESSAGE = 500
_DOCUMENT_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file's displayed name, its text, and how many words may still be compared for suggestions.

    Lines, nodes and hidden lines are computed once, for the first diagnostic of the file.
    """

    name: str
    text: str
    search_limit: SearchLimit = field(default_factory=SearchLimit, compare=False, repr=False)

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, as YAML counts them."""
        return lines_of(self.text)

    @functools.cached_property
    def tree(self) -> NodeTree:
        """The nodes of the text, which must be valid YAML."""
        return NodeTree(composer.compose(self.text))

    @functools.cached_property
    def hidden_lines(self) -> frozenset[int]:
        """The numbers of the lines that may show a secret."""
        return hidden_lines(self.text)

    def diagnostic(
        self,
        span: Span,
        code: str,
        message: str,
        help: str | None = None,
        *,
        severity: Severity | None = None,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """Create a diagnostic at a span of this file, with the source line unless it may hold a secret."""
        return Diagnostic(
            file=self.name,
            span=span,
            code=code,
            # Before the message is cut: half a secret is not recognised.
            message=_cut(redacted(message)),
            help=help,
            severity=severity or severity_of(code),
            source_line=None if span.line in self.hidden_lines else line_at(self.lines, span.line),
            related=related,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Document:
    """One YAML document as plain values, with the diagnostics of reading it; compared by identity.

    It is complete unless a part of it could not be read: then a further check would only find follow-ups.
    `invalid_paths` lead to the values that the schema has refused; `value` is without them.
    """

    file: SourceFile
    index: int
    value: Value
    diagnostics: tuple[Diagnostic, ...] = ()
    is_complete: bool = True
    invalid_paths: frozenset[KeyPath] = frozenset()

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.diagnostics and not self.invalid_paths

    def invalid_paths_in(self, environment: str | None) -> frozenset[KeyPath]:
        """Return the paths to invalid values; those in this environment also as if they were at the top."""
        if not self.invalid_paths:  # asked often, and nearly always so
            return self.invalid_paths
        prefix = ("environments", environment)
        inside = {path[2:] for path in self.invalid_paths if path[:2] == prefix}
        return self.invalid_paths | (inside - {()})

    @property
    def text(self) -> str:
        """The document's own part of the file, without its `---`."""
        return self.part_of(self.file.text)

    def part_of(self, text: str) -> str:
        """Return the document's part of the file's text, or of a redacted copy."""
        starts = [0, *(match.end() for match in _DOCUMENT_MARKER.finditer(text))]
        ends = [*(match.start() for match in _DOCUMENT_MARKER.finditer(text)), None]
        parts = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        if _is_prologue(parts[0]) and len(parts) > 1:
            del parts[0]
        return parts[min(self.index, len(parts) - 1)].strip("\r\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where a value is: a path into a document. Line and column are computed for diagnostics only."""

    document: Document
    path: KeyPath = ()

    def part(self, *path: str | int) -> Location:
        """Return the location of something inside the value."""
        return Location(document=self.document, path=(*self.path, *path))

    def span(self, *, of_key: bool = False, part: tuple[int, int] | None = None) -> Span:
        """Return the span of the value, of its key, or of a part of its text (offsets)."""
        lines = self.document.file.lines
        key, value = self.document.file.tree.find(self.document.index, self.path)
        if not of_key and isinstance(value, ScalarNode):
            span = span_of(lines, value)
            return span if part is None else part_of(lines, span, value.value, part)
        # A mapping or list starts at its first part, so its key identifies it better; without one, its
        # first line does.
        return first_line_of(lines, span_of(lines, key))

    def diagnostic(
        self,
        code: str,
        message: str,
        help: str | None = None,
        *,
        of_key: bool = False,
        part: tuple[int, int] | None = None,
        severity: Severity | None = None,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """Create a diagnostic that points here."""
        span = self.span(of_key=of_key, part=part)
        return self.document.file.diagnostic(span, code, message, help, severity=severity, related=related)

    def related(self, message: str, *, of_key: bool = False) -> Related:
        """Create the second location of a diagnostic that points elsewhere."""
        return Related(file=self.document.file.name, span=self.span(of_key=of_key), message=message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The documents of one file, or why there are none."""

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_source(path: Path, name: str) -> Source:
    """Read one file. Everything that is wrong becomes a diagnostic, never an exception."""
    try:
        data = read_bytes(path)
    except (OSError, ValueError) as error:  # ValueError: a path that no system takes
        reason = getattr(error, "strerror", None) or type(error).__name__
        return _unreadable(name, f"cannot be read: {reason}")
    if data is None:
        return _unreadable(name, "is not a regular file", "delete it or give it another name")
    if len(data) > MAX_BYTES:
        size = f"is larger than {MAX_BYTES // 1024} KiB"
        return _unreadable(name, size, "split it: one file may hold many DAGs, and a folder many files")
    return parse_source(data, name)


def parse_source(data: bytes, name: str) -> Source:
    """Parse the bytes of one file. Everything that is wrong becomes a diagnostic, never an exception."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        file = SourceFile(name=name, text=data[: error.start].decode("utf-8-sig", "replace"))
        location = span_at(file.text, len(file.text))
        return _refused(
            file.diagnostic(location, "yaml-encoding", "not UTF-8 text", "save the file as UTF-8")
        )
    file = SourceFile(name=name, text=text)
    control = NOT_PRINTABLE.search(text)
    if control:
        message = f"the control character U+{ord(control.group()):04X} is not allowed in YAML"
        return _refused(
            file.diagnostic(span_at(text, control.start()), "yaml-encoding", message, "delete it")
        )
    try:
        tops = tuple(composer.compose(text))
    except MarkedYAMLError as error:
        from dag_factory.config.yaml.syntax_errors import invalid_syntax  # noqa: PLC0415 (few files are invalid YAML)

        fault = invalid_syntax(text, error)
        return _refused(file.diagnostic(fault.span, "yaml-syntax", fault.message, fault.help))
    return Source(documents=tuple(_documents(file, tops)), diagnostics=())


def _documents(file: SourceFile, tops: Iterable[Node]) -> Iterator[Document]:
    left = MAX_VALUES
    for index, top in enumerate(tops):
        builder = ValueBuilder(left)
        yield _document(file, index, builder, builder.build(top))
        left -= builder.size(top)


def _document(file: SourceFile, index: int, builder: ValueBuilder, value: Value) -> Document:
    return Document(
        file=file,
        index=index,
        value=value,
        diagnostics=tuple(_problem_diagnostic(file, problem) for problem in builder.problems),
        is_complete=all(problem.code == "duplicate-key" for problem in builder.problems),
    )


def _unreadable(name: str, message: str, help: str | None = None) -> Source:
    return _refused(Diagnostic(file=name, span=Span(), code="unreadable-file", message=message, help=help))


def _refused(diagnostic: Diagnostic) -> Source:
    return Source(documents=(), diagnostics=(diagnostic,))


def _problem_diagnostic(file: SourceFile, problem: Problem) -> Diagnostic:
    first = [] if problem.first is None else [span_of(file.lines, problem.first)]
    related = tuple(Related(file=file.name, span=span, message="first here") for span in first)
    span = first_line_of(file.lines, span_of(file.lines, problem.node))
    # The tag of `password: !word` is the password.
    message = problem.plain if problem.plain and span.line in file.hidden_lines else problem.message
    return file.diagnostic(span, problem.code, message, problem.help, related=related)


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


def _is_prologue(text: str) -> bool:
    """Whether the text before the first `---` is only spaces, comments and directives."""
    return all(line.startswith(("#", "%")) or not line.strip() for line in LINE_BREAK.split(text))
