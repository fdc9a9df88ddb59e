"""Airflow loads what validate accepts, and validate rejects what the loader rejects, with the same messages.

The documents are made from the schema's types, patterns and bounds, with valid values where rules need them.
"""

from __future__ import annotations

import json
import os
import re
import sys
import types
import warnings
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import available_timezones

import pendulum
import pytest
from airflow.models import DagModel
from airflow.providers.common.compat.sdk import BaseNotifier
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dag_factory import ConfigError, load_dags, raise_config_errors
from dag_factory.config.diagnostics import Severity
from dag_factory.config.project import validate_project
from dag_factory.config.schema.check import DAG_SCHEMA, schema_text

pytestmark = pytest.mark.airflow

SCHEMA = json.loads(schema_text(DAG_SCHEMA))
# Folders, and the number of files in each.
EXAMPLES, FILES = 80, 8
NAMES = ("a", "B-1", "_", "x" * 200, "trigger_a")


class Recorder(BaseNotifier):
    """A notifier without effect."""

    def __init__(self, **arguments: object) -> None:
        super().__init__()
        self.arguments = arguments

    def notify(self, context):
        """Do nothing."""


def merged(schema):
    """Merge a schema with the one that it refers to."""
    if "$ref" not in schema:
        return schema
    below = merged(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    properties = {**below.get("properties", {}), **schema.get("properties", {})}
    return {**below, **schema, "properties": properties}


PRINTABLE = st.characters(exclude_categories=["Cs", "Cc"])
TEXT = st.one_of(
    st.text(PRINTABLE, max_size=20),
    st.sampled_from(
        ["", " ", "a\tb\nc\r\n", "no", "null", "1.0", "{{ x }}", "{% x %}", "a\0b", "\x1b[1m", "\x85"]
    ),
)

MINUTE = st.sampled_from(["*", "H", "0", "5,35", "1-5", "*/2", "H/10", "H(1-2)", "0-59/61", "7-3", "59"])
HOUR = st.sampled_from(["*", "H", "0", "5,23", "1-5", "*/2", "H/10", "H(1-2)", "24", "22-3", "20-23/3"])
DAY_OF_MONTH = st.sampled_from(["*", "*", "*", "?", "1", "L", "31", "*/3", "H", "1,L"])
MONTH = st.sampled_from(["*", "*", "*", "2", "jan", "*/3", "H", "JAN-MAR", "L"])
WEEKDAY = st.sampled_from(
    ["*", "*", "*", "?", "mon", "5#3", "L5", "0-7", "sun,sat", "H", "*/3", "L", "fri-mon"]
)
CRONS = st.one_of(
    st.tuples(MINUTE, HOUR, DAY_OF_MONTH, MONTH, WEEKDAY).map(" ".join),
    st.tuples(MINUTE, HOUR, st.just("* * *")).map(" ".join),
    st.sampled_from(["@daily", "@once", "@continuous", "@monthly", "@quarterly", "0 0 29 2 *", "0 0 30 2 *"]),
    st.integers(1, 3_000).map(lambda times: f"{'0,' * times}0 0 * * *"),
)
SOUND_CRONS = st.sampled_from(
    [
        "@hourly",
        "H H * * *",
        "*/15 6-20 * * 1-5",
        "0 0 29 2 *",
        "H 3 L * *",
        "30 2 * * *",
        "0 9 * * 5#2",
        "H H(1-4) H * *",
    ]
)
ZONES = st.one_of(
    st.sampled_from(sorted(available_timezones())),
    st.sampled_from(["Europe", "europe/berlin", "UTC+1", "../UTC", "", "localtime"]),
)
MOMENTS = st.one_of(
    st.datetimes(min_value=datetime(1970, 1, 1)).map(lambda each: each.isoformat()[:19]),
    st.dates(min_value=date(1970, 1, 1)).map(str),
    st.sampled_from(
        ["1970-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "2024-03-31T02:30", "2026-02-30", "9999-12-31"]
    ),
    st.just("2026-01-01T24:00"),
)
ASSETS = st.sampled_from(
    [
        *(
            "s3://b/k",
            "s3:",
            "file:///a",
            "postgres://h/d",
            "://",
            "x://u:p@h/",
            "a?b=%00",
            "http://[",
            "a://b:c/",
        ),
        *(
            "http://[v1.x]/a",
            "self",
            "context",
            "airflow",
            "AIRFLOW://a",
            "a:b",
            "//airflow/x",
            "x-y://z",
            "?",
        ),
        *(
            "x://h:99999/",
            "//[",
            "[",
            "http://a#b",
            "%",
            "a/../b",
            "x" * 1500,
            "Airflow:x",
            "//u:p@h",
            "x://[::1]",
        ),
    ]
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.floats(-1e9, 1e9), TEXT), st.lists
)
KNOWN = {
    "dag_id": st.uuids().map(str),
    # Not from its pattern, whose simplest match is the placeholder, which is rejected.
    "connection_id": st.one_of(st.uuids().map(str), st.just("{{ var.value.money }}")),
    "cron": CRONS,
    "timezone": ZONES,
    "start_date": MOMENTS,
    "end_date": MOMENTS,
    "executor": st.just("LocalExecutor"),
    "notifier": st.just("recorders.Recorder"),
    "depends_on": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
    "after": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
    "conf": st.dictionaries(TEXT, JSON, max_size=2),
}


def strategy(schema, depth=0):
    """Return a strategy for values of a schema, before any rules."""
    schema = merged(schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return st.one_of(*(KINDS[kind](schema, depth) for kind in kinds))


def texts(schema, _depth):
    pattern, low, high = (schema.get(key) for key in ("pattern", "minLength", "maxLength"))
    if pattern is None:
        return st.one_of(TEXT, st.just("x" * (high or 3_000))).filter(lambda text: len(text) >= (low or 0))
    likely = st.from_regex(re.compile(pattern.replace("$", r"\Z")), alphabet=PRINTABLE)
    choices = st.one_of(ASSETS, likely) if "|context)" in pattern else likely
    return choices.filter(lambda text: (low or 0) <= len(text) <= (high or 3_000))


def integers(schema, _depth):
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    high = schema.get("maximum", 10**17)
    return st.one_of(st.sampled_from([low, high]), st.integers(low, min(high, low + 100)))


def arrays(schema, depth):
    items = strategy(schema["items"], depth + 1) if depth < 4 else st.just("deep")
    return st.lists(items, min_size=schema.get("minItems", 0), max_size=3, unique_by=json.dumps)


def objects(schema, depth, required=()):
    """Draw some of a mapping's optional keys, and all required ones."""
    parts = {
        key: part(key, each, depth)
        for key, each in schema.get("properties", {}).items()
        if "not" not in each and depth < 5
    }
    needed = [key for key in (*required, *schema.get("required", ())) if key in parts]
    return some_of(parts, needed, schema.get("maxProperties", 4))


@st.composite
def some_of(draw, parts, needed, most):
    if not parts:
        return {}
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), min_size=not needed, max_size=most, unique=True))
    return {key: draw(parts[key]) for key in dict.fromkeys([*needed, *chosen])}


