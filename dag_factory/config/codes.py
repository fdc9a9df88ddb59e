"""Every code that a diagnostic can have, and what it means. Codes are public and are never renamed.

`docs/rules.md` has an entry for each. A new code is one line here, among the errors or the warnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dag_factory.config.diagnostics import Severity

# An error keeps its DAG from being created, or with `bad-notifier` the notification from being sent. Only
# `secret` can be ignored, since Airflow loads a file with a secret.
ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "airflow-refused": "Airflow itself rejects the DAG",
        "ambiguous-connection": "a name that several connections of an Airbyte have or had",
        "asset-loop": "an asset that a DAG both waits for and updates",
        "bad-cron": "a cron expression that Airflow does not accept, or that no date matches",
        "bad-date": "a date or a time that does not exist",
        "bad-defaults": "a defaults file with several documents",
        "bad-ignore": "a comment 'dag-factory: ignore' that cannot be applied",
        "bad-name": "a name that Airflow does not accept",
        "bad-notifier": "a notifier that cannot be created, and is left out",
        "bad-snapshot": "a snapshot of an Airbyte that cannot be read",
        "bad-value": "a value that the key does not accept",
        "dag-loop": "DAGs that start each other in a cycle, or a DAG that starts itself",
        "deleted-connection": "a connection that has been deleted in Airbyte",
        "dependency-cycle": "syncs that depend on each other in a cycle",
        "drift": "an Airbyte that differs from its snapshot",
        "duplicate-dag-id": "a DAG id that another document already has",
        "duplicate-key": "a key that occurs twice in one mapping",
        "empty-document": "a file or a document without a DAG",
        "end-before-start": "an end date before the start date",
        "fail-fast": "'fail_fast' with a trigger rule that Airflow does not allow with it",
        "foreign-file": "a file of another tool among the DAGs",
        "internal-error": "an error in dag-factory itself; only this file's DAGs are lost",
        "misplaced-key": "a key in the wrong section",
        "missing-key": "a required key that is missing",
        "missing-snapshot": "a name of a connection without a snapshot in which to look it up",
        "name-clash": "two tasks with the same name",
        "nothing-to-check": "a folder without a configuration file",
        "other-airbyte": "a connection of another Airbyte than the one that is asked",
        "secret": "a value that looks like a password, a token or a key",
        "too-many-errors": "a document with errors in a file that already has a hundred",
        "unknown-connection": "a connection that the snapshot of its Airbyte does not have",
        "unknown-environment": "DAG_FACTORY_ENV names an environment that no file declares",
        "unknown-key": "a key that does not exist here",
        "unknown-sync": "the name of a sync that the DAG does not have",
        "unknown-timezone": "a time zone that is not in the IANA database",
        "unreadable-file": "a file or a folder that cannot be read",
        "wait-over-timeout": "a timeout that ends before the second poll of the job",
        "wrong-type": "a value of a type that the key does not accept",
        "yaml-alias": "an alias inside its own anchor, or aliases that expand to too much",
        "yaml-encoding": "bytes or characters that YAML does not allow",
        "yaml-key": "a key that is not text",
        "yaml-syntax": "text that is not YAML",
        "yaml-tag": "a YAML tag: none is allowed",
    }
)

# A DAG with a warning is created, and a warning can be ignored with a reason. A code that is an error only in
# some cases belongs here; as an error it cannot be ignored.
WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "bad-template": "a Jinja template that cannot be parsed",
        "catchup-without-start": "catchup without a start_date of its own",
        "disabled-dag": "a triggered DAG that 'enabled: false' keeps from being created",
        "each-minute": "a run in every minute of an hour that was probably meant to have one",
        "far-start-date": "a start date more than a year from now",
        "inactive-connection": "a connection that is disabled in Airbyte",
        "locked-connection": "a connection that Airbyte has locked",
        "long-task-id": "a task or group id that is too long inside sync_group()",
        "no-effect": "a key that has no effect beside the others",
        "past-end-date": "an end date that has passed, after which no run is scheduled",
        "pool-name": "a pool name that Airflow 2 rejects",
        "pool-without-limit": "a pool in a mode in which it limits nothing",
        "renamed-connection": "the former name of a connection that has a new one",
        "retry-delay-over-max": "a maximum retry delay that is shorter than the first delay",
        "same-connection": "an Airbyte connection that two syncs use",
        "scheduled-connection": "a connection that Airbyte still starts by itself",
        "short-dagrun-timeout": "a timeout of a DAG run that is too short for the retries of its syncs",
        "short-schedule": "a schedule that runs more often than a sync may take",
        "similar-asset": "two assets that differ only in upper and lower case",
        "similar-dag-id": "two DAG ids that differ only in upper and lower case",
        "similar-sync": "a sync that an environment adds, with nearly the name of another one",
        "tasks-without-limit": "a 'max_active_tasks' that does not limit how many syncs run",
        "unknown-asset": "an asset that a DAG waits for and no sync here updates",
        "unrendered-template": "a template or a shell variable where Airflow renders none",
        "unsynced-connection": "an active connection that neither Airbyte nor a DAG starts",
        "unused-default": "a default, or a defaults file, that applies to nothing",
        "unused-ignore": "a comment 'dag-factory: ignore' that hides nothing",
    }
)

# Warnings about what has not been moved from Airbyte to Airflow yet: even a strict check lives with them.
TO_BE_MOVED = frozenset(("scheduled-connection", "unsynced-connection"))

CODES: Mapping[str, str] = MappingProxyType({**ERRORS, **WARNINGS})


def severity_of(code: str) -> Severity:
    """Return the severity of a code, unless its rule sets another one."""
    return Severity.WARNING if code in WARNINGS else Severity.ERROR
