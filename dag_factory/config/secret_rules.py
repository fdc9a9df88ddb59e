"""Secrets in a document: every text of it, whatever the schema says of the key. Used by `config.project`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.secrets import Judgement, is_secret_key, judge, may_hold_secret
from dag_factory.config.source import Document, Place
from dag_factory.config.values import KeyPath, Value

_HELP = (
    "take it out, and change it where it is valid: the repository remembers it; write a template such as "
    "{{ conn.my_connection.password }} or {{ var.value.my_token }}"
)


def find_secrets(document: Document) -> tuple[Diagnostic, ...]:
    """Find all values of a document that look like secrets; neither diagnostic nor source line shows one."""
    if not may_hold_secret(document.file.text):
        return ()
    judged: dict[str, Judgement] = {}
    found: list[Diagnostic] = []
    for path, key, value in _scalars(document.value, (), None):
        text = str(value)
        # Aliases bring the same text again and again.
        judgement = judged.get(text) or judged.setdefault(text, judge(text))
        if judgement.shape is not None:
            found.append(_diagnostic(document, path, f"this looks like {judgement.shape}"))
        elif key is not None and not judgement.is_harmless and is_secret_key(key):
            found.append(_diagnostic(document, path, f"the value of '{key}' is a secret in plain text"))
    return tuple(found)


def hide_secrets(diagnostics: Iterable[Diagnostic], secrets: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Put a secret in the place of everything else that is wrong with its value, and would show it."""
    by_file: dict[str, list[Diagnostic]] = {}
    for secret in secrets:
        by_file.setdefault(secret.file, []).append(secret)
    return [_covering(each, by_file.get(each.file, ())) or each for each in diagnostics]


def _covering(diagnostic: Diagnostic, secrets: Sequence[Diagnostic]) -> Diagnostic | None:
    span = diagnostic.span
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    for secret in secrets:
        whole = secret.span
        if (whole.line, whole.column) <= start and end <= (whole.end_line, whole.end_column):
            return secret
    return None


def _diagnostic(document: Document, path: KeyPath, message: str) -> Diagnostic:
    diagnostic = Place(document=document, path=path).diagnostic("secret", message, _HELP)
    return replace(diagnostic, source_line=None)


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
