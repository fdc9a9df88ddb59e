"""JSON, as programs read it."""

from __future__ import annotations

import json

from dag_factory.report.json_report import json_text, render


def test_every_field_is_there(diagnostics, files):
    assert json.loads(render(diagnostics, files)) == {
        "files": 3,
        "diagnostics": [
            {
                "file": "configs/a b,ü.yaml",
                "line": 3,
                "column": 5,
                "end_line": 3,
                "end_column": 11,
                "code": "unknown-key",
                "severity": "error",
                "message": "unknown key '<\"&%:,>\x1b[2J\r\n::error::x'",
                "help": "write 100%",
                "environment": "dev",
            },
            {
                "file": "configs/defaults.yaml",
                "line": 2,
                "column": 1,
                "end_line": 2,
                "end_column": 9,
                "code": "no-effect",
                "severity": "warning",
                "message": "'max_retry_delay' has no effect",
                "help": None,
                "environment": None,
            },
            {
                "file": "configs/money.yaml",
                "line": 4,
                "column": 3,
                "end_line": 6,
                "end_column": 1,
                "code": "wrong-type",
                "severity": "error",
                "message": "'owner' is a list, not text",
                "help": None,
                "environment": None,
            },
        ],
    }


def test_the_text_is_laid_out_for_people(files):
    assert render((), files) == '{\n  "files": 3,\n  "diagnostics": []\n}\n'


def test_characters_that_other_programs_interpret_are_escaped():
    assert json_text("##[x] ##vso[y] # ## \x7f") == (
        '"\\u0023\\u0023[x] \\u0023\\u0023vso[y] # ## \\u007f"\n'
    )
