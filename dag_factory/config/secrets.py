"""Secrets in documents: finds them in every text, and keeps them out of diagnostics."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.text.secret_patterns import (
    is_harmless,
    is_plain,
    is_secret_key,
    may_hold_secret,
    redacted,
    shape_in,
    shape_of,
    without_lines,
)
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath, Value

_HELP = (
    "remove it and revoke it: it stays in the history of the repository; write a template such as "
    "{{ conn.my_connection.password }} or {{ var.value.my_token }}"
)

# What is shown instead of a secret.
HIDDEN = "(a secret)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """The diagnostic of a secret, and the span of the whole value that contains it."""

    diagnostic: Diagnostic
    value: Span


def find_secrets(document: Document) -> tuple[Secret, ...]:
    """Find values and keys of a document that look like secrets; their diagnostics do not show them."""
    if not may_hold_secret(document.file.text):
        return ()
    shapes: dict[str, str | None] = {}
    found: list[Secret] = []
    for path, key, text, is_key in _texts(document.value, (), None, set()):
        # Aliases repeat the same text.
        if text not in shapes:
            shapes[text] = shape_of(text)
        shape = shapes[text]
        if shape is not None:
            noun = "this key" if is_key else "this"
            found.append(_secret(document, path, f"{noun} looks like {shape}", of_key=is_key))
        elif key is not None and _is_named_secret(key, text):
            found.append(_secret(document, path, f"the value of '{key}' is a secret in plain text"))
    return tuple(found)


def hide_secrets(diagnostics: Iterable[Diagnostic], secrets: Sequence[Secret]) -> list[Diagnostic]:
    """Replace diagnostics of a secret value by that of the secret, because they would show it.

    Diagnostics of other values on its line lose the source line; secrets in any text are redacted.
    """
    by_file: dict[str, list[Secret]] = {}
    for secret in secrets:
        by_file.setdefault(secret.diagnostic.file, []).append(secret)
    hiding = {file: _Hiding.of(found) for file, found in by_file.items()}
    return [_hidden(each, hiding.get(each.file)) for each in diagnostics]


def redacted_value(value: Value, key: str, location: Location) -> Value:
    """Replace each part of a value that looks like a secret, or is in a line that may hold one.

    These are the lines that `shown_text` leaves out, and what `find_secrets` finds.
    """
    return _redacted_part(value, key, location, _hidden_lines(location.document))


def _redacted_part(value: Value, key: str, location: Location, hidden: Collection[int]) -> Value:
    if isinstance(value, dict):
        return {
            redacted(name): _redacted_part(inner, _key_above(value, name), location.part(name), hidden)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_redacted_part(inner, key, location.part(index), hidden) for index, inner in enumerate(value)]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value)
    is_secret = shape_of(text) is not None or _is_named_secret(key, text)
    return HIDDEN if is_secret or (hidden and _is_in(location, hidden)) else value


def _is_in(location: Location, lines: Collection[int]) -> bool:
    return any(line in lines for line in _lines(location.span()))


def without_secrets(diagnostic: Diagnostic) -> Diagnostic:
    """Redact everything in a diagnostic that looks like a secret by itself."""
    line = diagnostic.source_line
    return replace(
        diagnostic,
        message=redacted(diagnostic.message),
        help=None if diagnostic.help is None else redacted(diagnostic.help),
        environment=None if diagnostic.environment is None else redacted(diagnostic.environment),
        source_line=line if line is not None and is_plain(line) else None,
        related=tuple(replace(each, message=redacted(each.message)) for each in diagnostic.related),
    )


def shown_text(document: Document) -> str:
    """Return the document's part of its file, with a remark in place of lines that may show a secret."""
    text = document.file.text
    if not may_hold_secret(text):
        return document.text
    return document.part_of(without_lines(text, _hidden_lines(document)))


