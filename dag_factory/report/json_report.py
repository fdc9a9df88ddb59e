"""Diagnostics as JSON, for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from dag_factory.config.diagnostics import Diagnostic

# A CI runner would read the first as a command, and a terminal acts on the second.
_SUSPECT = re.compile(r"##(?=\w*\[)|\x7f")


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """Render `{"files": number, "diagnostics": [...]}`.

    Lines and columns count from 1, columns in characters, and the end is exclusive. The text is ASCII.
    """
    return json_text({"files": len(files), "diagnostics": [_as_dict(each) for each in diagnostics]})


def json_text(value: object) -> str:
    """Return JSON in ASCII, without anything that a terminal or a CI runner acts on."""
    text = json.dumps(value, indent=2)
    return f"{_SUSPECT.sub(lambda found: _escaped(found[0]), text)}\n"


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def _as_dict(diagnostic: Diagnostic) -> dict[str, object]:
    span = diagnostic.span
    return {
        "file": diagnostic.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "help": diagnostic.help,
        "environment": diagnostic.environment,
    }
