"""The generated pages are up to date, and `validate` accepts the examples of the keys."""

from __future__ import annotations

import json

import pytest
import yaml

from dag_factory.config.project import validate_project
from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.serialising import snapshot_text
from docs_tools import keys
from docs_tools.generated import ROOT, examples, files

GENERATED = files()
SCHEMA = json.loads((ROOT / "schemas" / "dag.schema.json").read_text("utf-8"))
EXAMPLES = examples()
SYNC = {"connection_id": "1e3b5a72-7bfd-4808-a13c-204505490110"}
SNAPSHOT = snapshot_text(
    {},
    [
        SnapshotConnection(
            connection_id=connection_id,
            name=name,
            status="active",
            schedule={"scheduleType": "manual"},
            workspace_id="1",
            source=Connector(name="bank", type="postgres"),
            destination=Connector(name="json", type="s3"),
        )
        for connection_id, name in (
            (SYNC["connection_id"], "bank → json"),
            ("7f6c1f6e-52a1-4f43-9f0b-2d3a4a8f5c21", "warehouse"),
        )
    ],
)
# A DAG that updates the assets for which examples wait.
WAREHOUSE = """\
schedule: null
syncs:
  warehouse:
    connection_id: 7f6c1f6e-52a1-4f43-9f0b-2d3a4a8f5c21
    outlets: [warehouse_orders, warehouse_invoices]
"""


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_file_is_up_to_date(name):
    assert (ROOT / "docs" / name).read_text("utf-8") == GENERATED[name], "run `make reference`"


@pytest.mark.parametrize(
    ("part", "paths"),
    [
        ("dag", [key.path for key in keys.dag_keys(SCHEMA)]),
        ("sync", [key.path for key in keys.sync_keys(SCHEMA)]),
    ],
)
def test_every_key_has_an_example(part, paths):
    assert set(EXAMPLES[part]) == set(paths)


@pytest.mark.parametrize("path", sorted(EXAMPLES["dag"]))
def test_the_example_of_a_dags_key_is_accepted(path, configs):
    example = yaml.safe_load(EXAMPLES["dag"][path])
    assert path.partition(".")[0] in example
    schedule = "@daily" if {"start_date", "end_date", "catchup"} & set(example) else None
    check({"schedule": schedule, "syncs": {"money": SYNC}, **example}, EXAMPLES["dag"][path], configs)


@pytest.mark.parametrize("path", sorted(EXAMPLES["sync"]))
def test_the_example_of_a_syncs_key_is_accepted(path, configs):
    if path == "connection":
        configs({"../airbyte/airbyte_default.json": SNAPSHOT})
    example = yaml.safe_load(EXAMPLES["sync"][path])
    assert path in example
    others = {"customers": "3a0e8a0c-3c5e-4f0e-9f57-0c7e0f6f2b01"} if "depends_on" in example else {}
    own = {} if "connection" in example else SYNC
    document = {"schedule": None, "syncs": {**others, "money": {**own, **example}}}
    check(document, EXAMPLES["sync"][path], configs)


def check(document, example, configs):
    """Check a document with the keys of an example, and that the example's own text is YAML."""
    assert "\t" not in example
    # JSON is YAML, and has no anchors.
    root = configs({"example.yaml": json.dumps(document, default=str), "warehouse.yaml": WAREHOUSE})
    assert validate_project(root, "configs", None, lambda _file: True).diagnostics == ()
