"""Diagnostics as SARIF 2.1.0, which GitHub's code scanning and other servers track over time.

The field names are those of the standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from dag_factory.config.codes import CODES, ERRORS
from dag_factory.config.diagnostics import Diagnostic, Severity, Span
from dag_factory.report.json_report import json_text

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Json: TypeAlias = dict[str, Any]


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:  # noqa: ARG001 (as every format)
    """Render a log of one run; columns count from 1 in characters, and the end is exclusive."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    run = {
        "tool": {"driver": _driver(codes)},
        "columnKind": "unicodeCodePoints",
        "results": _results(diagnostics, codes),
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(codes: Sequence[str]) -> Json:
    driver = {"name": "dag-factory", "rules": [_rule(code) for code in codes]}
    try:
        return {**driver, "version": importlib.metadata.version("airbyte-dag-factory")}
    except importlib.metadata.PackageNotFoundError:  # run from source, not installed
        return driver


def _rule(code: str) -> Json:
    command = f"dag-factory rule {code}"
    description = {"text": CODES.get(code, code)}
    return {
        "id": code,
        "shortDescription": description,
        "fullDescription": description,  # GitHub's code scanning requires it
        # Not a link: a report is shown in repositories that do not hold the rules' page.
        "help": {"text": f"{command} explains this rule", "markdown": f"`{command}` explains this rule"},
        "defaultConfiguration": {"level": "error" if code in ERRORS else "warning"},
    }


def _results(diagnostics: Sequence[Diagnostic], codes: Sequence[str]) -> list[Json]:
    seen: Counter[str] = Counter()
    results = []
    for diagnostic in diagnostics:
        content = _fingerprint(diagnostic)
        seen[content] += 1
        fingerprint = f"{content}:{seen[content]}"
        result = {
            "ruleId": diagnostic.code,
            "ruleIndex": codes.index(diagnostic.code),
            "level": "error" if diagnostic.severity is Severity.ERROR else "warning",
            "message": {"text": _plain(_message(diagnostic))},
            "locations": [{"physicalLocation": _location(diagnostic.file, diagnostic.span)}],
            "partialFingerprints": {"primaryLocationLineHash": fingerprint},
        }
        if diagnostic.related:
            result["relatedLocations"] = [
                {
                    "message": {"text": _plain(each.message)},
                    "physicalLocation": _location(each.file, each.span),
                }
                for each in dict.fromkeys(diagnostic.related)
            ]
        results.append(result)
    return results


def _message(diagnostic: Diagnostic) -> str:
    environment = f" (environment {diagnostic.environment})" if diagnostic.environment else ""
    hint = f"\nhelp: {diagnostic.help}" if diagnostic.help else ""
    return f"{diagnostic.message}{environment}{hint}"


def _plain(text: str) -> str:
    """Break what the standard reads as a link: `[text](target)`, section 3.11.6."""
    return text.replace("](", "] (")


def _location(file: str, span: Span) -> Json:
    return {
        "artifactLocation": {"uri": _uri(file)},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }


def _uri(file: str) -> str:
    """Return a path as a relative reference (RFC 3986), byte for byte as the file system has it."""
    return quote(file, safe="/", errors="surrogateescape")


def _fingerprint(diagnostic: Diagnostic) -> str:
    """Return the same fingerprint for a finding that has only moved to another line."""
    line = "".join((diagnostic.source_line or "").split())
    content = "\0".join((diagnostic.file, diagnostic.code, diagnostic.message, line))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
