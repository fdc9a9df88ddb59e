"""Every code that a diagnostic can have, and what it means. Codes are public: none is ever renamed.

`docs/rules.md` has an entry for each. A new code is one line here, under what it is: an error, or a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dag_factory.config.diagnostics import Severity

# What keeps a DAG from being made; `bad-notifier` costs the notification alone. Only `secret` can be ignored:
# Airflow loads a file that holds one.
ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "airflow-refused": "Airflow itself refuses the DAG",
        "asset-loop": "an asset that a DAG both waits for and makes",
        "bad-cron": "a cron expression that Airflow does not take, or that no date fits",
        "bad-date": "a date or a time that does not exist",
        "bad-defaults": "a file of defaults that holds more than defaults",
        "bad-ignore": "a comment 'dag-factory: ignore' that cannot be followed",
        "bad-name": "a name that Airflow does not take",
        "bad-notifier": "a notifier that cannot be made, and is left out",
        "bad-value": "a value that the key cannot have",
        "dag-loop": "DAGs that start each other, or one that starts itself, without end",
        "dependency-cycle": "syncs that wait for each other",
        "duplicate-dag-id": "a DAG id that another document has already",
        "duplicate-key": "a key that stands twice in one mapping",
        "empty-document": "a file or a document without a DAG",
        "end-before-start": "an end date before the start date",
        "fail-fast": "'fail_fast' with a trigger rule that it does not go with",
        "foreign-file": "a file of another tool among the DAGs",
        "internal-error": "a fault of dag-factory itself, which costs this file's DAGs alone",
        "misplaced-key": "a key that is known, but not here",
        "missing-key": "a key that has to be there and is not",
        "name-clash": "two tasks of one name",
        "nothing-to-check": "a folder without a configuration file",
        "secret": "a value that looks like a password, a token or a key",
        "unknown-environment": "DAG_FACTORY_ENV names an environment that no file declares",
        "unknown-key": "a key that does not exist here",
        "unknown-sync": "the name of a sync that the DAG does not have",
        "unknown-timezone": "a time zone that is not in the IANA database",
        "unreadable-file": "a file or a folder that cannot be read",
        "wait-over-timeout": "a timeout that is over before the job is looked at twice",
        "wrong-type": "a value of another type than the key takes",
        "yaml-alias": "an alias that leads into itself, or to too much",
        "yaml-encoding": "bytes or characters that YAML does not allow",
        "yaml-key": "a key that is not text",
        "yaml-syntax": "text that is not YAML",
        "yaml-tag": "a YAML tag, which could name anything",
    }
)

# What lets the DAG be made, and can be ignored with a reason. One that is also an error in some cases
# belongs here; as an error it cannot be ignored.
WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "bad-template": "a Jinja template that cannot be parsed",
        "catchup-without-start": "runs for every slot since a date that nobody has written",
        "disabled-dag": "a DAG that is triggered and that 'enabled: false' keeps from being made",
        "each-minute": "sixty runs in an hour that was to have one",
        "far-start-date": "a start more than a year from now",
        "long-task-id": "a name that Airflow does not take inside sync_group()",
        "no-effect": "a key that changes nothing beside the others",
        "past-end-date": "an end that has passed, after which no run is scheduled",
        "pool-name": "a pool name that Airflow 2 refuses",
        "pool-without-limit": "a pool in a mode in which it limits nothing",
        "retry-delay-over-max": "a longest delay before a retry that is shorter than the first",
        "same-connection": "an Airbyte connection that is synced by two",
        "short-dagrun-timeout": "a limit for a run that the retries of its syncs do not fit into",
        "short-schedule": "runs that come faster than a sync may take",
        "similar-asset": "an asset that differs from another in upper and lower case alone",
        "similar-dag-id": "a DAG id that differs from another in upper and lower case alone",
        "similar-sync": "a sync that an environment adds, named nearly like one that is there",
        "tasks-without-limit": "a 'max_active_tasks' that does not limit how many syncs run",
        "unknown-asset": "an asset that a DAG waits for and nothing here updates",
        "unrendered-template": "a template, or a shell's variable, where Airflow takes the text as it stands",
        "unused-default": "a default, or a file of them, that applies to nothing",
        "unused-ignore": "a comment 'dag-factory: ignore' that hides nothing",
    }
)

CODES: Mapping[str, str] = MappingProxyType({**ERRORS, **WARNINGS})


def severity_of(code: str) -> Severity:
    """Give the severity that a code has unless its rule says otherwise."""
    return Severity.WARNING if code in WARNINGS else Severity.ERROR
