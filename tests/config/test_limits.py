"""Limits on the number of diagnostics for one file."""

from __future__ import annotations

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Span
from dag_factory.config.limits import Limits


def problem(line):
    return Diagnostic(file="a.yaml", span=Span(line=line, end_line=line, end_column=2), code="c", message="m")


def problems():
    line = 0
    while True:
        line += 1
        yield problem(line)


def test_the_limit_applies_to_all_environments_together():
    limits = Limits()
    assert len(list(limits.few("rule", "a.yaml", (problem(line) for line in range(1, 61))))) == 60
    assert not limits.is_cut
    assert len(list(limits.few("rule", "a.yaml", problems()))) == MAX_PROBLEMS
    assert limits.is_cut
    assert list(limits.few("rule", "a.yaml", problems())) == []


def test_each_rule_and_each_file_counts_separately():
    limits = Limits()
    list(limits.few("rule", "a.yaml", problems()))
    assert len(list(limits.few("rule", "b.yaml", problems()))) == MAX_PROBLEMS
    assert len(list(limits.few("other", "a.yaml", problems()))) == MAX_PROBLEMS


def test_duplicates_count_once_but_are_limited_too():
    limits = Limits()
    assert len(list(limits.few("rule", "a.yaml", [problem(1)] * 5_000))) == 1_000
