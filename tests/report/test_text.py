"""What people read of a diagnostic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.report.text import render_concise, render_one, summary


def make(line="key: value", column=6, end_column=11, **more):
    span = Span(line=3, column=column, end_line=3, end_column=end_column)
    fields = {"file": "a.yaml", "code": "some-code", "message": "is wrong", "source_line": line, "span": span}
    return Diagnostic(**{**fields, **more})


def test_the_mark_stands_under_what_is_meant():
    related = (Related(file="b.yaml", span=Span(line=7, column=2), message="first here"),)
    assert render_one(make(help="write it", related=related, environment="dev")).splitlines() == [
        "a.yaml:3:6: error: is wrong (environment dev) [some-code]",
        "  |",
        "3 | key: value",
        "  |      ^^^^^",
        "  = first here: b.yaml:7:2",
        "  = help: write it",
    ]


def test_concise_is_one_line():
    assert render_concise(make(help="write it")) == "a.yaml:3:6: error: is wrong [some-code] (write it)"


def test_control_characters_are_shown_and_do_not_move_the_mark():
    rendered = render_one(make(line="k\x1b[31m: \tv", column=10, end_column=11, message="has \x07"))
    assert rendered.splitlines()[0] == "a.yaml:3:10: error: has \\x07 [some-code]"
    line, mark = rendered.splitlines()[2:4]
    assert line == "3 | k\\x1b[31m: \\tv"
    assert line[mark.index("^")] == "v"


def test_a_long_line_is_cut_around_the_mark():
    rendered = render_one(make(line="x" * 5000 + "bad" + "y" * 5000, column=5001, end_column=5004))
    line, mark = rendered.splitlines()[2:4]
    assert len(line) < 200
    assert line[mark.index("^") : mark.rindex("^") + 1] == "bad"


@given(st.text(max_size=50), st.integers(1, 100), st.integers(1, 100))
def test_any_text_and_place_is_rendered_printable(line, column, end_column):
    rendered = render_one(make(line=line, column=column, end_column=end_column, message=line, file=line))
    assert all(char.isprintable() for char in rendered.replace("\n", ""))


def test_summary_counts():
    assert summary([], 1) == "nothing wrong in 1 file"
    warning = make(severity=Severity.WARNING)
    assert summary([make(), make(), warning], 3) == "2 errors and 1 warning in 3 files"
    assert summary([warning], 2) == "1 warning in 2 files"
