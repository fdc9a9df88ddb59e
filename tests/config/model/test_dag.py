"""The model has the schema's keys, and rules, `show` and Airflow's DAG use the schema's defaults."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from dag_factory.config.model import located
from dag_factory.config.model.dag import Dag, Sync, TriggeredDag
from dag_factory.config.model.draft import DraftDag, DraftSync, DraftTrigger
from dag_factory.config.model.located import Key
from dag_factory.config.project import resolve_project, validate_project
from dag_factory.config.schema import keys as keys_module
from dag_factory.config.schema.check import DAG_SCHEMA, schema_text
from dag_factory.config.schema.keys import defaults_of, keys_of
from dag_factory.config.text.dates import moment
from dag_factory.report.explanation import explain

SCHEMA = json.loads(schema_text(DAG_SCHEMA))
DEFS = SCHEMA["$defs"]
UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"


def resolved(key: dict) -> dict:
    if "$ref" not in key:
        return key
    return {**resolved(DEFS[key["$ref"].rsplit("/", 1)[1]]), **key}


def field_names(model) -> set[str]:
    return {each.name for each in fields(model)}


def key_names(kind) -> set[str]:
    return {name for name, each in vars(kind).items() if isinstance(each, Key)}


def test_a_sync_has_the_schemas_keys():
    assert key_names(DraftSync) == set(DEFS["sync"]["properties"])
    assert field_names(Sync) == {"name", *DEFS["sync"]["properties"]}


def test_a_dag_has_the_schemas_keys():
    # Those of the first set are laid over others or end in the syncs; those of the second have parts.
    merged = {"airbyte_conn_id", "defaults", "environments"}
    composed = {"dag_id", "schedule", "syncs", "trigger_dags", "notify"}
    assert key_names(DraftDag) | merged | composed == set(DEFS["dag"]["properties"])
    assert field_names(Dag) - {"location", "defaults_files"} == set(DEFS["dag"]["properties"]) - merged - {
        "timezone"
    }


def test_a_triggered_dag_has_the_schemas_keys():
    properties = set(DEFS["trigger_dags"]["items"]["properties"])
    assert key_names(DraftTrigger) == field_names(TriggeredDag) == properties


# Another value for each default, and the model's value if it differs.
OTHER = {
    "dag": {
        "enabled": False,
        "timezone": "Europe/Berlin",
        "start_date": "2025-02-03",
        "catchup": True,
        "max_active_runs": 7,
        "fail_fast": True,
        "airbyte_conn_id": "other",
    },
    "sync": {
        "airbyte_conn_id": "other",
        "mode": "sync",
        "wait_seconds": 77,
        "timeout": "3h",
        "on_running": "skip",
        "on_timeout": "leave",
        "on_kill": "leave",
        "retry_exponential_backoff": True,
        "trigger_rule": "all_done",
    },
    "trigger": {"wait_for_completion": True, "trigger_rule": "all_done"},
}
TYPED = {"timeout": 10_800}
EACH = [(part, key) for part, values in OTHER.items() for key in values]


@pytest.fixture
def change_default(monkeypatch):
    """Return a function that changes a default in the schema's text, its only source."""

    def change(part, key, value):
        schema = json.loads(schema_text(DAG_SCHEMA))
        definitions = schema["$defs"]
        mapping = definitions["trigger_dags"]["items"] if part == "trigger" else definitions[part]
        mapping["properties"][key]["default"] = value
        if key == "airbyte_conn_id":
            definitions["dag_airbyte_conn_id"]["default"] = value
        monkeypatch.setattr(keys_module, "parsed_schema", lambda _name: schema)
        clear()

    def clear():
        keys_of.cache_clear()
        located.typed_defaults.cache_clear()

    yield change
    monkeypatch.undo()
    clear()


def test_every_default_is_tried():
    assert {part: set(defaults_of(part)) for part in OTHER} == {
        part: set(values) for part, values in OTHER.items()
    }


@pytest.mark.parametrize(("part", "key"), EACH)
def test_a_default_of_the_schema_is_that_of_rules_show_and_model(part, key, configs, change_default):
    value = OTHER[part][key]
    change_default(part, key, value)
    folder = configs({"a.yaml": f"schedule: null\nsyncs:\n  money: {UUID}\ntrigger_dags: [other]\n"})
    resolution = resolve_project(folder, None)
    (found,), (dag,) = resolution.drafts, resolution.project.dags
    expected = TYPED.get(key, value)
    of_draft = {"dag": found, "sync": found.syncs[0], "trigger": found.trigger_dags[0]}[part]
    of_model = {"dag": dag, "sync": dag.syncs[0], "trigger": dag.trigger_dags[0]}[part]
    if (part, key) == ("dag", "airbyte_conn_id"):
        of_draft, of_model = found.syncs[0], dag.syncs[0]
    assert getattr(of_draft, key).value == expected
    if key == "timezone":
        assert (dag.schedule.timezone, dag.start_date.utcoffset()) == (
            value,
            moment("2024-01-01", value).utcoffset(),
        )
    elif key == "start_date":
        assert dag.start_date == datetime(2025, 2, 3, tzinfo=UTC)
    else:
        assert getattr(of_model, key) == expected
    shown = explain(found, dag, datetime(2026, 1, 1, tzinfo=UTC))
    values = {each.key: each.value for each in (*shown.values, *shown.syncs[0].values)}
    assert part == "trigger" or values[key] == value


def test_a_rule_compares_with_the_default_of_the_schema(configs, change_default):
    folder = configs({"a.yaml": f"schedule: null\nsyncs:\n  money: {{connection_id: {UUID}, timeout: 45}}\n"})

    def codes():
        found = validate_project(folder, "configs", None, lambda _file: True)
        return [each.code for each in found.diagnostics]

    assert codes() == []
    change_default("sync", "wait_seconds", 60)
    assert codes() == ["wait-over-timeout"]


def test_every_key_is_described():
    keys = {
        (name, key): resolved(value)
        for name in ("dag", "sync", "schedule")
        for key, value in DEFS[name]["properties"].items()
    }
    assert [key for key, value in keys.items() if not value.get("description")] == []


@pytest.mark.parametrize(
    ("text", "timezone", "expected"),
    [
        ("2026-01-01", "UTC", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01", "Europe/Berlin", datetime(2025, 12, 31, 23, tzinfo=UTC)),
        ("2026-01-01T05:30", "Europe/Berlin", datetime(2026, 1, 1, 4, 30, tzinfo=UTC)),
        ("2026-01-01 05:30:00+02:00", "Europe/Berlin", datetime(2026, 1, 1, 3, 30, tzinfo=UTC)),
        ("2026-01-01T05:30Z", "Europe/Berlin", datetime(2026, 1, 1, 5, 30, tzinfo=UTC)),
    ],
)
def test_a_date_belongs_to_the_time_zone(text, timezone, expected):
    assert moment(text, timezone) == expected