def schedules(keys, depth):
    """Draw any form of a schedule, without keys that exclude each other."""
    cron, zone = SOUND_CRONS, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
    every, assets = (strategy(keys[key], depth + 1) for key in ("every", "assets"))
    return st.one_of(
        st.none(),
        cron,
        st.fixed_dictionaries({"every": every}),
        st.fixed_dictionaries({"cron": cron}, optional={"timezone": zone, "assets": assets}),
        st.fixed_dictionaries({"assets": assets}),
    )


def part(key, schema, depth):
    if key == "syncs":
        sync = objects(merged(SCHEMA["$defs"]["sync"]), depth, ("connection_id",))
        return st.dictionaries(st.sampled_from(NAMES), sync, min_size=1, max_size=3)
    if key == "schedule":
        return st.one_of(
            CRONS, schedules(merged(schema)["properties"], depth), KINDS["object"](merged(schema), depth)
        )
    if key == "environments":
        return st.fixed_dictionaries({"dev": objects({"properties": DAG_PARTS}, depth + 1)})
    return KNOWN[key] if key in KNOWN else strategy(schema, depth + 1)


KINDS = {
    "string": texts,
    "integer": integers,
    "array": arrays,
    "object": objects,
    "boolean": lambda _schema, _depth: st.booleans(),
    "null": lambda _schema, _depth: st.none(),
}

