"""Files to YAML documents: plain values, and the way back from each value to its line and column."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from yaml.error import Mark, MarkedYAMLError
from yaml.nodes import Node, ScalarNode

from dag_factory.config import nodes
from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.config.secrets import hidden_lines
from dag_factory.config.values import MAX_VALUES, NOT_PRINTABLE, KeyPath, Problem, Value, ValueBuilder, find

MAX_BYTES = 256 * 1024

# What YAML takes for the end of a line.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

# Longer messages are cut: they only quote what stands in the file.
_LONGEST_MESSAGE = 500
_DOCUMENT_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file's name, as people should read it, and its text."""

    name: str
    text: str

    def diagnostic(
        self,
        span: Span,
        code: str,
        message: str,
        help: str | None = None,
        *,
        severity: Severity = Severity.ERROR,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """Make a diagnostic at a place of this file, with the line that it points to if it may be shown."""
        return Diagnostic(
            file=self.name,
            span=span,
            code=code,
            message=_cut(message),
            help=help,
            severity=severity,
            source_line=None if span.line in hidden_lines(self.text) else _line(self.text, span.line),
            related=related,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Document:
    """One YAML document as plain values, and what was wrong with it while it was read; equal to itself alone.

    It is `whole` unless a part of it could not be read: then a further check would only find follow-ups.
    `faults` are the paths of values that a later step has refused and taken out.
    """

    file: SourceFile
    index: int
    value: Value
    diagnostics: tuple[Diagnostic, ...] = ()
    whole: bool = True
    faults: frozenset[KeyPath] = frozenset()

    @property
    def is_sound(self) -> bool:
        """Whether nothing was wrong with it so far."""
        return not self.diagnostics and not self.faults

    @property
    def text(self) -> str:
        """The document's own part of the file, without its `---`."""
        starts = [0, *(match.end() for match in _DOCUMENT_MARKER.finditer(self.file.text))]
        ends = [*(match.start() for match in _DOCUMENT_MARKER.finditer(self.file.text)), None]
        parts = [self.file.text[start:end] for start, end in zip(starts, ends, strict=True)]
        if _is_prologue(parts[0]) and len(parts) > 1:
            del parts[0]
        return parts[min(self.index, len(parts) - 1)].strip("\r\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a value stands: a path into a document, of which the line is looked up only when it is told."""

    document: Document
    path: KeyPath = ()

    def span(self, *, of_key: bool = False) -> Span:
        """Give the place of the value, or of its key."""
        top = _top_nodes(self.document.file.text)[self.document.index]
        key, value = find(top, self.path)
        # A mapping or a list begins where its first part does: its key tells better which one is meant.
        return _span_of(value if not of_key and isinstance(value, ScalarNode) else key)

    def diagnostic(
        self,
        code: str,
        message: str,
        help: str | None = None,
        *,
        of_key: bool = False,
        severity: Severity = Severity.ERROR,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """Make a diagnostic that points here."""
        span = self.span(of_key=of_key)
        return self.document.file.diagnostic(span, code, message, help, severity=severity, related=related)

    def related(self, message: str, *, of_key: bool = False) -> Related:
        """Make the second place of a diagnostic that points elsewhere."""
        return Related(file=self.document.file.name, span=self.span(of_key=of_key), message=message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What reading one file gave: its documents, or why there are none."""

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_source(path: Path, name: str) -> Source:
    """Read one file; whatever is wrong with it is a diagnostic, never an exception."""
    try:
        data = _read_bytes(path)
    except OSError as error:
        return _unreadable(name, f"cannot be read: {error.strerror or type(error).__name__}")
    if data is None:
        return _unreadable(name, "is not a regular file", "delete it or give it another name")
    if len(data) > MAX_BYTES:
        size = f"is larger than {MAX_BYTES // 1024} KiB"
        return _unreadable(name, size, "split it: one file may hold many DAGs, and a folder many files")
    return parse_source(data, name)


def parse_source(data: bytes, name: str) -> Source:
    """Parse the bytes of one file; whatever is wrong with them is a diagnostic, never an exception."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        file = SourceFile(name=name, text=data[: error.start].decode("utf-8-sig", "replace"))
        place = _span_at(file.text, len(file.text))
        return _refused(file.diagnostic(place, "yaml-encoding", "not UTF-8 text", "save the file as UTF-8"))
    file = SourceFile(name=name, text=text)
    control = NOT_PRINTABLE.search(text)
    if control:
        message = f"the control character U+{ord(control.group()):04X} is not allowed in YAML"
        return _refused(
            file.diagnostic(_span_at(text, control.start()), "yaml-encoding", message, "delete it")
        )
    try:
        tops = _top_nodes(text)
    except MarkedYAMLError as error:
        return _refused(_syntax_diagnostic(file, error))
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
        whole=all(problem.code == "duplicate-key" for problem in builder.problems),
    )


def _read_bytes(path: Path) -> bytes | None:
    if not path.is_file():
        path.stat()  # a dangling link raises here and says so; a folder or a device does not
        return None
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _unreadable(name: str, message: str, help: str | None = None) -> Source:
    return _refused(Diagnostic(file=name, span=Span(), code="unreadable-file", message=message, help=help))


def _refused(diagnostic: Diagnostic) -> Source:
    return Source(documents=(), diagnostics=(diagnostic,))


# A pure function of the text, so it cannot be stale: spans are asked for one after the other.
@functools.lru_cache(maxsize=2)
def _top_nodes(text: str) -> tuple[Node, ...]:
    return tuple(nodes.compose(text))


def _problem_diagnostic(file: SourceFile, problem: Problem) -> Diagnostic:
    first = [] if problem.first is None else [_span_of(problem.first)]
    related = tuple(Related(file=file.name, span=span, message="first here") for span in first)
    return file.diagnostic(
        _span_of(problem.node), problem.code, problem.message, problem.help, related=related
    )


# The parser's words for the mistakes that people make most, and what to do about them.
_SYNTAX_HELP = (
    ("cannot start any token", "indent with blanks, and quote text that begins with @, ` or %"),
    ("mapping values are not allowed", "quote text that holds ': ', and check the indentation"),
    ("did not find expected key", "check the indentation of this line and the one above"),
    ("could not find expected ':'", "write 'key: value', with a blank after the colon"),
    ("expected alphabetic or numeric character", "quote text that begins with * or &"),
    ("did not find expected", "close what was opened: [ with ], { with }, and quotes"),
    ("undefined alias", "quote text that begins with *, or write &name where the value stands first"),
    ("unexpected end of stream", "close the quotes"),
)


def _syntax_diagnostic(file: SourceFile, error: MarkedYAMLError) -> Diagnostic:
    problem = error.problem or error.context or "no YAML"
    # What was never closed is to be mended where it begins, not at the end of the file.
    mark = error.context_mark if _is_unclosed(error, problem) else error.problem_mark
    mark = mark or error.problem_mark or error.context_mark
    span = Span() if mark is None else _span_of_marks(mark, mark)
    glued = _glued_key(file.text, span.line - 1) if "mapping values are" in problem else None
    if glued is not None:
        return file.diagnostic(glued, "yaml-syntax", "no blank after the colon", "write 'key: value'")
    if "\t" in (_line(file.text, span.line) or "")[: span.column]:
        mend: str | None = "indent with blanks: YAML allows no tabs there"
    else:
        mend = next((text for part, text in _SYNTAX_HELP if part in problem), None)
    return file.diagnostic(span, "yaml-syntax", problem, mend)


def _is_unclosed(error: MarkedYAMLError, problem: str) -> bool:
    """Whether a quote or a bracket is open on a line before the one where the parser gave up."""
    if "end of stream" in problem:
        return True
    opened, noticed = error.context_mark, error.problem_mark
    in_brackets = "expected ',' or" in problem
    return in_brackets and opened is not None and noticed is not None and opened.line < noticed.line


def _glued_key(text: str, number: int) -> Span | None:
    """Find `key:value` on a line: YAML takes it for text, and stumbles over the next line."""
    match = re.match(r"\s*[\w-]{1,100}(:)(?=[^\s/])", _line(text, number) or "") if number > 0 else None
    if match is None:
        return None
    return Span(line=number, column=match.start(1) + 1, end_line=number, end_column=match.end(1) + 1)


def _span_of(node: Node) -> Span:
    return _span_of_marks(node.start_mark, node.end_mark)


def _span_of_marks(start: Mark, end: Mark) -> Span:
    line, column = start.line + 1, start.column + 1
    end_line, end_column = end.line + 1, end.column + 1
    if (end_line, end_column) <= (line, column):
        end_line, end_column = line, column + 1
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _span_at(text: str, index: int) -> Span:
    lines = _BREAK.split(text[:index])
    line, column = len(lines), len(lines[-1]) + 1
    return Span(line=line, column=column, end_line=line, end_column=column + 1)


def _line(text: str, number: int) -> str | None:
    lines = _lines(text)
    return lines[number - 1] if number <= len(lines) else None


# A pure function too: mistakes are told one after the other.
@functools.lru_cache(maxsize=2)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(_BREAK.split(text))


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


def _is_prologue(text: str) -> bool:
    """Whether what stands before the first `---` is no document: blanks, comments and directives."""
    return all(line.startswith(("#", "%")) or not line.strip() for line in _BREAK.split(text))
