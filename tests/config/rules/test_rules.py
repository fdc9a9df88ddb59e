"""Thresholds of rules: golden cases have their messages, and `tests/cases/ok` the cases without any."""

from __future__ import annotations

import json
import zoneinfo
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.diagnostics import Span
from dag_factory.config.project import load_project, validate_project
from dag_factory.config.rules.syncs import _Slips
from dag_factory.config.schema.check import DAG_SCHEMA, schema_text

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
TODAY = date(2026, 1, 31)


def codes(configs, files, wanted=lambda _file: True, today=TODAY):
    if isinstance(files, str):
        files = {"money.yaml": files}
    findings = validate_project(configs(files), "configs", None, wanted, today)
    return [diagnostic.code for diagnostic in findings.diagnostics]


def dag(schedule="null", more="", sync=""):
    return f"schedule: {schedule}\n{more}syncs:\n  money:\n    connection_id: {UUID}0\n{sync}"


@pytest.mark.parametrize(
    ("schedule", "timeout", "warns"),
    [
        ('"@daily"', "25h", True),
        ('"0 */6 * * *"', "7h", True),
        ('"0 9-17 * * 1-5"', "61m", True),
        ('"0 0 1 * *"', "30d", True),
        ("{every: 1h}", "61m", True),
        ("{every: 3600}", "61m", True),
        ('{cron: "@hourly", assets: [a]}', "2h", True),
        ('"99 * * * *"', "10d", False),
        ("{every: never}", "10d", False),
    ],
)
def test_a_timeout_is_compared_with_the_next_runs(schedule, timeout, warns, configs):
    found = codes(configs, dag(schedule, sync=f"    timeout: {timeout}\n"))
    assert ("short-schedule" in found) == warns


def test_an_invalid_schedule_is_not_replaced_by_that_of_the_defaults(configs):
    files = {"defaults.yaml": "schedule: {every: 1m}\n", "money.yaml": dag("[a]", sync="    timeout: 1h\n")}
    assert codes(configs, files) == ["wrong-type"]


@pytest.mark.parametrize(
    ("start", "today", "warns"),
    [
        ("2027-02-01", TODAY, False),
        ("2027-02-02", TODAY, True),
        ("2027-02-02", None, False),
        ("2027-02-30", TODAY, False),
    ],
)
def test_a_start_is_far_after_a_year(start, today, warns, configs):
    found = codes(configs, dag(more=f"start_date: {start}\n"), today=today)
    assert ("far-start-date" in found) == warns


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ('"@daily"', '"@hourly"', True),
        ('"@daily"', "{every: 1h}", True),
        ('"@daily"', "{assets: [a]}", True),
        ('"@daily"', '{cron: "@once"}', False),
        ('"@daily"', "[refused]", False),
        ("null", "null", False),
    ],
)
def test_two_dags_collide_if_both_recur_by_themselves(first, second, meet, configs):
    files = {"a.yaml": dag(first), "b.yaml": dag(second)}
    assert ("same-connection" in codes(configs, files)) == meet


@pytest.mark.parametrize(
    ("first", "second", "in_one_dag", "in_two"),
    [
        ("{{ var.value.x }}", "{{ var.value.x }}", True, True),
        ("{{ var.value.x }}", "{{var.value.x}}", True, True),
        ("{{ conn.a.extra_dejson['task'] }}", "{{ conn.a.extra_dejson['task'] }}", True, True),
        ("{{ params.x }}", "{{ params.x }}", True, False),
        ("{{ dag.dag_id | lower }}", "{{ dag.dag_id | lower }}", True, False),
        ("{{ var.value[ti.task_id] }}", "{{ var.value[ti.task_id] }}", False, False),
        (f"{UUID}a", f"{UUID}A", True, True),
        (f"{UUID}a", "{{ var.value.x }}", False, False),
    ],
)
def test_a_connection_is_recognised_in_any_spelling(first, second, in_one_dag, in_two, configs):
    one = f'schedule: \'@daily\'\nsyncs:\n  a: "{first}"\n  b: "{second}"\n'
    two = {
        "a.yaml": f"schedule: '@daily'\nsyncs:\n  a: \"{first}\"\n",
        "b.yaml": f"schedule: '@daily'\nsyncs:\n  b: \"{second}\"\n",
    }
    assert ("same-connection" in codes(configs, one)) == in_one_dag
    (configs({}) / "money.yaml").unlink()
    assert ("same-connection" in codes(configs, two)) == in_two


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("timeout: 29", True),
        ("wait_seconds: 25h", True),
        ("timeout: nonsense\n    wait_seconds: 25h", False),
        ("timeout: 10\n    wait_seconds: 10", False),
    ],
)
def test_a_timeout_allows_two_polls_of_the_job(lines, wrong, configs):
    assert ("wait-over-timeout" in codes(configs, dag(sync=f"    {lines}\n"))) == wrong


