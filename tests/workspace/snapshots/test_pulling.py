"""What a pull keeps of Airbyte's documents, and what it never keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.workspace.airbyte.listing import NotWholeError
from dag_factory.workspace.snapshots.pulling import (
    Lists,
    Pulled,
    TooManyRemovalsError,
    check_removals,
    pulled_from,
)
from dag_factory.workspace.snapshots.rows import WrongAnswerError

SOURCE, DESTINATION, WORKSPACE = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


def uuid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-00000000000a"


def document(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "connectionId": uuid(number),
        "name": f"connection {number}",
        "sourceId": SOURCE,
        "destinationId": DESTINATION,
        "workspaceId": WORKSPACE,
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        **values,
    }


def lists(*connections: dict[str, Any], **values: Any) -> Lists:
    others: dict[str, Any] = {
        "sources": [{"sourceId": SOURCE, "name": "bank", "sourceType": "postgres"}],
        "destinations": [{"destinationId": DESTINATION, "name": "lake", "destinationType": "s3"}],
        "workspaces": [{"workspaceId": WORKSPACE, "name": "main"}],
    }
    return Lists(connections=connections, **{**others, **values})


def pull(*connections: dict[str, Any], old: Snapshot | None = None, **values: Any) -> Pulled:
    return pulled_from(lists(*connections, **values), old)


def read_back(pulled: Pulled) -> Snapshot:
    found = parse_snapshot(pulled.text.encode(), "x.json")
    assert isinstance(found, Snapshot), found
    return found


def one(pulled: Pulled) -> dict[str, Any]:
    (found,) = json.loads(pulled.text)["connections"].values()
    return found


def secrets() -> Iterator[str]:
    return (f"pa55word-{number}-x" for number in range(1_000))


def test_only_the_whitelist_is_kept():
    """Every other field has a text of its own, and none of these is in a file."""
    new = secrets()
    hidden: list[str] = []

    def secret() -> str:
        hidden.append(next(new))
        return hidden[-1]

    def others() -> dict[str, Any]:
        return {"configuration": {"password": secret(), "deep": [{"key": secret()}]}, "createdAt": secret()}

    connection = document(
        **others(),
        dataResidency=secret(),
        nonBreakingSchemaUpdatesBehavior=secret(),
        statusReason=secret(),
        resourceAllocation={"x": secret()},
        schedule={"scheduleType": "manual", "more": secret()},
        tags=[{"tagId": secret(), "name": "nightly", "color": secret(), "workspaceId": secret()}],
        configurations={
            "more": secret(),
            "streams": [
                {
                    "name": "orders",
                    "namespace": "public",
                    "syncMode": "full_refresh_append",
                    "destinationObjectName": "orders_raw",
                    "cursorField": [secret()],
                    "primaryKey": [[secret()]],
                    "mappers": [{"mapperConfiguration": {"key": secret()}}],
                    "selectedFields": [{"fieldPath": [secret()]}],
                    "includeFiles": secret(),
                }
            ],
        },
    )
    found = pull(
        connection,
        sources=[{"sourceId": SOURCE, "name": "b", "sourceType": "t", "workspaceId": secret(), **others()}],
        destinations=[{"destinationId": DESTINATION, "name": "d", "destinationType": "t", **others()}],
        workspaces=[{"workspaceId": WORKSPACE, "name": "m", "dataResidency": secret(), **others()}],
    )
    assert [each for each in hidden if each in found.text or each in found.streams_text] == []
    stream = json.loads(found.streams_text)["streams"][uuid(1)][0]
    assert sorted(stream) == ["destinationObjectName", "name", "namespace", "syncMode"]


def test_secrets_in_what_is_kept_are_not_written():
    streams = {"streams": [dict.fromkeys(("name", "namespace", "syncMode", "destinationObjectName"), TOKEN)]}
    found = pull(
        document(
            name=f"a {TOKEN}",
            status=TOKEN,
            prefix=TOKEN,
            namespaceDefinition=TOKEN,
            namespaceFormat=TOKEN,
            schedule={"scheduleType": "cron", "cronExpression": TOKEN, "basicTiming": TOKEN},
            tags=[{"name": TOKEN}],
            configurations=streams,
        ),
        sources=[{"sourceId": SOURCE, "name": TOKEN, "sourceType": "", "definitionId": TOKEN}],
        destinations=[{"destinationId": DESTINATION, "name": TOKEN, "destinationType": TOKEN}],
        workspaces=[{"workspaceId": WORKSPACE, "name": TOKEN}],
    )
    assert TOKEN not in found.text + found.streams_text
    assert one(found)["name"] == "a ***"


def test_the_order_of_the_lists_does_not_matter():
    several = [document(number, tags=[{"name": "b"}, {"name": "a"}]) for number in range(9)]
    assert pull(*several).text == pull(*reversed(several)).text


def test_former_names_are_remembered():
    first = read_back(pull(document(name="a")))
    second = read_back(pull(document(name="b"), old=first))
    third = read_back(pull(document(name="c"), old=second))
    assert third.connections[uuid(1)].former_names == ("a", "b")


def test_a_name_that_is_used_again_is_not_a_former_one():
    second = read_back(pull(document(name="b"), old=read_back(pull(document(name="a")))))
    assert one(pull(document(name="a"), old=second))["formerNames"] == ["b"]


def test_a_deleted_connection_of_the_old_snapshot_is_remembered():
    old = read_back(pull(document(name="a")))
    found = one(pull(document(name="x", status="deprecated"), old=old))
    assert (found["name"], found["status"]) == ("a", "deprecated")


def test_a_deleted_connection_that_no_snapshot_had_is_left_out():
    assert pull(document(status="deprecated")).connections == ()


def test_the_workspace_of_a_deleted_connection_keeps_its_name():
    old = read_back(pull(document()))
    found = pull(document(status="deprecated"), old=old, workspaces=[])
    assert found.workspaces == {WORKSPACE: "main"}


def test_a_connector_without_a_type_has_the_id_of_its_definition():
    source = {"sourceId": SOURCE, "name": "own", "sourceType": "", "definitionId": uuid(7)}
    assert one(pull(document(), sources=[source]))["source"] == {"name": "own", "type": uuid(7)}


@pytest.mark.parametrize("noun", ["source", "destination", "workspace"])
def test_a_reference_to_nowhere(noun):
    with pytest.raises(NotWholeError) as error:
        pull(document(**{f"{noun}Id": uuid(99)}))
    said = f"Airbyte's list of {noun}s lacks {uuid(99)}, to which the connection {uuid(1)} refers"
    assert str(error.value) == said
    assert "needs the role Reader" in error.value.hint


def test_ids_in_upper_case_are_the_same_ids():
    found = pull(
        document(connectionId=uuid(10).upper(), sourceId=SOURCE.upper(), workspaceId=WORKSPACE.upper())
    )
    assert list(read_back(found).connections) == [uuid(10)]


@pytest.mark.parametrize(
    "more",
    [
        {"tags": None},
        {"configurations": None},
        {"configurations": {}},
        {"configurations": {"streams": None}},
        {"prefix": None, "namespaceDefinition": None, "namespaceFormat": None},
        {"schedule": {"scheduleType": "basic", "basicTiming": None, "cronExpression": None}},
    ],
)
def test_what_servers_leave_out_is_empty(more):
    found = read_back(pull(document(**more))).connections[uuid(1)]
    assert (found.prefix, found.tags) == ("", ())
    assert set(found.schedule) == {"scheduleType"}


REQUIRED = ("name", "status", "schedule", "sourceId", "destinationId", "workspaceId")


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("value", [None, 7, ["x"], True, "missing"])
def test_what_the_api_requires_is_not_made_up(key, value):
    broken = document(**{key: value})
    if value == "missing":
        del broken[key]
    with pytest.raises(WrongAnswerError, match=f"list of connections .* '{key}' of {uuid(1)} is "):
        pull(document(2), broken)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"status": ""}, "'status' of ID is not a text with content"),
        ({"schedule": {}}, "'schedule.scheduleType' of ID is missing"),
        ({"schedule": {"scheduleType": 7}}, "'schedule.scheduleType' of ID is not a text"),
        (
            {"schedule": {"scheduleType": "cron", "cronExpression": 7}},
            "'schedule.cronExpression' of ID is not a text",
        ),
        ({"prefix": 7}, "'prefix' of ID is not a text"),
        ({"tags": "x"}, "'tags' of ID is not a list"),
        ({"tags": ["x"]}, "'tags[0]' of ID is not a mapping"),
        ({"tags": [{"name": "x"}, {"name": None}]}, "'tags[1].name' of ID is missing"),
        ({"configurations": []}, "'configurations' of ID is not a mapping"),
        ({"configurations": {"streams": [None]}}, "'configurations.streams[0]' of ID is not a mapping"),
        ({"configurations": {"streams": [{}]}}, "'configurations.streams[0].name' of ID is missing"),
    ],
)
def test_a_value_of_another_type_is_named(more, said):
    with pytest.raises(WrongAnswerError) as error:
        pull(document(**more))
    about = "Airbyte's list of connections is not as its API describes it: "
    assert str(error.value) == about + said.replace("ID", uuid(1))


@pytest.mark.parametrize("noun", ["source", "destination", "workspace"])
def test_the_names_of_the_other_lists_are_required(noun):
    given = {"source": SOURCE, "destination": DESTINATION, "workspace": WORKSPACE}[noun]
    with pytest.raises(WrongAnswerError, match=f"list of {noun}s .* 'name' of {given} is missing"):
        pull(document(), **{f"{noun}s": [{f"{noun}Id": given}]})


NAMES = (
    '"quoted" \\ \'',
    "two\nlines\r\t",
    "😀",
    "a\u202eb\u2066",
    "x" * 256,
    "bank → json",
    "\x00",
    "\ud800",
    " ",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_back_as_it_is(name):
    assert read_back(pull(document(name=name))).connections[uuid(1)].name == name


def test_names_that_differ_in_case_stay_apart():
    found = read_back(pull(document(1, name="Orders"), document(2, name="orders")))
    assert [each.connection_id for each in found.named("orders")] == [uuid(2)]


def test_names_that_differ_in_unicode_form_are_the_same():
    found = read_back(pull(document(1, name="Caf\u00e9"), document(2, name="Cafe\u0301")))
    assert len(found.named("Cafe\u0301")) == 2


def test_nothing_invisible_is_in_the_text():
    assert "\u202e" not in pull(document(name="a\u202eb")).text


@pytest.mark.parametrize(
    ("before", "gone", "is_refused"),
    [(3, 1, False), (3, 2, True), (9, 3, False), (9, 4, True), (1, 1, True), (0, 0, False)],
)
def test_removals(before, gone, is_refused):
    old = read_back(pull(*(document(number) for number in range(before))))
    now = pull(*(document(number) for number in range(gone, before)), old=old)
    if not is_refused:
        check_removals(now, old)
        return
    with pytest.raises(TooManyRemovalsError, match=f"{gone} of {before}"):
        check_removals(now, old)


def test_deleted_connections_count_as_gone():
    old = read_back(pull(*(document(number) for number in range(3))))
    now = pull(*(document(number, status="deprecated") for number in range(2)), document(2), old=old)
    with pytest.raises(TooManyRemovalsError):
        check_removals(now, old)


def test_without_an_old_snapshot_nothing_is_gone():
    check_removals(pull(), None)
