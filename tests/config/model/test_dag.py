"""The model has the keys and the defaults that the schema tells."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime

import pytest

from dag_factory.config.model.dag import DEFAULT_START_DATE, Dag, Schedule, Sync, TriggeredDag, moment
from dag_factory.config.schema.check import DAG_SCHEMA, schema_text
from dag_factory.config.text import durations

SCHEMA = json.loads(schema_text(DAG_SCHEMA))
DEFS = SCHEMA["$defs"]


def resolved(key: dict) -> dict:
    if "$ref" not in key:
        return key
    return {**resolved(DEFS[key["$ref"].rsplit("/", 1)[1]]), **key}


def defaults_of(model) -> dict:
    return {each.name: None if each.default is MISSING else each.default for each in fields(model)}


def schema_defaults(properties: dict) -> dict:
    return {name: resolved(key).get("default") for name, key in properties.items()}


def test_sync_has_the_schemas_keys_and_defaults():
    told = schema_defaults(DEFS["sync"]["properties"])
    told["timeout"] = durations.seconds(told["timeout"])
    # The default of the sync's Airflow connection is told at the DAG's.
    told["airbyte_conn_id"] = resolved(DEFS["dag_airbyte_conn_id"])["default"]
    told["depends_on"] = ()
    held = defaults_of(Sync)
    assert held.pop("name") is None
    assert held == told


def test_dag_has_the_schemas_keys_and_defaults():
    told = schema_defaults(DEFS["dag"]["properties"])
    held = defaults_of(Dag)
    # These keys end in the syncs or are laid over the others, and so are no field.
    gone = {"airbyte_conn_id", "defaults", "environments", "timezone"}
    added = {"place", "defaults_files"}
    assert set(told) - gone == set(held) - added
    assert told["start_date"] == DEFAULT_START_DATE
    assert told["timezone"] == Schedule().timezone
    plain = {
        name: value for name, value in told.items() if value is not None and name not in {"start_date", *gone}
    }
    assert plain == {name: held[name] for name in plain}


def test_triggered_dag_has_the_schemas_keys_and_defaults():
    told = schema_defaults(DEFS["trigger_dags"]["items"]["properties"])
    assert {**defaults_of(TriggeredDag), "after": None} == told


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