@pytest.mark.parametrize(
    ("limit", "lines", "warns"),
    [
        ("3h9m", "timeout: 1h\n    retries: 2\n    retry_delay: 5m", True),
        ("1h", "timeout: 2h", False),
        ("1h", "timeout: 2h\n    retries: many", False),
    ],
)
def test_retries_fit_into_the_run(limit, lines, warns, configs):
    found = codes(configs, dag(more=f"dagrun_timeout: {limit}\n", sync=f"    {lines}\n"))
    assert ("short-dagrun-timeout" in found) == warns


def test_a_cycle_has_no_longest_chain(configs):
    lines = "".join(
        f"  s{n}: {{connection_id: {UUID}{n}, timeout: 1h, retries: 1, depends_on: [s{1 - n}]}}\n"
        for n in (0, 1)
    )
    assert codes(configs, f"schedule: null\ndagrun_timeout: 1h\nsyncs:\n{lines}") == ["dependency-cycle"]


def test_a_long_chain_is_added_up_without_recursion(configs):
    lines = "".join(
        f"  s{n}: {{connection_id: '{{{{ x{n} }}}}', timeout: 1m, retries: 1, depends_on: [{before}]}}\n"
        for n, before in enumerate(["", *(f"s{n}" for n in range(499))])
    )
    assert codes(configs, f"schedule: null\ndagrun_timeout: 1h\nsyncs:\n{lines}") == ["short-dagrun-timeout"]


def test_an_asset_may_come_from_a_file_that_was_not_read(configs):
    files = {"a.yaml": "a: [", "c.yaml": f"schedule: {{assets: [x]}}\nsyncs:\n  x: {UUID}2\n"}
    assert codes(configs, files) == ["yaml-syntax"]
    assert codes(configs, {"a.yaml": dag(), **files}, lambda file: file.stem == "c") == []


@pytest.mark.parametrize(
    ("name", "warns"),
    [
        ("mony", True),
        ("moneyy", True),
        ("moeny", True),
        ("honey", False),
    ],
)
def test_a_misspelt_sync_name_is_not_an_addition(name, warns, configs):
    text = dag() + f"environments:\n  dev:\n    syncs:\n      {name}: {UUID}1\n"
    assert codes(configs, text) == (["similar-sync"] if warns else [])


def test_a_rejected_sync_is_not_unknown(configs):
    text = f"schedule: null\nsyncs:\n  money: 7\n  x: {UUID}0\n"
    text += "environments:\n  dev:\n    syncs:\n      money: {timeout: 5m}\n"
    assert codes(configs, text) == ["wrong-type"]


def test_an_error_of_the_plain_file_is_not_repeated_for_its_environments(configs):
    text = (
        dag('"@hourly"', sync="    timeout: 2h\n")
        + "environments:\n  dev: {owner: me}\n  prod: {owner: us}\n"
    )
    assert codes(configs, text) == ["short-schedule"]


