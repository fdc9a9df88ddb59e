"""Valid and invalid Jinja templates; golden cases have the messages about them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.text.templates import (
    intended_template_error,
    is_template,
    names_in,
    shell_variable,
    template_error,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain } text { with {single} braces }}",
        "{{ ds }}",
        "{{ var.value.get('money', '{') }}",
        "{{ {'a': {'b': 1}} }}",
        "{{ x | some_filter_of_a_plugin }}",
        "{% if x %}a{% else %}b{% endif %}",
        "{% do x.append(1) %}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{# a comment #}",
        "{% raw %}{{{% endraw %}",
        "${{ x }}",
    ],
)
def test_what_jinja_parses_is_valid(text):
    assert template_error(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ }}", "the template is empty"),
        ("a {{- -}} b", "the template is empty"),
        ("{{ ds }", "'{{' is not closed"),
        ("{{ ds", "'{{' is not closed"),
        ("{{ a }} {{ b } {{ c }}", "'{{' is not closed"),
        ("{% if x %", "'{%' is not closed"),
        ("{# x", "'{#' is not closed"),
        ("{{{{ ds }}}}", "a template has two braces on each side"),
        ("{{ {{ ds }} }}", "a template has two braces on each side"),
        (
            "{% if %}",
            "Jinja cannot parse the template: expected an expression, got 'end of statement block'",
        ),
        ("{% endif %}", "Jinja cannot parse the template: encountered unknown tag 'endif'"),
        ("{{ a b }}", "Jinja cannot parse the template: expected token 'end of print statement', got 'b'"),
        ("{{ " + "1" * 9000 + " }}", "a number in the template is too long"),
        ("{{" + "(" * 4000 + "}}", "the template is nested too deeply"),
    ],
)
def test_an_error_explains_the_problem(text, message):
    assert template_error(text).message == message


@given(st.text("{}%# ads.'|()", max_size=30))
def test_any_text_is_handled(text):
    for error in (template_error(text), intended_template_error(text)):
        assert error is None or (error.message and error.hint)


def test_a_long_text_is_not_parsed():
    error = template_error("{{ x }}" + " " * 10_000)
    assert error is not None
    assert error.message == "the text with a template is longer than 10,000 characters"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("${A}", "A"),
        ("$A_1", "A_1"),
        (" ${a} ", "a"),
        ("$1", None),
        ("a$A", None),
        ("${A}b", None),
        ("$", None),
    ],
)
def test_a_variable_of_a_shell_is_the_whole_text(text, name):
    assert shell_variable(text) == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("var", set()),
        ("{{ var.value.x }}", {"var"}),
        ("{{var['task'].y(\"ti\")}}", {"var"}),
        ("{{ a.b[c.d] | lower | f(e) }}", {"a", "c", "e"}),
        ("{{ dag.dag_id|upper }}-{{ ds }}", {"dag", "ds"}),
    ],
)
def test_the_names_of_a_template_are_those_that_it_starts_from(text, names):
    assert names_in(text) == names


def test_two_braces_make_a_template():
    assert [is_template(text) for text in ("{", "{a}", "}}", "{{", "x{%", "{#")] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(("connection", "imported"), [("{{ var.value.x }}", True), ("", False)])
def test_jinja_is_imported_only_for_templates(connection, imported, configs):
    connection = connection or "1e3b5a72-7bfd-4808-a13c-204505490110"
    root = configs({"money.yaml": f"schedule: null\nsyncs:\n  money: '{connection}'\n"})
    code = f"""
import sys
from pathlib import Path
from dag_factory.config.project import validate_project
assert not validate_project(Path({str(root)!r}), "configs", None, lambda file: True).diagnostics
print("jinja2" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == str(imported)
