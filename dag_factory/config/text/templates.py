"""Jinja templates: what keeps one from being parsed. None is ever rendered."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFault:
    """What is wrong with a template, and what to write."""

    message: str
    help: str


# What makes Jinja read a text as more than text.
_OPENING = r"\{[{%#]"

# A variable of a shell, as the whole value.
_SHELL_VARIABLE = r"\$\{?([A-Za-z_][A-Za-z0-9_]{0,99})\}?"

_SHELL_VARIABLE_INSIDE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"

# Longer ones would take long to parse, and nobody writes them.
_LONGEST = 10_000

# As an f-string of Python has it. A mapping in an expression has a key first, and no brace.
_TWICE_OPENED = r"\{\{\s*\{\{"

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
LITERAL_HELP = "write the value itself; where it differs, set it under 'environments'"
_LITERAL = "correct it; braces that are no template are written {{ '{{' }}"


# What a file has to hold where one of its values is a template or a shell's variable, escaped or not. Editors
# read the comment `# yaml-language-server: $schema=...`.
_MARK = r"\{[{%#]|\$(?!schema=)|\\"


@functools.lru_cache(maxsize=64)
def may_hold_template(text: str) -> bool:
    """Whether a value of a file can be a template or a shell's variable; few files have any."""
    return re.search(_MARK, text) is not None


def is_template(text: str) -> bool:
    """Whether Jinja would read a text as more than text."""
    return "{" in text and re.search(_OPENING, text) is not None


def shell_variable(text: str) -> str | None:
    """Give the name of the shell's variable that a text is, as in ${NAME}."""
    match = re.fullmatch(_SHELL_VARIABLE, text.strip())
    return None if match is None else match[1]


def unrendered_help(text: str) -> str | None:
    """Say what to write for a template, or a shell's variable, where Airflow takes the text as it is."""
    if is_template(text):
        return f"no template is rendered here: {LITERAL_HELP}"
    return f"no shell variable is read: {LITERAL_HELP}" if "$" in text and shell_variable(text) else None


@functools.lru_cache(maxsize=4096)
def template_fault(text: str) -> TemplateFault | None:
    """Find what keeps Jinja from parsing a text; None where it is no template, or a very long one."""
    if not is_template(text) or len(text) > _LONGEST:
        return None
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 (0.1 s that only a template costs)

    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        return _fault(text, str(error.message))
    except RecursionError:
        return TemplateFault(message="the template is nested too deep", help="write a simpler one")
    except ValueError:  # Python converts no number of thousands of digits
        return TemplateFault(message="a number in the template is too long", help="write a shorter one")
    return None


def brace_fault(text: str) -> TemplateFault | None:
    """Find what is wrong with a text that was to be a template and is none."""
    return _shell_fault(text) or template_fault(text) or _half_template_fault(text)


def _shell_fault(text: str) -> TemplateFault | None:
    name = shell_variable(text)
    if name is not None:
        hint = f'write "{{{{ var.value.{name.lower()} }}}}" for an Airflow Variable'
        return TemplateFault(message=f"'{text.strip()}' stays as it is: no shell variable is read", help=hint)
    if re.search(_SHELL_VARIABLE_INSIDE, text):
        hint = "write a template of an Airflow Variable in its place: {{ var.value.name }}"
        return TemplateFault(message="no shell variable is read", help=hint)
    return None


def _half_template_fault(text: str) -> TemplateFault | None:
    if "{%" in text:
        return TemplateFault(
            message="a template of statements alone", help="write {{ 'one' if condition else 'another' }}"
        )
    if "}}" in text and "{{" not in text:
        return TemplateFault(
            message="'}}' closes what nothing has opened", help="write {{ before the expression"
        )
    single = re.fullmatch(r"\s*\{\s*(\w[\w.]{0,99})\s*\}\s*", text)
    if single:
        hint = f'write "{{{{ {single[1]} }}}}"'
        return TemplateFault(message="a template has two braces on each side", help=hint)
    return None


def without_blanks(text: str) -> str:
    """Write a template as it is written without blanks, so that two that are one compare as one."""
    return "".join(text.split()) if is_template(text) else text


def names_in(text: str) -> frozenset[str]:
    """Give the names that a template starts from, such as `var` or `params`; none of plain text."""
    if not is_template(text):
        return frozenset()
    return frozenset(re.findall(_NAME, re.sub(_QUOTED, "''", text)))


# Text in quotes; and a name that is no attribute (after a point) and no filter (after a bar).
_QUOTED = r"'[^']*'|\"[^\"]*\""
_NAME = r"(?<![\w.|])(?<!\|\s)[A-Za-z_]\w*"


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment  # noqa: PLC0415 (0.1 s that only a template costs)

    # With the extension that Airflow has. It only parses: nothing is escaped since nothing is rendered.
    return Environment(extensions=["jinja2.ext.do"])  # noqa: S701


def _fault(text: str, told: str) -> TemplateFault:
    empty = re.search(r"\{\{-?\s*-?\}\}", text)
    if empty and "Expected an expression" in told:
        hint = "write an expression such as {{ var.value.name }} or {{ ds }}"
        return TemplateFault(message="an empty template", help=hint)
    if re.search(_TWICE_OPENED, text):
        return TemplateFault(message="a template has two braces on each side", help="write {{ ... }}")
    opened = _left_open(text)
    if opened is not None:
        return TemplateFault(
            message=f"'{opened}' is not closed", help=f"write {_CLOSING[opened]} where the template ends"
        )
    return TemplateFault(
        message=f"a template that Jinja cannot parse: {told[:1].lower()}{told[1:].rstrip('.')}", help=_LITERAL
    )


def _left_open(text: str) -> str | None:
    """Find the first `{{`, `{%` or `{#` that no closing one follows before the next."""
    openings = list(re.finditer(_OPENING, text))
    for opening, following in zip(openings, [*openings[1:], None], strict=True):
        inside = text[opening.end() : following.start() if following else None]
        if _CLOSING[opening[0]] not in inside:
            return opening[0]
    return None
