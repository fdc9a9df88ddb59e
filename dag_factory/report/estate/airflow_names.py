"""The Airflow variables and connections that a template names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from dag_factory.config.text.templates import is_template

Kind: TypeAlias = Literal["variable", "connection"]

_INSIDE = r"\{\{.*?\}\}|\{%.*?%\}"
# Three ways to write a key: .get('key', ...), ['key'] and .key
_KEY = r"""\s*(?:\.\s*get\(\s*['"]([^'"]+)['"]|\[\s*['"]([^'"]+)['"]|\.\s*(\w+))"""
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("variable", rf"(?<![\w.'\"])var\s*\.\s*(?:value|json){_KEY}"),
    ("connection", rf"(?<![\w.'\"])conn{_KEY}"),
)


def airflow_names(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield what a template takes from Airflow, as far as it is written out: `var.value.x`, `conn.x`."""
    if not is_template(text):
        return
    for inside in re.findall(_INSIDE, text, re.DOTALL):
        for kind, pattern in _PATTERNS:
            for groups in re.findall(pattern, inside):
                yield kind, next(filter(None, groups))
