"""Secrets in a document: every text of it, whatever the schema says of the key. Used by `config.project`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.secrets import (
    Judgement,
    is_secret_key,
    judge,
    may_hold_secret,
    shape_in,
)
from dag_factory.config.source import Document, Place
from dag_factory.config.spans import lines_of
from dag_factory.config.values import KeyPath, Value

_HELP = (
    "take it out, and change it where it is valid: the repository remembers it; write a template such as "
    "{{ conn.my_connection.password }} or {{ var.value.my_token }}"
)

# More of them in one document are aliases to aliases, and the first are enough to act upon.
_MOST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """What a secret is told by, and the place of the whole value that it is a part of."""

    diagnostic: Diagnostic
    value: Span


def find_secrets(document: Document) -> tuple[Secret, ...]:
    """Find all values of a document that look like secrets; neither diagnostic nor source line shows one."""
    if not may_hold_secret(document.file.text):
        return ()
    judged: dict[str, Judgement] = {}
    found: list[Secret] = []
    for path, key, value in _scalars(document.value, (), None):
        if len(found) == _MOST:
            break
        text = str(value)
        # Aliases bring the same text again and again.
        judgement = judged.get(text) or judged.setdefault(text, judge(text))
        if judgement.shape is not None:
            found.append(_secret(document, path, f"this looks like {judgement.shape}"))
        elif key is not None and not judgement.is_harmless and is_secret_key(key):
            found.append(_secret(document, path, f"the value of '{key}' is a secret in plain text"))
    return tuple(found)


def hide_secrets(diagnostics: Iterable[Diagnostic], secrets: Sequence[Secret]) -> list[Diagnostic]:
    """Put a secret in the place of everything else that is wrong with its value, and would show it.

    What is wrong beside it, on its line, is told without the line.
    """
    by_file: dict[str, list[Secret]] = {}
    for secret in secrets:
        by_file.setdefault(secret.diagnostic.file, []).append(secret)
    return [_without_secrets(each, by_file.get(each.file, ())) for each in diagnostics]


def _without_secrets(diagnostic: Diagnostic, secrets: Sequence[Secret]) -> Diagnostic:
    span = diagnostic.span
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    for secret in secrets:
        whole = secret.value
        if (whole.line, whole.column) <= start and end <= (whole.end_line, whole.end_column):
            return secret.diagnostic
    if any(secret.value.line <= span.line <= secret.value.end_line for secret in secrets):
        return replace(diagnostic, source_line=None)
    return diagnostic


def _secret(document: Document, path: KeyPath, message: str) -> Secret:
    diagnostic = Place(document=document, path=path).diagnostic("secret", message, _HELP)
    narrow = replace(diagnostic, span=_narrowed(document.file.text, diagnostic.span), source_line=None)
    return Secret(diagnostic=narrow, value=diagnostic.span)


def _narrowed(text: str, span: Span) -> Span:
    """Point to the line of a longer text that holds the secret, if one line does."""
    lines = lines_of(text)[span.line - 1 : span.end_line]
    for number, line in enumerate(lines, span.line):
        begin = span.column - 1 if number == span.line else 0
        end = span.end_column - 1 if number == span.end_line else len(line)
        found = shape_in(line[begin:end])
        if found is not None:
            start, stop = (begin + offset + 1 for offset in found)
            return Span(line=number, column=start, end_line=number, end_column=stop)
    return span


def _scalars(value: Value, path: KeyPath, key: str | None) -> Iterator[tuple[KeyPath, str | None, Value]]:
    """Yield each scalar with its path and the key that it stands under; syncs' names are no keys."""
    if isinstance(value, dict):
        names = path[-1:] in (("syncs",), ("environments",))
        for name, inner in value.items():
            yield from _scalars(inner, (*path, name), None if names else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index), key)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, key, value
