"""The schemas that the command writes for editors."""

from __future__ import annotations

import json

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from dag_factory.cli.main import main
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, schema_text
from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.serialising import snapshot_text

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


def test_the_names_of_connections_are_written_as_examples(printed, tmp_path):
    (tmp_path / "airbyte" / "dev").mkdir(parents=True)
    (tmp_path / "airbyte" / "airbyte_default.json").write_text(snapshot("bank → json", "crm"), "utf-8")
    (tmp_path / "airbyte" / "dev" / "airbyte_default.json").write_text(snapshot("only in dev"), "utf-8")
    (tmp_path / "airbyte" / "broken.json").write_text("{", "utf-8")
    printed("--output", str(tmp_path / "schemas"))
    schema = json.loads((tmp_path / "schemas" / DAG_SCHEMA).read_text("utf-8"))
    names = ["bank → json", "crm", "only in dev"]
    assert schema["$defs"]["connection_name"]["examples"] == names
    assert schema["$defs"]["sync"]["examples"] == names
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"syncs": {"money": "another name"}})


def snapshot(*names: str) -> str:
    nowhere = Connector(name="", type="")
    return snapshot_text(
        {},
        [
            SnapshotConnection(
                connection_id=f"{number:08d}-0000-4000-8000-000000000000",
                name=name,
                status="active",
                schedule={"scheduleType": "manual"},
                workspace_id="",
                source=nowhere,
                destination=nowhere,
            )
            for number, name in enumerate(names)
        ],
    )