@pytest.mark.slow
def test_many_dags_of_one_connection_are_compared_quickly(configs):
    text = "---\n".join(
        f'dag_id: d{n}\nschedule: "{n % 60} * * * *"\nsyncs:\n  s: {{connection_id: {UUID}0, timeout: 2h}}\n'
        for n in range(100)
    )
    found = codes(configs, {f"f{n}.yaml": text.replace("dag_id: d", f"dag_id: d{n}_") for n in range(20)})
    assert (found.count("same-connection"), found.count("short-schedule")) == (1999, 2000)


def test_a_bad_file_name_is_reported_at_the_first_line_of_its_document(configs):
    """Not at the whole document, which code hosts would mark from top to bottom."""
    root = configs({"no id.yaml": f'# why\nschedule: "@daily" # each night\nsyncs:\n  money: {UUID}0\n'})
    (diagnostic,) = validate_project(root, "configs", None, lambda _file: True).diagnostics
    assert diagnostic.code == "bad-name"
    assert diagnostic.span == Span(line=2, column=1, end_line=2, end_column=32)


@pytest.mark.parametrize(
    ("lines", "warns"),
    [
        ("max_active_tasks: 1\n", True),
        ("max_active_tasks: 1\ndefaults: {mode: sync, deferrable: false}\n", False),
        ("max_active_tasks: 1\ndefaults: {mode: sync, deferrable: true}\n", True),
        ("max_active_tasks: 1\ndefaults: {mode: async, deferrable: false}\n", True),
        ("max_active_tasks: 1\nenabled: false\n", False),
    ],
)
def test_only_tasks_that_run_as_long_as_their_sync_count(lines, warns, configs):
    found = codes(configs, f"schedule: null\n{lines}syncs:\n  a: {UUID}0\n  b: {UUID}1\n")
    assert ("tasks-without-limit" in found) == warns


@pytest.mark.parametrize(
    ("schedule", "lines", "today", "count"),
    [
        ('"@hourly"', "catchup: true\n", TODAY, "about 18,000"),
        ('"0 0 * * 1-5"', "catchup: true\n", TODAY, "about 540"),
        ('"0 0 1 1 *"', "catchup: true\n", TODAY, "2"),
        ("{every: 7d}", "catchup: true\n", TODAY, "about 110"),
        ('{cron: "@daily", assets: [a]}', "catchup: true\n", TODAY, "about 760"),
        ('"@hourly"', "catchup: true\nstart_date: 2024-01-01\n", TODAY, None),
        ('"@hourly"', "catchup: true\nstart_date: nonsense\n", TODAY, None),
        ('"@daily"', "catchup: true\nend_date: 2024-01-31\n", TODAY, "30"),
        ('"@daily"', "catchup: true\nend_date: 2999-12-31\n", TODAY, "about 760"),
        ('"@daily"', "catchup: true\nend_date: 2024-02-31\n", TODAY, "about 760"),
        ('"@daily"', "catchup: true\nend_date: 2023-12-31\n", TODAY, None),
        ('"@hourly"', "catchup: true\n", None, None),
        ('"@hourly"', "catchup: true\n", date(2023, 1, 1), None),
        ('"@hourly"', "catchup: false\n", TODAY, None),
        ('"@hourly"', "", TODAY, None),
        ("{assets: [a]}", "catchup: true\n", TODAY, None),
        ('"99 * * * *"', "catchup: true\n", TODAY, None),
    ],
)
def test_the_runs_of_a_catchup_without_a_start_are_counted(schedule, lines, today, count, configs):
    root = configs({"money.yaml": dag(schedule, lines)})
    found = validate_project(root, "configs", None, lambda _file: True, today).diagnostics
    messages = [each.message for each in found if each.code == "catchup-without-start"]
    assert [message.split(" runs,")[0].split("creates ")[1] for message in messages] == [count] * bool(count)


@pytest.mark.parametrize(
    ("schedule", "warns"),
    [
        ('"* 3 * * *"', True),
        ('"*/1 9-17 * * *"', True),
        ('"* H * * *"', True),
        ('"* * * * *"', False),
        ('"H 3 * * *"', False),
        ('"* 3 *"', False),
        ('"@daily"', False),
    ],
)
def test_a_chosen_hour_is_not_for_each_minute(schedule, warns, configs):
    assert ("each-minute" in codes(configs, dag(schedule))) == warns


