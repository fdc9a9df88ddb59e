"""Snapshots as text, as values, and as files beside a folder of configurations."""

from __future__ import annotations

import json
import os
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.snapshot.model import Connector, Snapshot, SnapshotConnection, normal
from dag_factory.config.snapshot.one_connection import part_with
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.serialising import snapshot_text, streams_text
from dag_factory.config.snapshot.snapshots import snapshots_beside

INVISIBLE = frozenset("\x00\x7f\x85\u200e\u2028\u2029\u202e\u2066\ufeff")
NAMES = st.text(max_size=12) | st.sampled_from(
    ["a", '"', "\\", "\n", '",', "café", "cafe\u0301", "\u202e", "→"]
)


@st.composite
def connections(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=6))
    return [
        SnapshotConnection(
            connection_id=f"{number:08x}-0000-4000-8000-000000000000",
            name=normal(name),
            status=draw(st.sampled_from(["active", "inactive", "locked", "deprecated"])),
            schedule=draw(
                st.sampled_from([{"scheduleType": "manual"}, {"cronExpression": "x", "scheduleType": "cron"}])
            ),
            workspace_id="w",
            source=Connector(name=draw(NAMES), type="postgres"),
            destination=Connector(name=draw(NAMES), type=""),
            prefix=draw(NAMES),
            tags=tuple(sorted(draw(st.sets(NAMES, max_size=2)))),
            former_names=tuple(map(normal, draw(st.lists(NAMES, max_size=2)))),
        )
        for number, name in enumerate(names)
    ]


def parsed(text: str) -> Snapshot:
    snapshot = parse_snapshot(text.encode(), "airbyte/a.json")
    assert isinstance(snapshot, Snapshot), snapshot
    return snapshot


@given(connections())
def test_text_is_read_back_and_does_not_depend_on_the_order(given_connections):
    text = snapshot_text({"w": "W"}, given_connections)
    assert list(parsed(text).connections.values()) == given_connections
    assert snapshot_text({"w": "W"}, reversed(given_connections)) == text
    assert not INVISIBLE.intersection(text)


@given(connections(), NAMES)
def test_the_part_with_a_name_finds_what_the_whole_finds(given_connections, other):
    data = snapshot_text({"w": "W"}, given_connections).encode()
    whole = parse_snapshot(data, "a")
    for name in [other, *(each.name for each in given_connections)]:
        part = parse_snapshot(part_with(data, name), "a")
        assert isinstance(whole, Snapshot)
        assert isinstance(part, Snapshot)
        assert part.named(name) == whole.named(name)


@given(connections(), st.data())
def test_a_damaged_text_is_a_diagnostic_or_a_snapshot(given_connections, data):
    text = snapshot_text({"w": "W"}, given_connections).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.binary(max_size=5)) + text[end:]
    assert isinstance(parse_snapshot(damaged, "a"), Snapshot | Diagnostic)
    assert isinstance(parse_snapshot(part_with(damaged, "a"), "a"), Snapshot | Diagnostic)


def connection(number: int, name: str, **more) -> SnapshotConnection:
    values = {
        "connection_id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": name,
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        "workspace_id": "w",
        "source": Connector(name="", type=""),
        "destination": Connector(name="", type=""),
    }
    return SnapshotConnection(**{**values, **more})


def test_a_deleted_connection_hides_no_other_of_its_name():
    gone, there = connection(1, "a", status="deprecated"), connection(2, "a")
    snapshot = parsed(snapshot_text({}, [gone, there]))
    assert snapshot.named("a") == (there,)
    assert snapshot.names == ("a",)


def test_a_name_that_has_gone_over_to_another_connection_stands_for_both():
    old, new = connection(1, "b", former_names=("a",)), connection(2, "a")
    snapshot = parsed(snapshot_text({}, [old, new]))
    assert snapshot.named("a") == (new, old)
    assert snapshot.named("b") == (old,)


def test_a_deleted_connection_leaves_its_former_names():
    old, new = connection(1, "b", status="deprecated", former_names=("a",)), connection(2, "a")
    assert parsed(snapshot_text({}, [old, new])).named("a") == (new,)


def test_names_are_found_in_every_unicode_form():
    snapshot = parsed(snapshot_text({}, [connection(1, "café")]))
    assert snapshot.named(unicodedata.normalize("NFD", "café"))


def test_a_line_is_that_of_the_connection():
    snapshot = parsed(snapshot_text({}, [connection(1, "a"), connection(2, "b")]))
    second = snapshot.text.split("\n")[snapshot.line_of("00000002-0000-4000-8000-000000000000") - 1]
    assert second.strip().startswith('"00000002')


def test_streams_are_sorted_by_namespace_and_name():
    streams = {"b": [{"name": "z"}, {"name": "a", "namespace": "y"}, {"name": "a"}], "a": []}
    assert json.loads(streams_text(streams)) == {
        "version": 1,
        "streams": {"a": [], "b": [{"name": "a"}, {"name": "z"}, {"name": "a", "namespace": "y"}]},
    }


def test_a_snapshot_of_more_than_32_mb_is_refused():
    found = parse_snapshot(b" " * 32_000_001, "a")
    assert isinstance(found, Diagnostic)
    assert found.message == "the snapshot is larger than 32 MB"