DAG = merged(SCHEMA)
DAG_PARTS = {key: each for key, each in DAG["properties"].items() if key not in ("environments", "dag_id")}
DOCUMENTS = objects({"properties": DAG["properties"]}, 0, ("schedule", "syncs"))
FOLDERS = st.lists(DOCUMENTS, min_size=FILES, max_size=FILES)


def as_yaml(document):
    """Format as YAML, with an escape for each character that YAML does not accept."""
    return re.sub(
        "[\x7f-\x9f\ufffe\uffff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        json.dumps(document, ensure_ascii=False),
    )


def messages_of(diagnostics):
    """Return the errors; a secret blocks no DAG, so only validate reports it."""
    return {
        (each.file, each.span, each.code, each.message, each.help)
        for each in diagnostics
        if each.severity is Severity.ERROR and each.code != "secret"
    }


def refused_by_loader(root):
    try:
        raise_config_errors(root)
    except ConfigError as error:
        return messages_of(error.diagnostics)
    return set()


def check_scheduling(data):
    """Process a serialised DAG as the scheduler does, and check texts against the database's columns."""
    dag = DagSerialization.from_dict(json.loads(data))
    latest = dag.end_date
    limits = TimeRestriction(earliest=pendulum.instance(dag.start_date), latest=latest, catchup=dag.catchup)
    dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=limits)
    assert len(dag.timetable.description or "") <= DagModel.timetable_description.type.length
    assert len(dag.owner) <= 500  # Log.owner, the shortest column that it is written to
    assert "\\u0000" not in data  # PostgreSQL rejects such text


def serialised(dag):
    return json.dumps(DagSerialization.to_dict(dag), sort_keys=True)


# Without a database of examples and without randomness: each run tries the same.
SETTINGS = settings(max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate])


def write(root, folder):
    root.mkdir()
    for number, document in enumerate(folder):
        (root / f"d{number}.yaml").write_text(as_yaml(document), "utf-8")


def loaded(root):
    return {dag_id: serialised(dag) for dag_id, dag in load_dags(root).items()}


def without_help(diagnostics):
    return {each[:-1] for each in diagnostics}


def check_folder(root):
    """Compare validate with the loader in each environment. Return the number of loaded DAGs."""
    findings = validate_project(root, "configs", None, lambda _file: True)
    count = 0
    for environment in ("", "dev"):
        os.environ["DAG_FACTORY_ENV"] = environment
        refused = {each for each in refused_by_loader(root) if each[2] != "unknown-environment"}
        here = messages_of(
            each for each in findings.diagnostics if not (each.environment and not environment)
        )
        if environment:
            # An environment may add syncs and DAGs, which hints then name too.
            assert without_help(refused) <= without_help(here)
        else:
            assert refused == here
        dags = loaded(root)
        assert environment or loaded(root) == dags
        for data in dags.values():
            check_scheduling(data)
        count += len(dags)
    return count


def test_accepted_documents_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "recorders", types.SimpleNamespace(Recorder=Recorder))
    monkeypatch.setenv("DAG_FACTORY_ENV", "")
    counts = []

    @settings(SETTINGS, suppress_health_check=list(HealthCheck))
    @given(folder=FOLDERS)
    def check(folder):
        with TemporaryDirectory() as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Airflow warns about passwords in URIs and crons next to assets
            write(Path(temporary) / "configs", folder)
            counts.append(check_folder(Path(temporary) / "configs"))

    check()
    # The names of time zones depend on the machine, and so do the documents: about 1,000 are loaded.
    assert sum(counts) > 2 * EXAMPLES
