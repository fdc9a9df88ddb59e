"""Comments `# dag-factory: ignore[code] reason`: finds them and checks what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.tokens import ScalarToken, Token

from dag_factory.config.codes import CODES, WARNINGS
from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.ignores import Ignore
from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.text.suggestions import SearchLimit, did_you_mean
from dag_factory.config.yaml import composer

# No other error can be ignored: Airflow must be able to load what validate accepts. A comment that hides
# nothing is deleted, not ignored.
IGNORABLE = frozenset((*WARNINGS, "secret")) - {"unused-ignore"}

# The first errors of a file are enough to act on, and each searches for the code that was meant.
_MOST = 100

_BEGINNING = re.compile(r"#[ \t]*dag-factory:[ \t]*ignore(?![\w-])")
_PARTS = re.compile(r"#[ \t]*dag-factory:[ \t]*ignore[ \t]*\[([^\]]*)\](.*)")
_CODE = re.compile(r"[^,\s]([^,]*[^,\s])?")
_HEAD = re.compile("([ \t]*(#[^\n\r\x85\u2028\u2029]*)?(\r\n|[\n\r\x85\u2028\u2029]|$))*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Comment:
    """A comment, with line and column counted from 1; `at_head` if only comments come before it."""

    file: str
    text: str
    line: int
    column: int
    source_line: str
    at_head: bool

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """Return the span of a part of it."""
        last = len(self.text.rstrip()) if end is None else end
        columns = (self.column + start, self.column + last)
        return Span(line=self.line, column=columns[0], end_line=self.line, end_column=columns[1])

    def fault(self, span: Span, message: str, hint: str) -> Diagnostic:
        """Create the diagnostic of a comment that cannot be followed."""
        return Diagnostic(
            file=self.file,
            span=span,
            code="bad-ignore",
            message=message,
            help=hint,
            source_line=self.source_line,
        )


def read_ignores(name: str, text: str) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    """Return what the comments of a valid YAML file ask to ignore, and what is wrong with them."""
    ignores: list[Ignore] = []
    faults: list[Diagnostic] = []
    limit = SearchLimit()
    for comment in _comments(name, text):
        parts = list(_read(comment, limit))
        wrong = [part for part in parts if isinstance(part, Diagnostic)]
        faults += wrong
        # An invalid comment does not ignore a secret: that would show it.
        asked = (part for part in parts if isinstance(part, Ignore))
        ignores += [each for each in asked if not (wrong and each.code == "secret")]
        if len(faults) >= _MOST:
            break
    return tuple(ignores), tuple(faults[:_MOST])


def _read(comment: _Comment, limit: SearchLimit) -> Iterator[Ignore | Diagnostic]:
    parts = _PARTS.fullmatch(comment.text)
    codes = list(_CODE.finditer(parts[1])) if parts else []
    if parts is None or not codes:
        hint = "write '# dag-factory: ignore[code] reason'"
        yield comment.fault(comment.span(), "the comment names no code to ignore", hint)
        return
    for match in codes:
        offset = parts.start(1)
        span = comment.span(offset + match.start(), offset + match.end())
        yield _read_code(comment, match[0], span, limit)
    if not re.search(r"\w", parts[2]):
        hint = f"say why: '# dag-factory: ignore[{', '.join(match[0] for match in codes)}] reason'"
        yield comment.fault(comment.span(), "the comment gives no reason", hint)


def _read_code(comment: _Comment, code: str, span: Span, limit: SearchLimit) -> Ignore | Diagnostic:
    if code in IGNORABLE:
        line = None if comment.at_head else comment.line
        return Ignore(file=comment.file, span=span, code=code, line=line, source_line=comment.source_line)
    if code == "unused-ignore":
        return comment.fault(span, f"'{code}' cannot be ignored", "delete the comment that hides nothing")
    if code in CODES:
        hint = "correct the error itself; only warnings and 'secret' can be ignored"
        return comment.fault(span, f"the error '{code}' cannot be ignored", hint)
    hint = did_you_mean(code, sorted(CODES), limit) or f"one of {', '.join(sorted(IGNORABLE))}"
    return comment.fault(span, f"there is no code '{code}'", hint)


def _comments(name: str, text: str) -> Iterator[_Comment]:
    """Find the comments that ask to ignore something."""
    head = _HEAD.match(text)
    head_end = head.end() if head else 0
    for offset, line, line_start in _beginnings(text):
        line_end = LINE_BREAK.search(text, offset)
        source_line = text[line_start : line_end.start() if line_end else None]
        yield _Comment(
            file=name,
            text=source_line[offset - line_start :],
            line=line,
            column=offset - line_start + 1,
            source_line=source_line,
            at_head=offset < head_end,
        )


def _beginnings(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the offset of each comment, its line counted from 1, and the offset of the line."""
    tokens = _Tokens(text)
    line, line_start, counted, line_done = 1, 0, 0, 0
    for match in _BEGINNING.finditer(text):
        for found in LINE_BREAK.finditer(text, counted, match.start()):
            line, line_start = line + 1, found.end()
        counted = match.start()
        before = None if line_done == line else tokens.end_before(match.start())
        if before is not None:
            # Between the last token and here are only spaces, or a comment that began earlier.
            line_done = line
            if not text[max(before, line_start) : match.start()].strip():
                yield match.start(), line, line_start


class _Tokens:
    """Walks once over the tokens of a text. Only YAML's own scanner knows what is quoted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._scanner = composer.Composer(text)
        self._end = 0
        self._next: Token | None = None

    def end_before(self, offset: int) -> int | None:
        """Return the end of the last token before an offset; None if the offset is inside a token.

        Offsets are asked for in rising order.
        """
        while (token := self._peek()) is not None:
            start, end = token.start_mark.index, token.end_mark.index
            if end > offset:
                return self._end if start > offset else self._header_end(token, offset)
            self._end, self._next = max(self._end, end), None
        return self._end

    def _peek(self) -> Token | None:
        if self._next is None and self._scanner.check_token():
            self._next = self._scanner.get_token()
        return self._next

    def _header_end(self, token: Token, offset: int) -> int | None:
        """Return the end of the header `|` or `>` of a block scalar, which a comment may follow."""
        start = token.start_mark.index
        header = _BLOCK_HEADER.match(self._text, start)
        is_block = isinstance(token, ScalarToken) and token.style in ("|", ">")
        inside = not is_block or header is None or LINE_BREAK.search(self._text, start, offset)
        return None if inside or header is None else header.end()