def test_a_repeated_key_among_many_is_found_at_once():
    """It took a minute when each key was counted in all of them."""
    keys = "".join(f'"k{number}": 1,' for number in range(60_000))
    began = time.monotonic()
    found = parse_snapshot(f'{{{keys} "k59999": 1}}'.encode(), "a")
    assert isinstance(found, Diagnostic)
    assert found.message == "the snapshot has 'k59999' twice"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("number", ["1" * 4_301, "-" + "1" * 5_000, "1" * 4_301 + ".5", "NaN", "-Infinity"])
@pytest.mark.parametrize("key", ["version", "x"])
def test_no_number_is_a_traceback(number, key):
    text = f'{{"version": 1, "workspaces": {{}}, "connections": {{}}, "{key}1": {{"{key}": {number}}}}}'
    assert isinstance(parse_snapshot(text.encode(), "a"), Snapshot | Diagnostic)


def test_a_byte_order_mark_is_no_fault():
    text = snapshot_text({}, [connection(1, "café")])
    found = parsed("\ufeff" + text)
    assert found.named("café")
    part = parse_snapshot(part_with(b"\xef\xbb\xbf" + text.encode(), "café"), "a")
    assert isinstance(part, Snapshot)
    assert part.named("café") == found.named("café")
    broken = parse_snapshot(b"\xef\xbb\xbf{\n\n\xff}", "a")
    assert isinstance(broken, Diagnostic)
    assert (broken.message, broken.span.line) == ("the snapshot is not UTF-8", 3)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "configs" / "sales").mkdir(parents=True)
    for name in ("airbyte_default", "dev/airbyte_default", "dev/other"):
        file = tmp_path / "airbyte" / f"{name}.json"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(snapshot_text({}, [connection(1, name)]))
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "conn_id", "name"),
    [
        (None, "airbyte_default", "airbyte_default"),
        ("prod", "airbyte_default", "airbyte_default"),
        ("dev", "airbyte_default", "dev/airbyte_default"),
        ("dev", "other", "dev/other"),
    ],
)
@pytest.mark.parametrize("folder", ["configs", "configs/sales"])
def test_an_environment_uses_its_own_file_else_the_one_above(repository, environment, conn_id, name, folder):
    snapshots = snapshots_beside(repository / folder, folder)
    assert snapshots.name_of(environment, conn_id) == f"airbyte/{name}.json"
    snapshot = snapshots.of(environment, conn_id)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.names == (name,)
    part = snapshots_beside(repository / folder, is_for_one_dag=True).for_name(environment, conn_id, name)
    assert isinstance(part, Snapshot)
    assert part.names == (name,)


def test_there_may_be_no_snapshot(repository):
    snapshots = snapshots_beside(repository / "configs")
    assert snapshots.of(None, "other") is None
    assert snapshots.environments == {"dev"}
    assert snapshots.pull_command("dev", "other") == "dag-factory pull --env dev --airbyte-conn-id other"
    assert snapshots.pull_command("prod", "airbyte_default") == "dag-factory pull"
    assert snapshots_beside(repository / "elsewhere" / "configs").environments == frozenset()


def test_a_snapshot_is_named_beside_its_configs(repository):
    assert snapshots_beside(repository / "configs", "repo/configs").name == "repo/airbyte"
    assert snapshots_beside(repository / "configs" / "sales", "repo/configs/sales").name == "repo/airbyte"


def test_a_file_that_cannot_be_opened_is_a_diagnostic(repository):
    snapshots = snapshots_beside(repository / "configs")
    assert snapshots.environments
    (repository / "airbyte" / "airbyte_default.json").unlink()
    found = snapshots.of(None, "airbyte_default")
    assert isinstance(found, Diagnostic)
    assert found.message == "the snapshot cannot be read: No such file or directory"


def test_links_in_a_ring_are_a_diagnostic_of_the_snapshot_alone(repository):
    path = repository / "airbyte" / "airbyte_default.json"
    path.unlink()
    path.symlink_to(path.name)
    (repository / "airbyte" / "ring").symlink_to("ring")
    snapshots = snapshots_beside(repository / "configs")
    assert snapshots.environments == {"dev"}
    found = snapshots.of(None, "airbyte_default")
    assert isinstance(found, Diagnostic)
    assert found.message == "the snapshot cannot be read: Too many levels of symbolic links"


@pytest.mark.parametrize("place", ["airbyte_default", "dev/airbyte_default"])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("is_for_one_dag", [True, False])
def test_what_is_no_file_is_a_diagnostic_and_not_waited_for(repository, place, make, is_for_one_dag):
    path = repository / "airbyte" / f"{place}.json"
    path.unlink()
    make(path)
    snapshots = snapshots_beside(repository / "configs", is_for_one_dag=is_for_one_dag)
    assert snapshots.environments == {"dev"}
    found = snapshots.for_name("dev" if "/" in place else None, "airbyte_default", "x")
    assert isinstance(found, Diagnostic)
    assert found.message == "the snapshot is not a regular file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_cannot_be_read_has_no_snapshots(repository):
    (repository / "airbyte").chmod(0)
    assert snapshots_beside(repository / "configs").of(None, "airbyte_default") is None
    (repository / "airbyte").chmod(0o755)
