"""What templates name."""

from __future__ import annotations

import pytest

from dag_factory.report.estate.airflow_names import airflow_names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ var.value.x }}", [("variable", "x")]),
        ("{{ var.json.x.inside }}", [("variable", "x")]),
        ("{{ var.value['a b'] }}", [("variable", "a b")]),
        ('{{ var.value.get("x", "other") }}', [("variable", "x")]),
        ("{{var.value.x}}{{ conn.y.host }}", [("variable", "x"), ("connection", "y")]),
        ("{{ conn.get('y').host }}", [("connection", "y")]),
        ("{% if var.value.x == 'a' %}1{% endif %}", [("variable", "x")]),
        ("{{ 'a' if var.value.x else conn['y'].host }}", [("variable", "x"), ("connection", "y")]),
        ("var.value.x", []),
        ("{{ my.var.value.x }} var.value.y", []),
        ("{{ ds }} {# var.value.x #}", []),
        ("{{ my_conn.x }}", []),
        ("{{ var.value[name] }}", []),
    ],
)
def test_what_a_template_names(text, expected):
    assert list(airflow_names(text)) == expected