@functools.lru_cache(maxsize=16)
def _hidden_lines(document: Document) -> frozenset[int]:
    """Number the lines that may show a secret; cached, since `show` asks for each value of a DAG."""
    if not may_hold_secret(document.file.text):
        return frozenset()
    found = (line for secret in find_secrets(document) for line in _lines(secret.value))
    return document.file.hidden_lines.union(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hiding:
    """The secrets of one file in order. They do not overlap."""

    starts: list[tuple[int, int]]
    secrets: list[Secret]
    lines: frozenset[int]

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> _Hiding:
        # An alias repeats a location.
        in_order = sorted({each.value: each for each in secrets}.values(), key=lambda each: each.value)
        return cls(
            starts=[(each.value.line, each.value.column) for each in in_order],
            secrets=in_order,
            lines=frozenset(line for each in in_order for line in _lines(each.value)),
        )

    def around(self, span: Span) -> Secret | None:
        """Return the secret whose value contains a span."""
        number = bisect_right(self.starts, (span.line, span.column))
        secret = self.secrets[number - 1] if number else None
        if secret is None or (span.end_line, span.end_column) > (
            secret.value.end_line,
            secret.value.end_column,
        ):
            return None
        return secret


def _lines(span: Span) -> range:
    """Return the line numbers of a span. A block scalar ends before the first character of the next line."""
    is_before = span.end_column == 1 and span.end_line > span.line
    return range(span.line, span.end_line + (not is_before))


def _hidden(diagnostic: Diagnostic, hiding: _Hiding | None) -> Diagnostic:
    secret = None if hiding is None else hiding.around(diagnostic.span)
    if secret is not None:
        return secret.diagnostic
    beside = hiding is not None and diagnostic.span.line in hiding.lines
    return without_secrets(replace(diagnostic, source_line=None) if beside else diagnostic)


def _secret(document: Document, path: KeyPath, message: str, *, of_key: bool = False) -> Secret:
    location = Location(document=document, path=path)
    diagnostic = location.diagnostic("secret", message, _HELP, of_key=of_key)
    narrow = replace(diagnostic, span=_narrowed(document.file.lines, diagnostic.span), source_line=None)
    return Secret(diagnostic=narrow, value=diagnostic.span)


def _narrowed(lines: Sequence[str], span: Span) -> Span:
    """Narrow the span of a multi-line text to the line with the secret, if one line contains it."""
    for number, line in enumerate(lines[span.line - 1 : span.end_line], span.line):
        begin = span.column - 1 if number == span.line else 0
        end = span.end_column - 1 if number == span.end_line else len(line)
        found = shape_in(line[begin:end])
        if found is not None:
            start, stop = (begin + offset + 1 for offset in found)
            return Span(line=number, column=start, end_line=number, end_column=stop)
    return span


def _texts(
    value: Value, path: KeyPath, key: str | None, seen: set[tuple[int, str | None]]
) -> Iterator[tuple[KeyPath, str | None, str, bool]]:
    """Yield each scalar as text with its path and its key, and each key itself.

    The names of syncs and environments say nothing about their values. `seen` are the mappings and lists that
    were visited, with the key of a secret above them: an alias is the same object again, at the same place.
    """
    if isinstance(value, dict | list):
        visit = id(value), key if key is not None and is_secret_key(key) else None
        if visit in seen:
            return
        seen.add(visit)
    if isinstance(value, dict):
        names = path[-1:] in (("syncs",), ("environments",))
        for name, inner in value.items():
            yield (*path, name), None, name, True
            yield from _texts(inner, (*path, name), None if names else _key_above(value, name), seen)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index), key, seen)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, key, str(value), False


def _key_above(mapping: dict[str, Value], name: str) -> str:
    """Return the key that describes a value: the name (or key) of a pair with `value`, as in Kubernetes."""
    described = mapping.get("name", mapping.get("key"))
    return described if name == "value" and isinstance(described, str) else name


def _is_named_secret(key: str, text: str) -> bool:
    """Whether the key says that the text is a secret, and the text is not a template or the like."""
    return is_secret_key(key) and not is_harmless(text)