@pytest.mark.parametrize(
    ("lines", "today", "warns"),
    [
        ("end_date: 2026-01-30\n", TODAY, True),
        ("end_date: 2026-01-30\n", None, False),
        ("end_date: 2025-02-30\n", TODAY, False),
    ],
)
def test_an_end_has_passed_on_the_next_day(lines, today, warns, configs):
    assert ("past-end-date" in codes(configs, dag(more=lines), today=today)) == warns


@pytest.mark.parametrize(
    ("defaults", "lines", "warns"),
    [
        ("", "    trigger_rule: all_done\n", True),
        ("", "    trigger_rule: all_done\n    depends_on: nonsense\n", False),
        ("enabled: false\n", "    trigger_rule: all_done\n", False),
    ],
)
def test_a_trigger_rule_is_for_what_depends_on_something(defaults, lines, warns, configs):
    assert ("no-effect" in codes(configs, dag(more=defaults, sync=lines))) == warns


NO_ZONES = [
    "a/" * 290 + "a",
    "/etc/localtime",
    "/" * 300,
    "..",
    "../../etc/passwd",
    "Europe/../Europe/Berlin",
    "Europe/./Berlin",
    r"Europe\0Berlin",
    r"\0",
    "a" * 300,
    "America",
    "America/Argentina",
    "Europe/",
    "",
    " ",
    "tzdata.zi",
    "tzdata.zoneinfo",
    "zone.tab",
    "Europe//Berlin",
    "Zürich",
    "Europe/Berlin ",
]


@pytest.mark.parametrize("name", NO_ZONES)
@pytest.mark.parametrize("place", ["timezone: {}\n", "environments: {{dev: {{timezone: {}}}}}\n"])
def test_an_unknown_time_zone_is_only_reported(name, place, configs):
    written = f'"{name}"'
    found = codes(configs, dag(more=place.format(written) + "start_date: 2026-01-01\n"))
    assert found in (["unknown-timezone"], ["bad-value"], ["yaml-encoding"])
    found = codes(configs, dag(schedule=f'{{cron: "@daily", timezone: {written}}}'))
    assert found in (["unknown-timezone"], ["bad-value"], ["yaml-encoding"])


def test_every_time_zone_is_accepted(configs):
    # Some systems have these in addition to the names of the database.
    zones = sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"})
    files = {f"{number}.yaml": dag(more=f"timezone: {zone}\n") for number, zone in enumerate(zones)}
    assert codes(configs, files) == []


LANGUAGE = json.loads(schema_text(DAG_SCHEMA))["$defs"]


@pytest.mark.parametrize("part", ["dag", "sync"])
def test_the_hint_for_null_has_the_default_of_the_schema(part, configs):
    for key, described in LANGUAGE[part]["properties"].items():
        form = {**LANGUAGE.get(described.get("$ref", "").rpartition("/")[2], {}), **described}
        default = form.get("default")
        if default is None:
            continue
        text = dag(more=f"{key}: null\n") if part == "dag" else dag(sync=f"    {key}: null\n")
        (found,) = load_project(configs({"money.yaml": text}), None).diagnostics
        assert f"write '{key}: {str(default).lower() if default in (True, False) else default}'" in found.help


def is_slip(one, other):
    """Whether a letter is missing or extra, or two neighbours are swapped, by comparing both names."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) == 1:
        less = (longer[:at] + longer[at + 1 :] for at, letter in enumerate(longer) if letter.isalpha())
        return len(shorter) > 2 and shorter in less
    swaps = (one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1))
    return one != other and other in swaps


NAMES = st.text(alphabet="ab1_", min_size=1, max_size=6)


@given(st.lists(NAMES, max_size=12, unique=True), NAMES)
def test_a_slip_is_found_as_by_comparing_with_each_name(names, name):
    expected = next((each for each in names if is_slip(name, each)), None)
    assert _Slips(names).meant_by(name) == expected
