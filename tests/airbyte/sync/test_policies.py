"""The policies match the configuration language in values and defaults."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from dag_factory.airbyte.sync import policies
from dag_factory.airbyte.sync.policies import ON_KILL, ON_RUNNING, ON_TIMEOUT
from dag_factory.airbyte.sync.types import SyncRequest
from dag_factory.config.model import policies as language_policies
from dag_factory.config.schema.keys import defaults_of as language_defaults
from dag_factory.config.schema.keys import keys_of

POLICIES = {"on_running": ON_RUNNING, "on_timeout": ON_TIMEOUT, "on_kill": ON_KILL}


def defaults_of(cls):
    return {each.name: each.default for each in fields(cls) if each.name in POLICIES}


def test_the_defaults_agree_with_the_language():
    of_the_language = {key: value for key, value in language_defaults("sync").items() if key in POLICIES}
    assert of_the_language == defaults_of(SyncRequest) == POLICIES


@pytest.mark.parametrize("name", ["OnRunning", "OnTimeout", "OnKill"])
def test_the_values_agree_with_the_language(name):
    key = {"OnRunning": "on_running", "OnTimeout": "on_timeout", "OnKill": "on_kill"}[name]
    of_the_schema = set(keys_of("sync")[key]["enum"])
    assert set(get_args(getattr(policies, name))) == of_the_schema
    assert set(get_args(getattr(language_policies, name))) == of_the_schema
