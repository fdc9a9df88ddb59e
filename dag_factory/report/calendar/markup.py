"""Elements of HTML and SVG: every text and every attribute is escaped where it is written."""

from __future__ import annotations

import html

from dag_factory.report.escapes import escape


def element(name: str, content: str, *, is_text: bool = True, **attributes: str) -> str:
    """Write an element; its content is text, or elements if `is_text` is false.

    In the names of attributes `class_` is class, and `_` is `-`.
    """
    inside = escaped(content) if is_text else content
    return f"<{name}{_attributes(attributes)}>{inside}</{name}>"


def empty(name: str, **attributes: str) -> str:
    """Write an element without content."""
    return f"<{name}{_attributes(attributes)}/>"


def escaped(text: str) -> str:
    """Escape a text for HTML, and what would hide in it or turn it round."""
    return html.escape(escape(text))


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"' for name, value in attributes.items()
    )
