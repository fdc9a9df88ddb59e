"""Which import paths of notifiers are imported; golden cases have the messages about the others."""

from __future__ import annotations

import sys

import pytest

from dag_factory.config.project import validate_project
from dag_factory.config.text.notifier_paths import notifier_path_error, prefixes_from, provider_of

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.mark.parametrize(
    "path",
    [
        "airflow.providers.slack.notifications.slack.SlackNotifier",
        "team.alerts.Pager",
        "team.os.Pager",
        "osquery.Notifier",
        "tests.recorders.Recorder",
        "team.my_alerts.Pager_2",
    ],
)
def test_a_public_path_of_a_package_is_imported(path):
    assert notifier_path_error(path, None) is None


@pytest.mark.parametrize("module", sorted({*sys.stdlib_module_names, *sys.builtin_module_names, "test"}))
def test_nothing_of_python_itself_is_imported(module):
    assert notifier_path_error(f"{module}.Notifier", None)
    assert notifier_path_error(f"{module}.inside.Notifier", None)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "slack",
        ".a.B",
        "a..B",
        "a.B.",
        "a.b:C",
        "a b.C",
        "a.1b",
        "a.b.C\n",
        "\N{GREEK SMALL LETTER ALPHA}.b.C",
        "a.b.C()",
    ],
)
def test_an_invalid_path_is_not_imported(path):
    assert notifier_path_error(path, None)


@pytest.mark.parametrize(
    "path", ["_a.B", "a._b.C", "a.b._C", "__main__.B", "a.__init__.B", "a.B.__class__", "a.b.__getattr__"]
)
def test_a_private_path_is_not_imported(path):
    assert "is private" in notifier_path_error(path, None).message


@pytest.mark.parametrize(
    ("text", "prefixes"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("team", ("team",)),
        ("team.alerts., airflow.providers.slack ,", ("team.alerts", "airflow.providers.slack")),
        (",", ()),
    ],
)
def test_prefixes_are_separated_by_commas(text, prefixes):
    assert prefixes_from(text) == prefixes


@pytest.mark.parametrize(
    ("path", "is_followed"),
    [
        ("team.alerts.Pager", True),
        ("team.alerts.deep.Pager", True),
        ("team.only.This", True),
        ("team.only.That", False),
        ("team.Pager", False),
        ("team.alerts_too.Pager", False),
        ("other.team.alerts.Pager", False),
    ],
)
def test_a_prefix_is_made_of_whole_parts(path, is_followed):
    assert (notifier_path_error(path, ("team.alerts", "team.only.This")) is None) == is_followed


def test_no_prefix_allows_a_path_that_is_rejected_without_one():
    assert notifier_path_error("os.system", ("os",))
    assert notifier_path_error("team._alerts.Pager", ("team",))


def test_a_variable_that_names_nothing_allows_nothing():
    assert notifier_path_error("team.alerts.Pager", ())


@pytest.mark.parametrize(
    ("path", "provider"),
    [
        ("airflow.providers.slack.notifications.slack.SlackNotifier", "apache-airflow-providers-slack"),
        ("airflow.providers.apache.kafka.Notifier", "apache-airflow-providers-apache-kafka"),
        ("airflow.providers.cncf.kubernetes.a.B", "apache-airflow-providers-cncf-kubernetes"),
        ("airflow.providers.my_own.alerts.Pager", "apache-airflow-providers-my-own"),
        ("airflow.providers.Slack", None),
        ("airflow.sdk.BaseNotifier", None),
        ("team.alerts.Pager", None),
    ],
)
def test_a_provider_is_named_by_its_path(path, provider):
    assert provider_of(path) == provider


def test_imported_notifiers_are_not_reported(configs):
    text = f"""\
notify:
  on_failure:
    - {{notifier: airflow.providers.slack.notifications.slack.SlackNotifier, text: failed}}
    - {{notifier: team.alerts.Pager}}
  on_success: []
schedule: null
syncs:
  money: {UUID}
"""
    root = configs({"money.yaml": text})
    prefixes = ("airflow.providers", "team.alerts")
    for allowed in (None, prefixes):
        found = validate_project(root, "configs", None, lambda _file: True, notifier_prefixes=allowed)
        assert found.diagnostics == ()
