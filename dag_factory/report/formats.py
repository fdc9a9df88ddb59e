"""Which formats there are, by name, and the function that renders each; a module is loaded when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from dag_factory.config.diagnostics import Diagnostic


class Render(Protocol):
    """What a format's module offers as `render`."""

    def __call__(self, diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
        """Render what was found in the files of these names; ends with a line break unless empty."""


# The name to the module of this package whose `render` it is.
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
    """Give the function of a format."""
    render: Render = importlib.import_module(f"dag_factory.report.{FORMATS[name]}").render
    return render
