"""A whole folder: layers, environments, and errors that affect only their own file."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from dag_factory.config.model.dag import AssetGroup, Notifier, Schedule, TriggeredDag
from dag_factory.config.project import (
    load_dag,
    load_project,
    resolve_every_environment,
    resolve_project,
    validate_project,
)
from dag_factory.config.text.cron import expression

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}0\n'


def dags_of(root, environment=None):
    return {dag.dag_id: dag for dag in load_project(root, environment).dags}


def codes_of(root, environment=None):
    return [(each.file, each.span.line, each.code) for each in load_project(root, environment).diagnostics]


def everything(_file):
    return True


def test_a_plain_sync_has_all_defaults(configs):
    dag = dags_of(configs({"money.yaml": GOOD}))["money"]
    (sync,) = dag.syncs
    assert (sync.name, sync.connection_id, sync.mode, sync.timeout) == ("money", f"{UUID}0", "async", 86_400)
    assert sync.assets == (f"airbyte://airbyte_default/{UUID}0",)
    assert dag.schedule == Schedule(cron="0 0 * * *")
    assert dag.max_active_runs == 1


def test_the_nearer_layer_overrides_key_by_key(configs):
    top = """
owner: top
tags: [top]
schedule: null
airbyte_conn_id: top_conn
defaults: {retries: 1, timeout: 1h, pool: top}
"""
    near = """
owner: near
defaults: {retries: 2}
notify: {on_retry: [{notifier: a.B, x: 1}]}
"""
    own = f"""
defaults: {{pool: own}}
syncs:
  money:
    connection_id: {UUID}0
    retries: 3
  other: "{{{{ var.value.other }}}}"
"""
    root = configs({"defaults.yaml": top, "a/defaults.yml": near, "a/b/money.yaml": own})
    dag = dags_of(root)["money"]
    money, other = dag.syncs
    assert (dag.owner, dag.tags, dag.schedule) == ("near", ("top",), Schedule())
    assert (money.retries, money.timeout, money.pool, money.airbyte_conn_id) == (3, 3600, "own", "top_conn")
    assert (other.retries, other.assets) == (2, ())
    assert dag.notify.on_retry == (Notifier(notifier="a.B", arguments={"x": 1}, location=ANY),)
    assert dag.defaults_files == ("configs/defaults.yaml", "configs/a/defaults.yml")


def test_an_environment_overrides_its_own_file(configs):
    top = """
schedule: "@daily"
owner: top
environments:
  dev: {schedule: null, owner: dev}
"""
    own = f"""
owner: own
syncs:
  money: {UUID}0
  more: {UUID}1
environments:
  dev:
    syncs:
      money: {{timeout: 5m}}
      more: {UUID}2
