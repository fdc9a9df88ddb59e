"""Values and comments as YAML that is read back exactly, by YAML 1.1 and by 1.2, and hides nothing."""

from __future__ import annotations

import re

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.config.yaml.values import NOT_PRINTABLE
from dag_factory.report.escapes import escape

# Words that no version of YAML reads as anything but text, and cron expressions.
_PLAIN = re.compile(
    r"[A-Za-z_][A-Za-z0-9_-]*|[A-Za-z_][A-Za-z0-9_+/-]*[A-Za-z0-9]|[0-9][0-9,/-]*( [0-9L*/,#-]+){4}"
)
_RESERVED = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_LONGEST_COMMENT = 300


def scalar(text: str) -> str:
    """Write a text: as it is where that is safe, else in double quotes with escapes for what is not seen."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Write a text in double quotes. Python's escapes for invisible characters are YAML's too."""
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escape(doubled)}"'


def can_be_written(text: str) -> bool:
    """Whether a configuration may hold a text: control characters are refused there, even as escapes."""
    return NOT_PRINTABLE.search(text) is None


def comment(text: str) -> str:
    """Write a text as one comment, without what it would break or give away."""
    shown = escape(redacted(text))
    return f"# {shown if len(shown) <= _LONGEST_COMMENT else f'{shown[: _LONGEST_COMMENT - 1]}…'}"
