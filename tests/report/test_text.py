"""The text of a diagnostic for people."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.diagnostics import Diagnostic, Related, Severity, Span
from dag_factory.report.text import render, render_each, render_one, summary


def make(line="key: value", column=6, end_column=11, **more):
    span = Span(line=3, column=column, end_line=3, end_column=end_column)
    fields = {"file": "a.yaml", "code": "some-code", "message": "is wrong", "source_line": line, "span": span}
    return Diagnostic(**{**fields, **more})


def marked(diagnostic):
    """Return the text above the mark, column by column."""
    line, mark = render_one(diagnostic).splitlines()[2:4]
    return line[mark.index("^") : mark.rindex("^") + 1]


def test_the_mark_is_under_the_offending_text():
    related = (Related(file="b.yaml", span=Span(line=7, column=2), message="first here"),)
    assert render_one(make(help="write it", related=related, environment="dev")).splitlines() == [
        "a.yaml:3:6: error: is wrong (environment dev) [some-code]",
        "  |",
        "3 | key: value",
        "  |      ^^^^^",
        "  = first here: b.yaml:7:2",
        "  = help: write it",
    ]


def test_the_summary_counts_all_diagnostics(diagnostics, files):
    text = render(diagnostics, files)
    assert text == f"{render_each(diagnostics)}2 errors and 1 warning in 3 files\n"
    assert text.split("\n\n")[0].splitlines() == [
        "configs/a b,ü.yaml:3:5: error: unknown key '<\"&%:,>\\x1b[2J\\r\\n::error::x' (environment dev) "
        "[unknown-key]",
        "  |",
        "3 |     <\"&%:,: ']]>' \\u202e",
        "  |     ^^^^^^",
        "  = first [here](1): configs/b.yaml:7:2",
        "  = help: write 100%",
    ]


def test_colour_changes_nothing_but_the_colour(diagnostics, files):
    coloured = render(diagnostics, files, colour=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render(diagnostics, files)
    assert coloured.startswith(
        "\x1b[1mconfigs/a b,ü.yaml:3:5\x1b[0m: \x1b[1;31merror\x1b[0m: unknown key '<\"&%:,>\\x1b[2J"
    )
    assert "\n  |     \x1b[1;31m^^^^^^\x1b[0m\n" in coloured
    assert "\n  = \x1b[1;36mhelp\x1b[0m: write 100%\n" in coloured
    assert ": \x1b[1;33mwarning\x1b[0m: " in coloured


def test_control_characters_are_shown_and_do_not_move_the_mark():
    diagnostic = make(line="k\x1b[31m: \tv", column=10, end_column=11, message="has \x07")
    assert render_one(diagnostic).splitlines()[0] == "a.yaml:3:10: error: has \\x07 [some-code]"
    assert render_one(diagnostic).splitlines()[2] == "3 | k\\x1b[31m: \\tv"
    assert marked(diagnostic) == "v"


def test_an_escape_is_marked_as_a_whole():
    assert marked(make(line="k: \N{ZERO WIDTH SPACE}v", column=4, end_column=6)) == "\\u200bv"


def test_wide_characters_take_two_columns():
    line, mark = render_one(make(line="金: 금 x", column=4, end_column=5)).splitlines()[2:4]
    assert (line, mark) == ("3 | 金: 금 x", "  |     ^^")
    line, mark = render_one(make(line="金: 금 x", column=6, end_column=7)).splitlines()[2:4]
    assert (line, mark) == ("3 | 金: 금 x", "  |        ^")


def test_combining_characters_take_no_column():
    line, mark = render_one(make(line="e\u0301: x", column=5, end_column=6)).splitlines()[2:4]
    assert (line, mark) == ("3 | e\u0301: x", "  |    ^")


def test_a_long_line_is_cut_around_the_mark():
    diagnostic = make(line="x" * 5000 + "bad" + "y" * 5000, column=5001, end_column=5004)
    assert len(render_one(diagnostic).splitlines()[2]) < 200
    assert marked(diagnostic) == "bad"


def test_a_line_does_not_begin_as_a_command_of_a_runner():
    assert render_one(make(file="::stop-commands::x", line=None)).startswith("./::stop-commands::x:3:6: ")
    assert render_one(make(message="##[group]", line=None)).startswith("a.yaml:3:6: error: #\\x23[group] ")


@given(st.text(max_size=50), st.integers(1, 100), st.integers(1, 100))
def test_any_text_and_place_is_rendered_printable(line, column, end_column):
    rendered = render_one(make(line=line, column=column, end_column=end_column, message=line, file=line))
    assert all(char.isprintable() for char in rendered.replace("\n", ""))


def test_summary_counts():
    assert summary([], 1) == "nothing wrong in 1 file"
    warning = make(severity=Severity.WARNING)
    assert summary([make(), make(), warning], 3) == "2 errors and 1 warning in 3 files"
    assert summary([warning], 2) == "1 warning in 2 files"
