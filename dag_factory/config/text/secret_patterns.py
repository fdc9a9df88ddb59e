"""What a secret looks like, in a value and in a line of text.

Every repetition of a pattern is bounded, so that no text takes long. No function here returns a secret.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.text.secret_shapes import SHAPES, Shape

_SHAPE_BY_MARK = tuple((mark, shape) for shape in SHAPES for mark in shape.marks)
_MARKS = tuple(mark for mark, _ in _SHAPE_BY_MARK)

# The last word of a key whose value is a secret, and what each of these words contains.
_WORDS = (
    r"pass(?:wd|phrase)?|[a-z0-9]{0,30}passwords?|passwort|kennwort|pwd?|secret(?:_id)?"
    r"|(?:access|api|auth|bearer|bot|refresh)?token|api_?key|authorization|credentials?"
    r"|(?:private|access|secret|auth|signing|encryption|fernet|integration|account|master|genie|ssh)_?key"
)
_WORD_MARKS = ("pass", "kennwort", "pw", "secret", "token", "key", "credential", "authorization")
# What may follow that word: a number, or which of several secrets it is.
_WHICH = (
    r"(?:_?[0-9]{1,4}|[_.-](?:prod(?:uction)?|dev(?:elopment)?|stag(?:e|ing)|test|qa|live|local|main|default"
    r"|primary|secondary|old|new|current|backup|value|text|plain))"
)

# Patterns are compiled where they are first needed: few files need any of them.
_KEY = rf"(?i)(?:.{{0,100}}[_.-])?(?:{_WORDS}){_WHICH}{{0,3}}"
_KEY_IN_LINE = rf"""(?i)(?:^|[\s{{,"'])["']?[\w.-]{{0,100}}?(?:{_WORDS}){_WHICH}{{0,3}}["']?\s{{0,9}}:"""
# A secret's key before the line with its colon, and as the name in a pair of name and value.
_WHOLE_KEY = rf"""["']?[\w.-]{{0,100}}?(?:{_WORDS}){_WHICH}{{0,3}}["']?\s{{0,99}}$"""
_KEY_ALONE = rf"(?i)\?\s{{0,9}}{_WHOLE_KEY}"
_NAME_OF_VALUE = rf"""(?i)\b(?:name|key)["']?\s{{0,9}}:\s{{0,9}}{_WHOLE_KEY}"""
_VALUE = r"""\s*(?:-\s+)?["']?value["']?\s*:"""
# A line that can follow a value: another key, a marker of a document or a comment.
_NEXT_KEY = (
    r"""\s*(?:[-?]\s+)*(?:"[^"]{0,200}"|'[^']{0,200}'|[^\s"'#:{\[][^:#]{0,200})\s{0,9}:(?:\s|$)"""
    r"|---|\.\.\.|\s*#"
)
# A template that only quotes a text renders that text.
_LITERAL = r"""\s{0,20}(?:'[^'{}]{0,500}'|"[^"{}]{0,500}")\s{0,20}\}\}"""
_TEMPLATE = rf"\{{\{{(?!{_LITERAL})[^{{}}]{{1,2000}}\}}\}}|\{{%[^{{}}]{{1,2000}}%\}}"
_PLACEHOLDER = r"\$\{?[A-Za-z_][\w.:-]{0,100}\}?|<[^<>]{0,100}>|\*{1,100}|\.{3}|…"
_UUID = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# How much of a text or a line is searched, so that no file can make the search slow.
_LONGEST_TEXT, _LONGEST_LINE = 100_000, 2_000


@functools.lru_cache(maxsize=2)
def may_hold_secret(text: str) -> bool:
    """Whether a file has to be searched; cached, since it is called for each document."""
    folded = text.casefold()
    return any(word in folded for word in (*_WORD_MARKS, *_MARKS))


def _matches(text: str) -> list[tuple[Shape, re.Match[str]]]:
    """Find what looks like a secret, in the order of the text; only shapes with a mark in it are compiled."""
    folded = text.casefold()
    # A list of pairs, since nested loops take five times as long: this runs for each value of a file.
    shapes = dict.fromkeys([shape for mark, shape in _SHAPE_BY_MARK if mark in folded])
    # ASCII, so that a token right after a letter such as ö still begins a word.
    found = [(shape, match) for shape in shapes for match in re.finditer(shape.pattern, text, re.ASCII)]
    return sorted(found, key=lambda pair: pair[1].start())


def shape_of(text: str) -> str | None:
    """Name the first secret in a text by its shape; None if nothing in it looks like one."""
    return next((shape.name for shape, _ in _matches(text[:_LONGEST_TEXT])), None)


def shape_in(line: str) -> tuple[int, int] | None:
    """Return the start and the end of the first secret in a line."""
    return next((match.span() for _, match in _matches(line[:_LONGEST_TEXT])), None)


def is_harmless(text: str) -> bool:
    """Whether a text under the key of a secret reveals nothing: a template, a placeholder or a UUID."""
    rest = re.sub(_TEMPLATE, "", text).strip()
    return not rest or any(re.fullmatch(pattern, rest) for pattern in (_PLACEHOLDER, _UUID))


def redacted(text: str) -> str:
    """Write `***` for what looks like a secret, and for all that follows the start of a private key."""
    parts, end = list[str](), 0
    for shape, match in _matches(text):
        if shape.name == _PRIVATE_KEY:  # only its first line matches
            continue
        if match.start() >= end:
            parts += [text[end : match.start()], "***"]
        end = max(end, match.end())
    whole = "".join((*parts, text[end:]))
    return re.sub(_PRIVATE_KEY_BLOCK, "***", whole)


@functools.lru_cache(maxsize=2)
def is_plain(line: str) -> bool:
    """Whether a line holds nothing that looks like a secret.

    Cached, since it is called for each diagnostic of a line, which may be long.
    """
    return redacted(line) == line


def without_lines(text: str, numbers: Collection[int]) -> str:
    """Replace the lines of these numbers, counted from 1, by a remark."""
    if not numbers:
        return text
    parts = re.split(f"({LINE_BREAK.pattern})", text)
    lines = [
        _remark(part) if index % 2 == 0 and index // 2 + 1 in numbers else part
        for index, part in enumerate(parts)
    ]
    return "".join(lines)


def shown(text: str) -> str:
    """Write a text for people, with a remark in place of each line that may hold a secret."""
    return without_lines(text, hidden_lines(text))


def _remark(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    # A document marker stays, so that the documents stay apart.
    return f"{'--- ' if line.startswith('---') else indent}# not shown: it may hold a secret"


_PRIVATE_KEY = "a private key"
_PRIVATE_KEY_BLOCK = r"(?s)-----BEGIN [A-Z0-9 ]{0,80}PRIVATE KEY.*"


def is_secret_key(key: str) -> bool:
    """Whether a key of this name holds a secret, unless its value is harmless."""
    from dag_factory.config.text.suggestions import snake_case  # noqa: PLC0415 (only where a key may be one)

    folded = key.casefold()
    if not any(word in folded for word in _WORD_MARKS):
        return False
    return re.fullmatch(_KEY, snake_case(key)) is not None


@functools.lru_cache(maxsize=2)
def hidden_lines(text: str) -> frozenset[int]:
    """Number the lines (from 1) that may hold a secret, whether the text is YAML or not.

    A key such as `password` hides the lines below it up to the next key that is not indented more, since they
    may be its value. Without that key they are: where the text is not YAML, indentation proves nothing.
    """
    if not may_hold_secret(text):
        return frozenset()
    hidden = set()
    below: int | None = None
    is_pair = False
    for number, line in enumerate(LINE_BREAK.split(text), 1):
        start = line[:_LONGEST_LINE]
        indent = len(line) - len(line.lstrip())
        if below is not None and indent <= below and re.match(_NEXT_KEY, start):
            below = None
        is_pair = re.search(_NAME_OF_VALUE, start) is not None or (is_pair and not re.match(r"\s*-\s", start))
        if below is None and (_begins_secret(start) or (is_pair and re.match(_VALUE, start))):
            # The lines of a private key, and what is in quotes or brackets, need not be indented more.
            below = indent - ("-----BEGIN" in start or _is_open(start))
        if below is not None or len(line) > _LONGEST_LINE or shape_in(line):
            hidden.add(number)
    return frozenset(hidden)


def _is_open(line: str) -> bool:
    """Whether a line begins what a later one closes: a quote or a bracket."""
    opened = line.count("[") + line.count("{") - line.count("]") - line.count("}")
    return opened > 0 or line.count("'") % 2 == 1 or line.count('"') % 2 == 1


def _begins_secret(line: str) -> bool:
    if "PRIVATE KEY" in line or re.search(_KEY_ALONE, line):
        return True
    match = re.search(_KEY_IN_LINE, line)
    if match is None:
        return False
    value = line[match.end() :].strip()
    return not value or not is_harmless(re.sub(_TEMPLATE, "", value).strip("\"', }"))
