"""Whatever is raised over one file costs that file's DAGs, and is told as one diagnostic."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from dag_factory.config import checked_files, project, rule_runner, tree
from dag_factory.config.boundary import attempt
from dag_factory.config.limits import Limits
from dag_factory.config.project import load_dag, load_project, resolve_project, validate_project
from dag_factory.config.rules import registry
from dag_factory.report.formats import FORMATS, renderer

pytestmark = pytest.mark.usefixtures("internal_errors_are_reported")

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
BAD = f"schedule: null\nsyncs:\n  money: {UUID}0\n"
GOOD = BAD.replace("0\n", "1\n")
WRONG = f"schedule: null\nsyncs:\n  money: {UUID}2\nnope: 1\n"

AirflowTaskTimeout = type("AirflowTaskTimeout", (BaseException,), {"__module__": "airflow.sdk.exceptions"})
PanicException = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})

RAISED = [
    RuntimeError("hunter22"),
    RecursionError("hunter22"),
    MemoryError("hunter22"),
    SystemExit("hunter22"),
    PanicException("hunter22"),
]
ORDERS = [KeyboardInterrupt(), AirflowTaskTimeout()]


@pytest.fixture
def folder(configs):
    return configs({"bad.yaml": BAD, "good.yaml": GOOD, "wrong.yaml": WRONG})


def failing(function, error, is_bad):
    """Make a function that raises over what is bad."""

    def broken(*arguments, **named):
        if is_bad(arguments[0]):
            raise error
        return function(*arguments, **named)

    return broken


def of_bad_path(path):
    return path.stem == "bad"


def of_bad_document(document):
    return document.file.name.endswith("bad.yaml")


def of_bad_dag(dag):
    return of_bad_document(dag.document)


def of_bad_dags(dags):
    return any(map(of_bad_dag, dags))


STEPS = {
    "reading": (checked_files, "read_source", of_bad_path),
    "schema": (checked_files, "check_schema", of_bad_document),
    "secrets": (checked_files, "find_secrets", of_bad_document),
    "merging layers": (tree, "draft_from", of_bad_document),
    "rule": ("DAG_RULES", 3, of_bad_dag),
    "project rule": ("PROJECT_RULES", 0, of_bad_dags),
    "typing": (project, "dag_from", of_bad_dag),
}


@pytest.fixture
def break_step(monkeypatch):
    def break_it(step, error):
        where, what, is_bad = STEPS[step]
        if isinstance(where, str):
            rules = list(getattr(registry, where))
            rules[what] = failing(rules[what], error, is_bad)
            monkeypatch.setattr(registry, where, tuple(rules))
        else:
            monkeypatch.setattr(where, what, failing(getattr(where, what), error, is_bad))

    return break_it


def told_of(diagnostics, name):
    return [each.code for each in diagnostics if each.file == f"configs/{name}.yaml"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_it_costs_its_own_dags_alone(step, error, folder, break_step):
    break_step(step, error)
    loaded = load_project(folder, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert told_of(loaded.diagnostics, "bad") == ["internal-error"]
    assert told_of(loaded.diagnostics, "wrong") == ["unknown-key"]
    assert load_dag(folder, None, "good") is not None
    assert load_dag(folder, None, "bad") is None
    assert told_of(resolve_project(folder, None).project.diagnostics, "bad") == ["internal-error"]


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"typing"}))
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_validate_tells_it_beside_all_else(step, error, folder, break_step):
    break_step(step, error)
    findings = validate_project(folder, "configs", None, lambda _file: True, date(2026, 1, 31))
    assert told_of(findings.diagnostics, "bad") == ["internal-error"]
    assert told_of(findings.diagnostics, "wrong") == ["unknown-key"]
    assert told_of(findings.diagnostics, "good") == []
    for style in FORMATS:
        report = renderer(style)(findings.diagnostics, findings.files)
        assert type(error).__name__ in report
        assert "hunter22" not in report


def test_defaults_hold_back_what_lies_below_them(configs, monkeypatch):
    root = configs({"a/defaults.yaml": "retries: 1\n", "a/bad.yaml": BAD, "good.yaml": GOOD})
    broken = failing(checked_files.read_source, MemoryError(), lambda path: path.stem == "defaults")
    monkeypatch.setattr(checked_files, "read_source", broken)
    loaded = load_project(root, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert [(each.file, each.code) for each in loaded.diagnostics] == [
        ("configs/a/defaults.yaml", "internal-error")
    ]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("order", ORDERS, ids=lambda error: type(error).__name__)
def test_orders_pass(step, order, folder, break_step):
    break_step(step, order)
    with pytest.raises(type(order)):
        load_project(folder, None)


def test_it_names_where_it_was_raised_and_asks_to_report_it():
    def deep():
        return rule_runner.of_all_dags(None, None, Limits())

    told = attempt("configs/a.yaml", deep)
    assert told.message.startswith(
        "dag-factory failed on this file: TypeError at dag_factory/config/rule_runner.py:"
    )
    assert "report it" in told.help


def test_of_two_dags_that_only_fail_together_one_is_held_back():
    first, second, other = (document_dag(number) for number in range(3))

    def rule(dags):
        if first in dags and second in dags:
            raise RuntimeError
        return iter(())

    assert [dag for dag, _ in rule_runner.of_all_dags(rule, [first, other, second], Limits())] == [second]


def test_many_culprits_end():
    def rule(dags):
        if len(dags) > 1:
            raise RuntimeError
        return iter(())

    dags = [document_dag(number) for number in range(50)]
    found = rule_runner.of_all_dags(rule, dags, Limits())
    assert 0 < len(found) <= 50


def document_dag(number):
    file = SimpleNamespace(name=f"configs/{number}.yaml")
    return SimpleNamespace(document=SimpleNamespace(file=file), is_faulty=lambda *_: True)
