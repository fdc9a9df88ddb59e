"""How each Airflow serialises the DAGs of configurations, compared with stored files of its minor version.

`make serialised` regenerates the stored files; review the changes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import BaseNotifier
from airflow.serialization import serialized_objects

from dag_factory import versions
from dag_factory.config.project import load_project
from dag_factory.factory.load import load_dags

pytestmark = pytest.mark.matrix

HERE = Path(__file__).parent
TESTS = HERE.parent
STORED = HERE / "serialised" / ".".join(map(str, versions.VERSION))
FOLDERS = {"examples": TESTS.parent / "configs", "language": HERE / "configs"}
# Airflow 2 rejects the DAGs of these golden cases, as their warning explains.
REFUSED = {"pool-name"} if versions.VERSION < (3, 0) else set()
CASES = [path for path in sorted((TESTS / "cases").glob("*/*")) if path.parent.name not in REFUSED]
# Keys that depend on the machine, not on the configuration.
MACHINE_KEYS = ("fileloc", "relative_fileloc", "_processor_dags_folder")
LINK = "Airbyte connection"


class Pager(BaseNotifier):
    """The notifier named in the golden cases."""

    def __init__(self, **_arguments):
        super().__init__()

    def notify(self, context):
        """Notify nobody."""


TEAM = {"team": ModuleType("team"), "team.alerts": SimpleNamespace(Pager=Pager)}


def airflow_serialisation():
    """Return the class that serialises DAGs; since 3.2 it differs from that of the scheduler's DAGs."""
    return getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG


def serialised(folder):
    """Load and serialise all DAGs of a folder as Airflow's DAG processor does, by id."""
    return {dag_id: airflow_serialisation().to_dict(dag) for dag_id, dag in sorted(load_dags(folder).items())}


def as_text(document):
    """Return the text that is stored for a DAG."""
    for name in MACHINE_KEYS:
        document["dag"].pop(name, None)
    return json.dumps(without_sources(document), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def without_sources(part):
    """Remove the source code of notifiers, which Airflow stores until 3.1."""
    if isinstance(part, list):
        return [without_sources(each) for each in part]
    if not isinstance(part, dict):
        return part
    is_code = {key for key in part if key.endswith("_callback") and isinstance(part[key], list)}
    return {key: len(part[key]) if key in is_code else without_sources(part[key]) for key in part}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_dags_are_serialised_as_stored(name):
    found = {dag_id: as_text(document) for dag_id, document in serialised(FOLDERS[name]).items()}
    folder = STORED / name
    if os.environ.get("UPDATE_SERIALISED"):
        folder.mkdir(parents=True, exist_ok=True)
        for dag_id, text in found.items():
            (folder / f"{dag_id}.json").write_text(text, "utf-8")
    assert set(found) == {path.stem for path in folder.glob("*.json")}
    for dag_id, text in found.items():
        assert text == (folder / f"{dag_id}.json").read_text("utf-8"), dag_id


@pytest.mark.parametrize("name", FOLDERS)
def test_two_parses_are_identical(name):
    first, second = (json.dumps(serialised(FOLDERS[name])) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", FOLDERS)
def test_deserialised_dags_have_the_link(name):
    for dag_id, document in serialised(FOLDERS[name]).items():
        again = airflow_serialisation().from_dict(json.loads(json.dumps(document)))
        assert again.dag_id == dag_id
        syncs = [task for task in again.tasks if task.task_type.startswith("AirbyteSync")]
        assert syncs
        assert {link.name for task in syncs for link in task.operator_extra_links} == {LINK}
        assert {len(task.operator_extra_links) for task in syncs} == {1}


@pytest.mark.parametrize("name", FOLDERS)
def test_this_airflow_accepts_every_dag(name):
    assert set(serialised(FOLDERS[name])) == accepted(FOLDERS[name])


@pytest.mark.skipif(versions.VERSION >= (3, 0), reason="Airflow 3 takes any pool name")
def test_airflow_2_rejects_the_dags_of_the_warning(configs):
    for path in (TESTS / "cases" / "pool-name").glob("*.yaml"):
        assert not serialised(configs({path.name: path.read_bytes()}))


def test_this_airflow_accepts_every_golden_case_that_validation_accepts(configs, monkeypatch):
    """Includes the DAGs of files with warnings, and of files next to others with errors."""
    for name, module in TEAM.items():
        monkeypatch.setitem(sys.modules, name, module)
    folders = [next(path.glob("configs"), path) for path in CASES if path.is_dir()]
    for number, path in enumerate(path for path in CASES if path.suffix == ".yaml"):
        folders.append(configs({f"{number}/{path.name}": path.read_bytes()}) / str(number))
    made = {folder: set(serialised(folder)) for folder in folders}
    assert made == {folder: accepted(folder) for folder in folders}
    assert sum(map(len, made.values())) > 40


def accepted(root):
    """Return the ids of the DAGs that validation accepts."""
    return {model.dag_id for model in load_project(root, None).dags if model.enabled}
