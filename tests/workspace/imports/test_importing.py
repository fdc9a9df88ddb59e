"""Any connections become files that are read back: each once, by a name that finds it or by its id."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.project import validate_project
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.config.yaml.document import parse_source
from dag_factory.workspace.imports.dag_folder import DagFolder, read_dag_folder
from dag_factory.workspace.imports.grouping import GROUPS
from dag_factory.workspace.imports.importing import plan
from dag_factory.workspace.imports.selection import Choice, NothingMatchesError, selected
from tests.workspace.snapshot_samples import basic, connection, connection_id, cron, snapshot_of

EMPTY = DagFolder(
    name="configs",
    defaults=(),
    environments=(None,),
    declared=(),
    drafts=(),
    own_names=frozenset(),
    schema=None,
    snapshots=Snapshots(folder=Path("nowhere"), name="airbyte"),
)

# Halves of characters too, as JSON can hold them.
texts = st.text(st.characters(codec=None), min_size=1, max_size=20) | st.sampled_from(
    [
        "null",
        "yes",
        "1e3",
        "same",
        "Same",
        "cafe\u0301",
        "caf\u00e9",
        "defaults",
        "a\n# b",
        "\u202e",
        "{{ x }}",
        "x" * 256,
    ]
)
schedules = st.sampled_from(
    [
        {"scheduleType": "manual"},
        basic("Every 1 HOURS"),
        cron("0 0/5 * ? * 6#3 UTC"),
        cron("0 0 3 15W * ? UTC"),
    ]
)


def files_of(connections, **choice):
    chosen, snapshot = Choice(**choice), snapshot_of(*connections)
    return plan(selected(snapshot, chosen, frozenset()), snapshot, chosen, EMPTY).files, snapshot


def syncs_in(text: str):
    source = parse_source(text.encode(), "file")
    assert source.diagnostics == ()
    (document,) = source.documents
    assert document.diagnostics == ()
    return document.value["syncs"].values()


@given(st.lists(st.tuples(texts, schedules, st.lists(texts)), min_size=1), st.sampled_from([None, *GROUPS]))
def test_each_connection_is_found_again(drawn, group_by):
    connections = [
        connection(number, name, schedule, tags=tags) for number, (name, schedule, tags) in enumerate(drawn)
    ]
    files, snapshot = files_of(connections, group_by=group_by)
    found = []
    for sync in (sync for file in files for sync in syncs_in(file.text)):
        named = snapshot.named(sync["connection"]) if "connection" in sync else ()
        assert len(named) == ("connection" in sync)
        found += [each.connection_id for each in named] or [sync["connection_id"]]
    assert sorted(found) == sorted(each.connection_id for each in connections)
    assert len({file.dag_id.lower() for file in files}) == len(files)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("repository") / "configs"


@given(st.lists(st.tuples(texts, schedules, st.lists(texts)), min_size=1), st.sampled_from([None, *GROUPS]))
def test_validate_has_nothing_to_say(folder, drawn, group_by):
    connections = [
        connection(number, name, schedule, tags=tags) for number, (name, schedule, tags) in enumerate(drawn)
    ]
    files, _ = files_of(connections, group_by=group_by, by_id=True)
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for file in files:
        (folder / f"{file.dag_id}.yaml").write_text(file.text, "utf-8")
    assert validate_project(folder, "configs", None, lambda _file: True).diagnostics == ()


def test_what_does_not_fit_into_one_file_becomes_several():
    files, _ = files_of([connection(number, f"n{number}") for number in range(1100)], group_by="source")
    assert [len(file.connections) for file in files] == [500, 500, 100]
    assert [file.dag_id for file in files] == ["bank", "bank_2", "bank_3"]
    long, _ = files_of([connection(number, chr(0xE0100) * 256) for number in range(500)], group_by="source")
    assert all(len(file.text.encode()) < 256 * 1024 for file in long)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"names": ("shop*",)}, "no connection has a name like 'shop*'"),
        ({"names": ("bank", "gone")}, "no connection has a name like 'gone'"),
        ({"tags": ("x",)}, "no connection has the tag 'x'; tags are: daily"),
    ],
)
def test_what_matches_nothing_is_an_error(choice, message):
    connections = [connection(1, "bank", tags=["daily"]), connection(2, "gone", status="deprecated")]
    with pytest.raises(NothingMatchesError) as raised:
        files_of(connections, **choice)
    assert str(raised.value) == message


def test_names_match_in_either_form_of_unicode_and_with_brackets():
    files, _ = files_of([connection(1, "cafe\u0301"), connection(2, "x [1]")], names=("caf\u00e9", "x [1]"))
    assert len(files) == 2


def test_the_files_of_a_run_do_not_depend_on_the_order_of_the_snapshot():
    connections = [connection(number, name) for number, name in enumerate(["same", "SAME", "same", "other"])]
    assert files_of(connections)[0] == files_of(connections[::-1])[0]


def test_a_dag_that_others_trigger_keeps_its_name(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "orders.yaml").write_text(
        f"schedule: null\nsyncs: {{orders: {connection_id(9)}}}\ntrigger_dags: [dbt]\n", "utf-8"
    )
    folder = read_dag_folder(tmp_path / "configs", PurePosixPath(), None)
    snapshot = snapshot_of(connection(1, "dbt"))
    files = plan(selected(snapshot, Choice(), folder.covered), snapshot, Choice(), folder).files
    assert [file.dag_id for file in files] == ["dbt_2"]
