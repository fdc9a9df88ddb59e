"""Unknown keys: the hint depends on the section, and names keys that exist."""

from __future__ import annotations

import json
import re

import pytest

from dag_factory.config.schema.check import DAG_SCHEMA, schema_text
from dag_factory.config.schema.key_aliases import EXPLAINED, HERE, SYNONYMS
from dag_factory.config.schema.unknown_keys import key_hint
from dag_factory.config.text.suggestions import SearchLimit

DEFS = json.loads(schema_text(DAG_SCHEMA))["$defs"]
KEYS = {
    "dag": tuple(DEFS["dag"]["properties"]),
    "sync": tuple(DEFS["sync"]["properties"]),
    "trigger": tuple(DEFS["trigger_dags"]["items"]["properties"]),
    "notify": tuple(DEFS["notify"]["properties"]),
    "schedule": tuple(DEFS["schedule"]["properties"]),
}
PATHS = {
    "dag": (),
    "sync": ("syncs", "money"),
    "trigger": ("trigger_dags", 0),
    "notify": ("notify",),
    "schedule": ("schedule",),
}
ALL_KEYS = {key for keys in KEYS.values() for key in keys}


def hint_for(key, section):
    return key_hint(key, PATHS[section], KEYS[section], KEYS, SearchLimit())


@pytest.mark.parametrize(
    ("key", "section", "text"),
    [
        ("poke_interval", "sync", "write 'wait_seconds'"),
        ("poke_interval", "dag", "write 'wait_seconds' on a sync, or under 'defaults' for every sync"),
        ("schedule_interval", "dag", "write 'schedule'"),
        ("schedule_interval", "sync", "write 'schedule' at the top of the document"),
        ("scheduleInterval", "dag", "write 'schedule'"),
        ("interval", "dag", "write 'schedule: {every: 6h}'"),
        ("interval", "sync", "write 'wait_seconds'"),
        ("interval", "schedule", "write 'every'"),
        ("name", "dag", "write 'dag_id', or give the file this name"),
        ("name", "sync", "delete it: a sync's name is its key under 'syncs'"),
        ("wait", "trigger", "write 'wait_for_completion'"),
        (
            "wait",
            "sync",
            "delete it: a sync always waits for its job; 'mode: async' does so in a task of its own",
        ),
        ("on_failure_callback", "notify", "write 'on_failure'"),
        ("retries", "dag", "write 'retries' on a sync, or under 'defaults' for every sync"),
        ("connection_id", "dag", "write 'connection_id' on a sync, below its name under 'syncs'"),
        ("cron", "dag", "write 'schedule: {cron: ...}' at the top of the document"),
        ("retry-delay", "sync", "did you mean 'retry_delay'?"),
        ("startdate", "sync", "write 'start_date' at the top of the document"),
        ("on", "dag", "write 'schedule'"),
        ("job", "dag", "write 'syncs'"),
        ("sync", "dag", "write 'syncs'"),
        (
            "sync",
            "sync",
            "write 'mode: sync' for true, 'mode: async' for false; the DAG waits for the job in both modes",
        ),
        (
            "on_error",
            "sync",
            "write 'notify' at the top, with on_failure, on_success or on_retry and a list of notifiers",
        ),
        ("on_error", "notify", "write 'on_failure'"),
        ("alert", "dag", "write 'notify'"),
        ("pause", "dag", "write 'is_paused_upon_creation'"),
        (
            "enabled",
            "sync",
            "delete the sync or comment it out; 'enabled' at the top is for the whole DAG",
        ),
        (
            "paused",
            "sync",
            "delete the sync or comment it out; 'enabled' at the top is for the whole DAG",
        ),
        (
            "skip",
            "sync",
            "delete the sync or comment it out; 'enabled' at the top is for the whole DAG",
        ),
        ("max_parallel_syncs", "dag", "write 'max_active_tasks'"),
        (
            "parallelism",
            "sync",
            "write 'pool' with 'mode: sync' and 'deferrable: true', for a pool that includes deferred tasks",
        ),
    ],
)
def test_the_hint_fits_the_section(key, section, text):
    assert hint_for(key, section).text == text


def test_the_best_known_keys_of_other_tools_have_a_hint():
    words = (
        "asynchronous schedule_interval cron interval default_args tasks connection conn_id connectionId "
        "poke_interval polling_interval concurrency sla email_on_failure"
    )
    for word in words.split():
        for section in ("dag", "sync"):
            assert not hint_for(word, section).text.startswith("known keys"), (word, section)


@pytest.mark.parametrize("section", sorted(PATHS))
def test_every_hint_names_keys_that_exist(section):
    for key in sorted({*SYNONYMS, *EXPLAINED, *HERE[section], *ALL_KEYS} - set(KEYS[section])):
        answer = hint_for(key, section)
        for written in re.findall(r"(?:write|and|or) '([a-z_]+)", answer.text):
            assert written in ALL_KEYS, (key, answer)


@pytest.mark.parametrize("section", sorted(PATHS))
def test_no_key_of_another_tool_is_a_key_here(section):
    assert not set(SYNONYMS) & set(KEYS["dag"])
    assert not set(SYNONYMS) & set(KEYS["sync"])
    assert not set(HERE[section]) & set(KEYS[section])


def test_the_suggested_location_exists_in_the_document():
    assert hint_for("schedule_interval", "sync").meant == ("schedule",)
    assert key_hint("cron", ("environments", "dev"), KEYS["dag"], KEYS, SearchLimit()).meant == (
        "environments",
        "dev",
        "schedule",
    )
    assert hint_for("poke_interval", "sync").meant == ("syncs", "money", "wait_seconds")
    assert hint_for("poke_interval", "dag").meant is None
