"""The schemas that the command writes for editors."""

from __future__ import annotations

import json

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from dag_factory.cli.main import main
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, schema_text

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.fixture
def printed(capsys):
    def call(*arguments):
        assert main(["schema", *arguments]) == 0
        return capsys.readouterr().out

    return call


def test_the_schema_of_a_dag_is_the_file_itself(printed):
    assert printed() == schema_text(DAG_SCHEMA)


def test_the_schema_of_defaults_is_self_contained(printed):
    text = printed("--defaults")
    assert DAG_SCHEMA not in text
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    # A dangling reference would raise here.
    validator = Draft202012Validator(schema)
    good = {"schedule": "@daily", "defaults": {"retries": 1}, "environments": {"dev": {"schedule": None}}}
    assert list(validator.iter_errors(good)) == []
    for wrong in ({"dag_id": "money"}, {"syncs": {"money": UUID}}, {"defaults": {"retrys": 1}}, {"x": 1}):
        assert list(validator.iter_errors(wrong))


def test_both_are_written_unchanged(printed, tmp_path):
    folder = tmp_path / "new" / "schemas"
    for _ in range(2):
        assert printed("--output", str(folder)) == (
            f"wrote {folder / DAG_SCHEMA}\nwrote {folder / DEFAULTS_SCHEMA}\n"
        )
    written = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert written == {name: schema_text(name) for name in (DAG_SCHEMA, DEFAULTS_SCHEMA)}


def test_a_file_in_the_way_is_reported(tmp_path, capsys):
    (tmp_path / "schemas").write_text("")
    assert main(["schema", "--output", str(tmp_path / "schemas")]) == 2
    assert (
        capsys.readouterr().err
        == f"dag-factory schema: '{tmp_path / 'schemas'}' cannot be written: File exists\n"
    )
