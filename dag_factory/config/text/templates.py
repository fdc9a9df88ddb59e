"""Jinja templates: whether they can be parsed. No template is rendered."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidTemplate:
    """The error of a template, and what to write instead."""

    message: str
    hint: str


# What begins a template.
_OPENING = r"\{[{%#]"

# A shell variable that is the whole value.
_SHELL_VARIABLE = r"\$\{?([A-Za-z_][A-Za-z0-9_]{0,99})\}?"

_SHELL_VARIABLE_INSIDE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"

# Longer templates take long to parse, and nobody writes them.
_LONGEST = 10_000

# As in an f-string of Python. In an expression a mapping begins with a key, not with a brace.
_TWICE_OPENED = r"\{\{\s*\{\{"

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
LITERAL_HINT = "write the value itself, and set it under 'environments' where it differs"
_LITERAL = "correct it; for literal braces write {{ '{{' }}"


# What a file contains if one of its values is a template or a shell variable, escaped or not. The comment
# `# yaml-language-server: $schema=...` for editors does not count.
_MARK = r"\{[{%#]|\$(?!schema=)|\\"


@functools.lru_cache(maxsize=64)
def may_hold_template(text: str) -> bool:
    """Whether a value of a file can be a template or a shell variable; few files have any."""
    return re.search(_MARK, text) is not None


def is_template(text: str) -> bool:
    """Whether a text contains the start of a template."""
    return "{" in text and re.search(_OPENING, text) is not None


def shell_variable(text: str) -> str | None:
    """Return the name of a shell variable that is the whole text, as in ${NAME}."""
    match = re.fullmatch(_SHELL_VARIABLE, text.strip())
    return None if match is None else match[1]


def unrendered_hint(text: str) -> str | None:
    """Say what to write instead of a template or a shell variable where Airflow renders nothing."""
    if is_template(text):
        return f"templates are not rendered here: {LITERAL_HINT}"
    return f"shell variables are not read: {LITERAL_HINT}" if "$" in text and shell_variable(text) else None


@functools.lru_cache(maxsize=4096)
def template_error(text: str) -> InvalidTemplate | None:
    """Find the reason why Jinja cannot parse a text; None if it can."""
    if not is_template(text):
        return None
    if len(text) > _LONGEST:
        message = f"the text with a template is longer than {_LONGEST:,} characters"
        return InvalidTemplate(message=message, hint="shorten it: longer ones are not parsed")
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 (0.1 s that only a template costs)

    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        return _syntax_error(text, str(error.message))
    except RecursionError:
        return InvalidTemplate(message="the template is nested too deeply", hint="write a simpler one")
    except ValueError:  # Python does not convert a number with thousands of digits
        return InvalidTemplate(message="a number in the template is too long", hint="write a shorter one")
    return None


def intended_template_error(text: str) -> InvalidTemplate | None:
    """Find the error of a text that was probably meant as a template."""
    return _shell_error(text) or template_error(text) or _half_template_error(text)


def _shell_error(text: str) -> InvalidTemplate | None:
    name = shell_variable(text)
    if name is not None:
        hint = f'write "{{{{ var.value.{name.lower()} }}}}" for an Airflow Variable'
        return InvalidTemplate(
            message=f"'{text.strip()}' is not replaced: shell variables are not read", hint=hint
        )
    if re.search(_SHELL_VARIABLE_INSIDE, text):
        hint = "for an Airflow Variable, write {{ var.value.name }} instead"
        return InvalidTemplate(message="shell variables are not read", hint=hint)
    return None


def _half_template_error(text: str) -> InvalidTemplate | None:
    if "{%" in text:
        return InvalidTemplate(
            message="the template has statements but no expression",
            hint="write {{ 'one' if condition else 'another' }}",
        )
    if "}}" in text and "{{" not in text:
        return InvalidTemplate(message="'}}' has no '{{' before it", hint="write {{ before the expression")
    single = re.fullmatch(r"\s*\{\s*(\w[\w.]{0,99})\s*\}\s*", text)
    if single:
        hint = f'write "{{{{ {single[1]} }}}}"'
        return InvalidTemplate(message="a template has two braces on each side", hint=hint)
    return None


def without_spaces(text: str) -> str:
    """Remove the spaces of a template, so that two that differ in spaces alone are equal."""
    return "".join(text.split()) if is_template(text) else text


def names_in(text: str) -> frozenset[str]:
    """Return the names that the expressions of a template begin with, such as `var` or `params`."""
    if not is_template(text):
        return frozenset()
    return frozenset(re.findall(_NAME, re.sub(_QUOTED, "''", text)))


# Text in quotes; and a name that is neither an attribute (after a dot) nor a filter (after a bar).
_QUOTED = r"'[^']*'|\"[^\"]*\""
_NAME = r"(?<![\w.|])(?<!\|\s)[A-Za-z_]\w*"


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment  # noqa: PLC0415 (0.1 s that only a template costs)

    # With Airflow's extension. Nothing is rendered, so nothing has to be escaped.
    return Environment(extensions=["jinja2.ext.do"])  # noqa: S701


def _syntax_error(text: str, reason: str) -> InvalidTemplate:
    empty = re.search(r"\{\{-?\s*-?\}\}", text)
    if empty and "Expected an expression" in reason:
        hint = "write an expression such as {{ var.value.name }} or {{ ds }}"
        return InvalidTemplate(message="the template is empty", hint=hint)
    if re.search(_TWICE_OPENED, text):
        return InvalidTemplate(message="a template has two braces on each side", hint="write {{ ... }}")
    opened = _left_open(text)
    if opened is not None:
        return InvalidTemplate(
            message=f"'{opened}' is not closed", hint=f"write {_CLOSING[opened]} where the template ends"
        )
    return InvalidTemplate(
        message=f"Jinja cannot parse the template: {reason[:1].lower()}{reason[1:].rstrip('.')}",
        hint=_LITERAL,
    )


def _left_open(text: str) -> str | None:
    """Find the first `{{`, `{%` or `{#` that is not closed before the next one begins."""
    openings = list(re.finditer(_OPENING, text))
    for opening, following in zip(openings, [*openings[1:], None], strict=True):
        inside = text[opening.end() : following.start() if following else None]
        if _CLOSING[opening[0]] not in inside:
            return opening[0]
    return None
