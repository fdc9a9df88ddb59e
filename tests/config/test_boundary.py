"""An exception from one file costs only that file's DAGs, and is reported as one diagnostic."""

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
INTERRUPTS = [KeyboardInterrupt(), AirflowTaskTimeout()]


@pytest.fixture
def folder(configs):
    return configs({"bad.yaml": BAD, "good.yaml": GOOD, "wrong.yaml": WRONG})


def failing(function, error, is_bad):
    """Wrap a function so that it raises for bad arguments."""

    def broken(*arguments, **named):
        if is_bad(arguments[0]):
            raise error
        return function(*arguments, **named)

    return broken


def is_bad_path(path):
    return path.stem == "bad"


def is_bad_document(document):
    return document.file.name.endswith("bad.yaml")


def is_bad_dag(dag):
    return is_bad_document(dag.document)


def has_bad_dag(dags):
    return any(map(is_bad_dag, dags))


STEPS = {
    "reading": (checked_files, "read_source", is_bad_path),
    "schema": (checked_files, "check_schema", is_bad_document),
    "secrets": (checked_files, "find_secrets", is_bad_document),
    "merging layers": (tree, "draft_from", is_bad_document),
    "rule": ("DAG_RULES", 3, is_bad_dag),
    "project rule": ("PROJECT_RULES", 0, has_bad_dag),
    "typing": (project, "dag_from", is_bad_dag),
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


def codes_of(diagnostics, name):
    return [each.code for each in diagnostics if each.file == f"configs/{name}.yaml"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_it_costs_only_the_dags_of_its_file(step, error, folder, break_step):
    break_step(step, error)
    loaded = load_project(folder, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert codes_of(loaded.diagnostics, "bad") == ["internal-error"]
    assert codes_of(loaded.diagnostics, "wrong") == ["unknown-key"]
    assert load_dag(folder, None, "good") is not None
    assert load_dag(folder, None, "bad") is None
    assert codes_of(resolve_project(folder, None).project.diagnostics, "bad") == ["internal-error"]


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"typing"}))
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_validate_reports_it_with_everything_else(step, error, folder, break_step):
    break_step(step, error)
    findings = validate_project(folder, "configs", None, lambda _file: True, date(2026, 1, 31))
    assert codes_of(findings.diagnostics, "bad") == ["internal-error"]
    assert codes_of(findings.diagnostics, "wrong") == ["unknown-key"]
    assert codes_of(findings.diagnostics, "good") == []
    for style in FORMATS:
        report = renderer(style)(findings.diagnostics, findings.files)
        assert type(error).__name__ in report
        assert "hunter22" not in report


def test_broken_defaults_hold_back_the_dags_below(configs, monkeypatch):
    root = configs({"a/defaults.yaml": "retries: 1\n", "a/bad.yaml": BAD, "good.yaml": GOOD})
    broken = failing(checked_files.read_source, MemoryError(), lambda path: path.stem == "defaults")
    monkeypatch.setattr(checked_files, "read_source", broken)
    loaded = load_project(root, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert [(each.file, each.code) for each in loaded.diagnostics] == [
        ("configs/a/defaults.yaml", "internal-error")
    ]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("interrupt", INTERRUPTS, ids=lambda error: type(error).__name__)
def test_interrupts_are_passed_on(step, interrupt, folder, break_step):
    break_step(step, interrupt)
    with pytest.raises(type(interrupt)):
        load_project(folder, None)


def test_it_names_its_origin_and_asks_for_a_report():
    def deep():
        return rule_runner.of_all_dags(None, None, Limits())

    diagnostic = attempt("configs/a.yaml", deep)
    assert diagnostic.message.startswith(
        "dag-factory failed on this file: TypeError at dag_factory/config/rule_runner.py:"
    )
    assert "report it" in diagnostic.help


def test_only_one_of_two_dags_that_fail_together_is_held_back():
    first, second, other = (document_dag(number) for number in range(3))

    def rule(dags):
        if first in dags and second in dags:
            raise RuntimeError
        return iter(())

    assert [dag for dag, _ in rule_runner.of_all_dags(rule, [first, other, second], Limits())] == [second]


def test_many_culprits_are_found_in_finite_time():
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
