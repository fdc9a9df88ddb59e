"""Sets one key of one document of a YAML text; every other line stays as it is, byte for byte.

An edit is tried at the positions that the parser gives, and counts only if the new text, parsed again,
differs in that key alone.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode

from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.yaml import composer
from dag_factory.config.yaml.values import NOT_PRINTABLE, Value, ValueBuilder

Scalar: TypeAlias = str | int | bool | None

_BOM = "\ufeff"
# A new key follows the first of these that the document has, else it precedes the first of the others.
_FOLLOWS = ("schedule",)
_PRECEDES = ("syncs",)
# Text that no parser reads as anything else than it is written.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:+-]*(?<!:)")
_LITERAL = ("|", ">")


class YamlEditError(Exception):
    """The key cannot be set by changing one line; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A key of the document: its text, whether the key is an ordinary one, and where it is."""

    key: Node
    value: Node

    @property
    def name(self) -> str | None:
        is_own = isinstance(self.key, ScalarNode) and not composer.is_merge_key(self.key)
        return str(self.key.value) if is_own else None

    @property
    def line(self) -> int:
        return int(self.key.start_mark.line)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    """The document to edit: the lines of the file with their ends, its pairs, and the line after it."""

    lines: Sequence[str]
    pairs: Sequence[_Pair]
    end: int

    @property
    def indentation(self) -> str:
        first = self.lines[self.pairs[0].line]
        return first[: len(first) - len(first.lstrip(" "))]

    def line_after(self, index: int) -> int:
        """Return the line at which the pair after this one begins, or the document ends."""
        return self.pairs[index + 1].line if index + 1 < len(self.pairs) else self.end


def set_key(text: str, document_index: int, key: str, value: Scalar) -> str:
    """Set a top-level key of a document that is a mapping in block style, and return the new text.

    Args:
        text: The whole file, with its line ends as they are; it may begin with a byte order mark.
        document_index: Which document of the file, counted from 0.
        key: A key of the document; a new line is added where it is missing.
        value: What it becomes. Text is put in quotes where it needs them.

    Raises:
        YamlEditError: The text is not valid, or no change of one line sets the key and nothing else.
    """
    body = text.removeprefix(_BOM)
    mark = text[: len(text) - len(body)]
    before = _values(body)
    target = _target(body, document_index)
    found = [pair for pair in target.pairs if pair.name == key]
    if found and _same(_value_of(before, document_index, key), value):
        return text
    candidates = _replaced(target, found[0], value) if found else _inserted(target, key, value)
    for candidate in candidates:
        if _is_exact(before, candidate, document_index, key, value):
            return mark + candidate
    message = f"'{key}' cannot be set without changing other keys"
    raise YamlEditError(message)


def _target(body: str, document_index: int) -> _Target:
    tops = _tops(body)
    if document_index >= len(tops):
        message = f"the text has no document {document_index + 1}"
        raise YamlEditError(message)
    top = tops[document_index]
    if not isinstance(top, MappingNode) or not top.value:
        message = "the document is not a mapping"
        raise YamlEditError(message)
    if top.flow_style:
        message = "the document is written in braces, on which a line cannot be added; write one key a line"
        raise YamlEditError(message)
    lines = _lines(body)
    pairs = [_Pair(key=key, value=value) for key, value in top.value]
    if any(after.line <= before.line for before, after in itertools.pairwise(pairs)):
        message = "a key of the document is an alias, or two keys share a line; write one key a line"
        raise YamlEditError(message)
    return _Target(lines=lines, pairs=pairs, end=min(top.end_mark.line, len(lines)))


def _replaced(target: _Target, pair: _Pair, value: Scalar) -> Iterator[str]:
    """Yield the text with the value of a pair replaced."""
    key, node, name = pair.key, pair.value, pair.name
    start, end = node.start_mark, node.end_mark
    if (start.line, start.column) < (key.end_mark.line, key.end_mark.column):
        message = f"the value of '{name}' is an alias; write the value out"
        raise YamlEditError(message)
    style = getattr(node, "style", None)
    if (
        not isinstance(node, ScalarNode)
        or style in _LITERAL
        or not key.end_mark.line == start.line == end.line
    ):
        message = f"the value of '{name}' is not written on the line of its key"
        raise YamlEditError(message)
    line = target.lines[pair.line]
    old = line[start.column : end.column]
    kept = re.match(r"(?:&\S+[ \t]*)?", old)
    anchor = kept[0] if kept is not None else ""
    blank = "" if line[: start.column].endswith((" ", "\t")) else " "
    new = f"{line[: start.column]}{blank}{anchor}{_written(value)}{line[end.column :]}"
    yield _joined(target.lines, pair.line, [new], pair.line + 1)


def _inserted(target: _Target, key: str, value: Scalar) -> Iterator[str]:
    """Yield the text with a new line, at the best place first."""
    for at in dict.fromkeys(_places(target)):
        ending = _ending(target.lines, at)
        line = f"{target.indentation}{_written(key)}: {_written(value)}"
        if at and LINE_BREAK.search(target.lines[at - 1]) is None:
            # The last line has no end: neither will the new one.
            yield _joined(target.lines, at - 1, [target.lines[at - 1] + ending, line], at)
        else:
            yield _joined(target.lines, at, [line + ending], at)


def _places(target: _Target) -> Iterator[int]:
    names = [pair.name for pair in target.pairs]
    for index in (names.index(name) for name in _FOLLOWS if name in names):
        yield _without_comments(target, target.line_after(index))
        yield target.line_after(index)
    yield from (target.pairs[names.index(name)].line for name in _PRECEDES if name in names)
    yield _without_comments(target, target.end)
    yield target.pairs[0].line


def _without_comments(target: _Target, line: int) -> int:
    """Go back over blank lines, and comments that are not indented more: they belong to what follows."""
    at = line
    while at > 0 and _belongs_below(target.lines[at - 1], len(target.indentation)):
        at -= 1
    return at


def _belongs_below(line: str, indentation: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= indentation)


def _joined(lines: Sequence[str], start: int, new: Sequence[str], end: int) -> str:
    return "".join((*lines[:start], *new, *lines[end:]))


def _ending(lines: Sequence[str], at: int) -> str:
    """Return the end of the nearest line above that has an ordinary one, else of the nearest below."""
    for line in (*reversed(lines[:at]), *lines[at:]):
        found = re.search(r"\r\n|[\r\n]", line)
        if found is not None:
            return found[0]
    return "\n"


def _lines(body: str) -> list[str]:
    """Split a text into lines as YAML counts them, each with its end."""
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(body))]
    lines = [body[start:end] for start, end in zip(starts, [*starts[1:], len(body)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def _written(value: Scalar) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = _PLAIN.fullmatch(value) is not None and _is_text(value)
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _is_text(value: str) -> bool:
    """Whether a plain scalar is text, also for the many tools that read YAML 1.1."""
    nodes = list(composer.compose(f"{value}\n"))
    is_word = value.lower() in ("y", "n", "yes", "no", "on", "off")
    return isinstance(nodes[0], ScalarNode) and nodes[0].tag == composer.STR and not is_word


def _tops(body: str) -> list[Node]:
    if NOT_PRINTABLE.search(body) is not None:
        message = "the text has a control character"
        raise YamlEditError(message)
    try:
        return list(composer.compose(body))
    except MarkedYAMLError as error:
        message = f"the text is not valid YAML: {error.problem}"
        raise YamlEditError(message) from error


def _values(body: str) -> list[Value]:
    builders = [(ValueBuilder(), top) for top in _tops(body)]
    values = [builder.build(top) for builder, top in builders]
    problems = [problem for builder, _ in builders for problem in builder.problems]
    if problems:
        message = f"the text is not valid: {problems[0].message}"
        raise YamlEditError(message)
    return values


def _is_exact(before: list[Value], body: str, document_index: int, key: str, value: Scalar) -> bool:
    """Whether a text differs from the values before in that key of that document alone."""
    try:
        after = _values(body)
    except YamlEditError:
        return False
    return _same(_value_of(after, document_index, key), value) and _same(
        _without(before, document_index, key), _without(after, document_index, key)
    )


def _value_of(values: list[Value], index: int, key: str) -> Value:
    document = values[index] if index < len(values) else None
    return document.get(key) if isinstance(document, dict) else None


def _without(values: list[Value], index: int, key: str) -> list[Value]:
    document = values[index] if index < len(values) else None
    if not isinstance(document, dict):
        return values
    rest = {name: each for name, each in document.items() if name != key}
    return [*values[:index], rest, *values[index + 1 :]]


def _same(one: Value, other: Value) -> bool:
    # Not ==, for which 1 is true and 1.0.
    return repr(one) == repr(other)
