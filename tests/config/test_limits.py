"""Limits on the number of diagnostics for one file."""

from __future__ import annotations

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Severity, Span
from dag_factory.config.ignores import Ignore
from dag_factory.config.limits import Limits


def problem(line, file="a.yaml", severity=Severity.WARNING):
    span = Span(line=line, end_line=line, end_column=2)
    return Diagnostic(file=file, span=span, code="c", message="m", severity=severity)


def admitted(limits, lines, rule="rule", **more):
    return sum(limits.admit(rule, "document", problem(line, **more)) for line in lines)


def test_the_limit_applies_to_all_environments_together():
    limits = Limits()
    assert admitted(limits, range(1, 61)) == 60
    assert not limits.is_cut
    assert admitted(limits, range(1000, 2000)) == MAX_PROBLEMS - 60
    assert limits.is_cut
    assert admitted(limits, range(1000, 2000)) == 0


def test_each_rule_and_each_file_counts_separately():
    limits = Limits()
    assert admitted(limits, range(200)) == MAX_PROBLEMS
    assert admitted(limits, range(200), file="b.yaml") == MAX_PROBLEMS
    assert admitted(limits, range(200), rule="other") == MAX_PROBLEMS


def test_duplicates_count_once_but_are_limited_too():
    assert admitted(Limits(), [1] * 5_000) == 1_000


def test_the_first_error_of_each_document_is_beyond_the_limit():
    limits = Limits()
    admitted(limits, range(200))
    assert not limits.is_done("rule", "a.yaml", "other document")
    errors = [problem(line, severity=Severity.ERROR) for line in (1, 2)]
    assert [limits.admit("rule", "other document", each) for each in errors] == [True, False]
    assert limits.is_done("rule", "a.yaml", "other document")


def test_what_a_comment_ignores_does_not_count_and_is_admitted_once():
    ignore = Ignore(file="a.yaml", span=Span(), code="c", line=None, source_line="")
    limits = Limits({("a.yaml", "c", None): ignore})
    assert admitted(limits, [*range(500), *range(500)]) == 500
    assert not limits.is_cut
    assert admitted(limits, range(1000, 1200), file="b.yaml") == MAX_PROBLEMS
