"""That the defaults of the policies are those of the configuration language."""

from __future__ import annotations

from dataclasses import fields

from dag_factory.airbyte.sync.policies import ON_KILL, ON_RUNNING, ON_TIMEOUT
from dag_factory.airbyte.sync.types import SyncRequest
from dag_factory.config.schema.keys import defaults_of as language_defaults

POLICIES = {"on_running": ON_RUNNING, "on_timeout": ON_TIMEOUT, "on_kill": ON_KILL}


def defaults_of(cls):
    return {each.name: each.default for each in fields(cls) if each.name in POLICIES}


def test_the_defaults_agree_with_the_language():
    of_the_language = {key: value for key, value in language_defaults("sync").items() if key in POLICIES}
    assert of_the_language == defaults_of(SyncRequest) == POLICIES
