"""When a default counts as used; the messages are in tests/cases/unused-default."""

from __future__ import annotations

import pytest

from dag_factory.config.project import validate_project

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER = "1e3b5a72-7bfd-4808-a13c-204505490111"
MONEY = f'schedule: "@daily"\nowner: ann\nsyncs:\n  money:\n    connection_id: {UUID}\n    retries: 2\n'
ORDERS = f'schedule: "@daily"\nsyncs:\n  orders: {OTHER}\n'


def reported(root, wanted=lambda _file: True):
    """Return file, line and code of every diagnostic."""
    diagnostics = validate_project(root, "configs", None, wanted).diagnostics
    return [(each.file.removeprefix("configs/"), each.span.line, each.code) for each in diagnostics]


@pytest.mark.parametrize(
    "files",
    [
        {"defaults.yaml": "owner: bob\ndefaults: {retries: 1}", "orders.yaml": ORDERS},
        {"defaults.yaml": "owner: bob\ndefaults: {retries: 1}", "far/below/orders.yaml": ORDERS},
        {
            # One of the two syncs has no retries of its own.
            "defaults.yaml": "defaults: {retries: 1}",
            "money.yaml": f"{MONEY}  orders: {OTHER}\n",
        },
        {"money.yaml": MONEY, "defaults.yaml": "environments: {dev: {catchup: false, tags: [dev]}}"},
        {
            # Another environment of the DAG lets the default through.
            "defaults.yaml": "notify: {on_retry: []}\ndagrun_timeout: 4h",
            "orders.yaml": f"{ORDERS}environments: {{dev: {{notify: {{on_retry: []}}, dagrun_timeout: 2h}}}}",
        },
        {
            "defaults.yaml": "airbyte_conn_id: one\ndefaults: {}\nenvironments: {dev: {}}",
            "orders.yaml": ORDERS,
        },
    ],
)
def test_a_default_that_reaches_one_sync_in_one_environment_is_used(configs, files):
    assert [each for each in reported(configs(files)) if each[2] == "unused-default"] == []


def test_a_default_that_each_file_overrides_is_unused(configs):
    root = configs({"defaults.yaml": "owner: bob\ndefaults:\n  retries: 1\n", "money.yaml": MONEY})
    assert reported(root) == [("defaults.yaml", 1, "unused-default"), ("defaults.yaml", 3, "unused-default")]


def test_defaults_that_apply_to_no_file_are_reported_once(configs):
    root = configs({"old/defaults.yaml": "owner: bob\ncatchup: false\n", "money.yaml": MONEY})
    assert reported(root) == [("old/defaults.yaml", 1, "unused-default")]


def test_nothing_is_reported_for_a_part_of_the_folder(configs):
    root = configs({"defaults.yaml": "owner: bob\n", "money.yaml": MONEY, "orders.yaml": ORDERS})
    assert reported(root, lambda file: file.stem in ("money", "defaults")) == []


def test_nothing_is_reported_next_to_an_error(configs):
    root = configs({"defaults.yaml": "owner: bob\n", "money.yaml": f"{MONEY}catchup: 7\n"})
    assert reported(root) == [("money.yaml", 7, "wrong-type")]


def test_a_comment_suppresses_it(configs):
    comment = "# dag-factory: ignore[unused-default] for the DAGs to come"
    root = configs({"defaults.yaml": f"owner: bob {comment}\n", "money.yaml": MONEY})
    assert reported(root) == []
