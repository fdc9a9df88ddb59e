"""A draft's values are typed, and know their location and their layer."""

from __future__ import annotations

import pytest

from dag_factory.config.files import list_files
from dag_factory.config.model.located import Origin, located_texts
from dag_factory.config.snapshot.snapshots import snapshots_beside
from dag_factory.config.tree import read_tree
from dag_factory.config.yaml.document import Location

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
DEFAULTS = "defaults:\n  timeout: 2h\n  retries: 2\n"


@pytest.fixture
def draft_of(configs):
    def draft(text, environment=None, defaults=DEFAULTS):
        root = configs({"defaults.yaml": defaults, "a.yaml": text})
        (made,) = read_tree(list_files(root, "configs"), snapshots_beside(root)).drafts(environment)
        return made

    return draft


def written_at(located):
    return located.location.document.file.name, located.location.span().line


def test_a_set_value_is_typed_and_knows_its_line(draft_of):
    draft = draft_of(f"schedule: null\nsyncs:\n  money:\n    connection_id: {UUID}\n    timeout: 90m\n")
    timeout = draft.syncs[0].timeout
    assert (timeout.value, timeout.written, timeout.origin) == (5400, "90m", Origin.SET)
    assert written_at(timeout) == ("configs/a.yaml", 5)


def test_a_value_of_the_defaults_file_has_its_location(draft_of):
    retries = draft_of(f"schedule: null\nsyncs:\n  money: {UUID}\n").syncs[0].retries
    assert (retries.value, retries.origin) == (2, Origin.SET)
    assert written_at(retries) == ("configs/defaults.yaml", 3)


def test_a_default_has_the_location_of_its_sync(draft_of):
    wait = draft_of(f"schedule: null\nsyncs:\n  money: {UUID}\n").syncs[0].wait_seconds
    assert (wait.value, wait.written, wait.origin) == (30, None, Origin.DEFAULT)
    assert written_at(wait) == ("configs/a.yaml", 3)


def test_an_invalid_value_falls_back_to_the_weaker_layer(draft_of):
    draft = draft_of(f"schedule: null\nsyncs:\n  money:\n    connection_id: {UUID}\n    timeout: soon\n")
    timeout = draft.syncs[0].timeout
    assert (timeout.value, timeout.is_set, timeout.is_invalid) == (7200, False, True)


def test_an_invalid_value_of_an_environment_matters_only_there(draft_of):
    text = f"schedule: null\nsyncs:\n  money: {UUID}\nenvironments:\n  dev:\n    catchup: maybe\n"
    assert draft_of(text).catchup.origin is Origin.DEFAULT
    assert draft_of(text, "dev").catchup.origin is Origin.INVALID


def test_an_environment_that_is_named_none_is_not_the_plain_document(draft_of):
    text = f"schedule: null\nsyncs:\n  money: {UUID}\nenvironments:\n  None:\n    catchup: maybe\n"
    assert draft_of(text).catchup.origin is Origin.DEFAULT
    assert not draft_of(text).is_invalid("catchup")
    assert draft_of(text, "None").is_invalid("catchup")


@pytest.mark.parametrize(
    ("written", "cron", "every"),
    [("null", None, None), ('"5 4 * * *"', "5 4 * * *", None), ("{every: 90m}", None, 5400)],
)
def test_a_schedule_is_a_mapping_however_it_is_written(draft_of, written, cron, every):
    schedule = draft_of(f"schedule: {written}\nsyncs:\n  money: {UUID}\n").schedule
    assert (schedule.cron.value, schedule.every.value, schedule.is_set) == (cron, every, True)


def test_an_entry_of_trigger_dags_has_the_same_keys_in_both_forms(draft_of):
    text = (
        f"schedule: null\nsyncs:\n  money: {UUID}\ntrigger_dags: [plain, {{dag_id: long, after: [money]}}]\n"
    )
    plain, long = draft_of(text).trigger_dags
    assert (plain.dag_id.value, plain.after.value) == ("plain", ())
    assert (long.dag_id.value, long.after.value) == ("long", ("money",))


def test_a_date_that_does_not_exist_has_no_moment(draft_of):
    text = f"schedule: null\nstart_date: 2026-02-30\nsyncs:\n  money: {UUID}\n"
    assert draft_of(text).start is None
    assert draft_of(text.replace("02-30", "02-28")).start is not None


def test_texts_are_found_at_every_depth(draft_of):
    document = draft_of(f"schedule: null\nsyncs:\n  money: {UUID}\n").document
    found = located_texts({"a": ["x", 1, {"b": "y"}]}, Location(document=document))
    assert [(text, location.path) for text, location in found] == [("x", ("a", 0)), ("y", ("a", 2, "b"))]
