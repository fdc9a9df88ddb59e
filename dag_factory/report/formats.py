"""The report formats by name. The module of a format is imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from dag_factory.config.diagnostics import Diagnostic


class Render(Protocol):
    """The function `render` of a format's module."""

    def __call__(self, diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
        """Render what was found in these files; the text ends with a line break unless it is empty."""


# Format to module of this package.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "text": "text",
        "concise": "concise",
        "github": "github",
        "json": "json_report",
        "sarif": "sarif",
        "junit": "junit",
    }
)


def renderer(name: str) -> Render:
    """Return the function that renders a format."""
    render: Render = importlib.import_module(f"dag_factory.report.{FORMATS[name]}").render
    return render