"""
    root = configs({"defaults.yaml": top, "money.yaml": own})
    plain, dev = dags_of(root)["money"], dags_of(root, "dev")["money"]
    assert (plain.schedule.cron, plain.owner, plain.syncs[0].timeout) == ("0 0 * * *", "own", 86_400)
    assert (dev.schedule.cron, dev.owner, dev.syncs[0].timeout) == (None, "own", 300)
    assert (plain.syncs[1].connection_id, dev.syncs[1].connection_id) == (f"{UUID}1", f"{UUID}2")


def test_schedules_in_every_form(configs):
    forms = {
        "none": "null",
        "cron": '"5 4 * * *"',
        "preset": '"@hourly"',
        "once": '"@once"',
        "hashed": '"H 4 * * *"',
        "every": "{every: 1h30m}",
        "zoned": '{cron: "5 4 * * *", timezone: Europe/Berlin}',
        "assets": "{assets: [a, {any: [b, c]}]}",
        "any_asset": "{assets: {any: [a, b]}}",
        "both": '{assets: {all: [a]}, cron: "@daily"}',
    }
    files = {f"{name}.yaml": f"schedule: {form}\nsyncs:\n  s: {UUID}0\n" for name, form in forms.items()}
    schedules = {name: dag.schedule for name, dag in dags_of(configs(files)).items()}
    nested = AssetGroup(kind="all", parts=("a", AssetGroup(kind="any", parts=("b", "c"))))
    assert schedules == {
        "none": Schedule(),
        "cron": Schedule(cron="5 4 * * *"),
        "preset": Schedule(cron="0 * * * *"),
        "once": Schedule(cron="@once"),
        "hashed": Schedule(cron=expression("H 4 * * *", "hashed")),
        "every": Schedule(every=5400),
        "zoned": Schedule(cron="5 4 * * *", timezone="Europe/Berlin"),
        "assets": Schedule(assets=nested),
        "any_asset": Schedule(assets=AssetGroup(kind="any", parts=("a", "b"))),
        "both": Schedule(assets=AssetGroup(kind="all", parts=("a",)), cron="0 0 * * *"),
    }


def test_triggered_dags_in_both_forms(configs):
    text = GOOD + "trigger_dags:\n  - reports\n  - {dag_id: more, after: [money], conf: {a: 1}}\n"
    dag = dags_of(configs({"money.yaml": text}))["money"]
    others = {"wait_for_completion": False, "trigger_rule": "all_success"}
    reports = TriggeredDag(dag_id="reports", after=(), conf=None, **others)
    more = TriggeredDag(dag_id="more", after=("money",), conf={"a": 1}, **others)
    assert dag.trigger_dags == (reports, more)


def test_a_bad_file_holds_back_no_other(configs):
    root = configs(
        {
            "good.yaml": GOOD,
            "syntax.yaml": "a: [",
            "schema.yaml": "nope: 1",
            "rule.yaml": GOOD.replace("@daily", "@dayly"),
            "bytes.yaml": b"\xff",
            "folder.yaml/x": "",
        }
    )
    assert list(dags_of(root)) == ["good"]
    assert sorted({file for file, _, _ in codes_of(root)}) == [
        "configs/bytes.yaml",
        "configs/folder.yaml",
        "configs/rule.yaml",
        "configs/schema.yaml",
        "configs/syntax.yaml",
    ]


def test_a_bad_document_holds_back_no_other_of_its_file(configs):
    text = f"dag_id: good\n{GOOD}---\ndag_id: bad\nschedule: x\nsyncs:\n  money: {UUID}1\n"
    assert list(dags_of(configs({"two.yaml": text}))) == ["good"]


def test_bad_defaults_hold_back_the_files_below_and_are_reported_once(configs):
    root = configs(
        {"a/defaults.yaml": "nope: 1\n", "a/one.yaml": GOOD, "a/two.yaml": GOOD, "three.yaml": GOOD}
    )
    assert list(dags_of(root)) == ["three"]
    assert codes_of(root) == [("configs/a/defaults.yaml", 1, "unknown-key")]


def test_empty_defaults_have_no_effect(configs):
    root = configs({"defaults.yaml": "# nothing yet\n", "money.yaml": GOOD})
    assert (list(dags_of(root)), codes_of(root)) == (["money"], [])


def test_a_duplicate_dag_id_belongs_to_the_file_with_its_name(configs):
    root = configs({"a.yaml": f"dag_id: money\nschedule: null\nsyncs:\n  x: {UUID}1\n", "money.yaml": GOOD})
    assert dags_of(root)["money"].syncs[0].name == "money"
    assert codes_of(root) == [("configs/a.yaml", 1, "duplicate-dag-id")]


def test_a_dag_loaded_alone_is_the_same_as_among_all(configs):
    root = configs(
        {
            "defaults.yaml": "owner: x\n",
            "money.yaml": GOOD,
            "two.yaml": f"dag_id: a.b\n{GOOD}---\ndag_id: c\nschedule: null\nsyncs:\n  x: {UUID}1\n",
            "other.yaml": f"dag_id: money\nschedule: null\nsyncs:\n  x: {UUID}2\n",
            "c.yaml": GOOD.replace("schedule", "dag_id: d\nschedule"),
        }
    )
    for dag_id, dag in dags_of(root).items():
        assert load_dag(root, None, dag_id) == dag
    assert set(dags_of(root)) == {"money", "a.b", "c", "d"}
    assert load_dag(root, None, "nobody") is None


def test_an_unknown_environment_creates_no_dag(configs):
    root = configs({"money.yaml": GOOD + "environments:\n  dev: {schedule: null}\n", "other.yaml": "a: ["})
    assert dags_of(root, "prod") == {}
    assert ("configs", 1, "unknown-environment") in codes_of(root, "prod")
    assert list(dags_of(root, "dev")) == ["money"]


def test_hidden_files_and_other_extensions_are_not_configurations(configs):
    root = configs({".hidden.yaml": "a: [", ".git/x.yaml": "a: [", "notes.txt": "a: [", "money.yaml": GOOD})
    assert codes_of(root) == []


def test_links_that_lead_out_are_rejected(configs, tmp_path):
    root = configs({"money.yaml": GOOD, "real.yaml": GOOD})
    (tmp_path / "secret.yaml").write_text("password: x")
    (root / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "folder").symlink_to(tmp_path, target_is_directory=True)
    (root / "in.yaml").symlink_to(root / "real.yaml")
    refused = [file for file, _, code in codes_of(root) if code == "unreadable-file"]
    assert refused == ["configs/folder", "configs/out.yaml"]
    assert {"in", "money", "real"} == set(dags_of(root))


def test_validate_reports_an_error_of_several_environments_once(configs):
    text = GOOD + "environments:\n  dev: {timezone: X}\n  test: {owner: a}\n"
    root = configs({"money.yaml": text.replace("@daily", "@dayly")})
    findings = validate_project(root, "configs", None, everything)
    assert [(each.code, each.environment) for each in findings.diagnostics] == [
        ("bad-cron", None),
        ("unknown-timezone", "dev"),
    ]


def test_validate_reads_only_the_selected_files_and_the_defaults_above(configs):
    root = configs({"defaults.yaml": "nope: 1\n", "a/money.yaml": GOOD, "b/bad.yaml": "a: ["})
    findings = validate_project(root, "configs", None, lambda file: "a/" in file.name)
    assert [(each.file, each.code) for each in findings.diagnostics] == [
        ("configs/defaults.yaml", "unknown-key")
    ]
    assert findings.files == ("configs/a/money.yaml",)


@pytest.mark.parametrize(
    ("broken", "is_known"),
    [
        ("environments: {prd: {owner: a}}\nschedule: [\n", True),
        ("environments: {dev: {owner: a}}\nschedule: [\n", False),
        ("environments: {prd: {owner: a}}\n" + "x: \xff\n", True),
    ],
)
def test_a_file_that_cannot_be_read_may_declare_the_environment(configs, broken, is_known):
    root = configs({"good.yaml": GOOD, "bad.yaml": broken.encode("latin-1")})
    project = load_project(root, "prd")
    assert [dag.dag_id for dag in project.dags] == (["good"] if is_known else [])
    found = {each.code for each in project.diagnostics}
    assert ("unknown-environment" in found) == (not is_known)
    found = {each.code for each in validate_project(root, "configs", "prd", lambda _file: True).diagnostics}
    assert ("unknown-environment" in found) == (not is_known)


BROKEN_SYNC = "{connection_id: " + UUID + "%s, retrys: 1}"


@pytest.mark.parametrize("errors", [5, 99, 100, 300])
def test_an_invalid_file_keeps_its_dag_id_however_many_errors_it_has(configs, errors):
    syncs = "".join(f"  s{number}: {BROKEN_SYNC % (number % 10)}\n" for number in range(errors))
    root = configs({"up.yaml": f"schedule: null\nsyncs:\n{syncs}", "c.yaml": f"dag_id: up\n{GOOD}"})
    assert dags_of(root) == {}
    assert ("configs/c.yaml", 1, "duplicate-dag-id") in codes_of(root)


def test_a_document_beyond_the_listed_errors_keeps_its_dag_id(configs):
    keys = "".join(f"key_{number}: 1\n" for number in range(100))
    documents = f"dag_id: other\n{keys}{GOOD}---\ndag_id: up\nretrys: 1\n{GOOD}"
    root = configs({"a.yaml": documents, "c.yaml": f"dag_id: up\n{GOOD}"})
    assert dags_of(root) == {}
    assert ("configs/c.yaml", 1, "duplicate-dag-id") in codes_of(root)


@pytest.mark.parametrize("unread", ["syncs: [", "- {", "\x00", "a: &a [*b]"])
def test_a_file_that_cannot_be_read_keeps_the_dag_id_of_its_name(configs, unread):
    root = configs({"team/up.yaml": unread, "c.yaml": f"dag_id: up\n{GOOD}", "good.yaml": GOOD})
    assert set(dags_of(root)) == {"good"}
    assert ("configs/c.yaml", 1, "duplicate-dag-id") in codes_of(root)
    assert load_dag(root, None, "up") is None
    assert dags_of(
        configs({"team/up.yaml": unread, "other/up.yaml": GOOD, "c.yaml": GOOD.replace("110", "111")})
    )


def test_errors_are_listed_in_the_order_of_the_file(configs):
    syncs = "".join(f"  s{number}: {BROKEN_SYNC % (number % 10)}\n" for number in range(150))
    codes = codes_of(configs({"a.yaml": f"schedule: null\nsyncs:\n{syncs}"}))
    assert codes == [
        ("configs/a.yaml", 1, "too-many-errors"),
        *(("configs/a.yaml", line, "unknown-key") for line in range(3, 103)),
    ]


# Each has several errors of one rule.
RULE_ERRORS = {
    "unknown-sync": "syncs: {m: {connection_id: %s, depends_on: [x, y, z]}}",
    "same-connection": "syncs: {m: %s, n: %s, o: %s}",
    "wait-over-timeout": "syncs: {m: {connection_id: %s, timeout: 1m, wait_seconds: 90, deferrable: false}}",
    "dependency-cycle": "syncs: {m: {connection_id: %s, depends_on: [n]}, n: {connection_id: %s, depends_on:"
    " [m]}, o: {connection_id: %s, depends_on: [p]}, p: {connection_id: %s, depends_on: [o]}}",
    "asset-loop": "schedule: {assets: [a://b/%s, c://d, e://f]}\n"
    "syncs: {m: {connection_id: %s, outlets: ['a://b/%s', 'c://d', 'e://f']}}",
}


@pytest.mark.parametrize("code", RULE_ERRORS)
def test_an_error_of_a_rule_holds_back_its_dag_however_many_the_file_has(configs, code):
    text = RULE_ERRORS[code]
    schedule = "" if "schedule" in text else "schedule: null\n"
    ids = [f"1e3b5a72-7bfd-4808-a13c-20450549{number:04}" for number in range(100)]
    documents = [f"dag_id: d{number}\n{schedule}{text.replace('%s', ids[number])}\n" for number in range(100)]
    root = configs({"a.yaml": "---\n".join(documents), "good.yaml": GOOD})
    assert set(dags_of(root)) == {"good"}
    found = validate_project(root, "configs", None, everything).diagnostics
    lines = {each.span.line for each in found if each.code == code}
    starts = [
        number for number, line in enumerate("---\n".join(documents).splitlines(), 1) if "dag_id" in line
    ]
    assert all(any(start <= line <= start + 4 for line in lines) for start in starts)


@pytest.mark.parametrize("environments", ["prod:", "[prod]", "{prod: 5}", "{prod: {owner: 5}}"])
def test_an_environment_that_an_invalid_file_means_is_known(configs, environments):
    text = f"{GOOD}environments:\n  {environments}\n"
    root = configs({"a.yaml": text, "good.yaml": GOOD.replace("110", "111")})
    assert set(dags_of(root, "prod")) == {"good"}
    assert set(dags_of(root, "prd")) == set()


def test_every_environment_is_resolved_as_it_is_alone(configs):
    files = {
        "a.yaml": GOOD + "environments:\n  dev: {owner: dev}\n",
        "b.yaml": GOOD + "environments:\n  prod: {timezone: Mars/Base}\n",
        "c.yaml": GOOD,
        "d.yaml": "dag_id: c\n" + GOOD,
        "e.yaml": GOOD + "ownr: x\n",
        "f.yaml": "syncs: [\n",
    }
    root = configs(files)
    together = list(resolve_every_environment(root))
    for environment, resolved in zip((None, "dev", "prod"), together, strict=True):
        alone = resolve_project(root, environment)
        assert resolved.project == alone.project
        assert resolved.files == alone.files
        assert [each.dag_id.value for each in resolved.drafts] == [each.dag_id.value for each in alone.drafts]
    assert [[dag.dag_id for dag in each.project.dags] for each in together] == [
        ["a", "b", "c"],
        ["a", "b", "c"],
        ["a", "c"],
    ]


def test_environments_share_the_dags_that_they_do_not_change(configs):
    root = configs({"a.yaml": GOOD, "b.yaml": GOOD + "environments:\n  dev: {owner: dev}\n"})
    base, dev = (each.project.dags for each in resolve_every_environment(root))
    assert base[0] is dev[0]
    assert (base[1].owner, dev[1].owner) == (None, "dev")


def test_every_environment_is_resolved_from_one_reading(configs):
    root = configs({"a.yaml": GOOD + "environments:\n  dev: {owner: dev}\n"})
    resolutions = resolve_every_environment(root)
    (root / "a.yaml").unlink()
    assert [each.project.dags[0].owner for each in resolutions] == [None, "dev"]
