"""Cells of CSV: read back as one line each, and never a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.report.estate import csv_report
from dag_factory.report.estate.csv_report import harmless
from dag_factory.report.estate.rows import Listed, Row


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("plain", "plain"),
        ("a=b", "a=b"),
        ("3a0e-4f0e", "3a0e-4f0e"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "\\t=1"),
        ("a;=1", "a;'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_a_cell_is_harmless(cell, expected):
    assert harmless(cell) == expected


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_text_is_one_cell_of_one_line(owner, tags):
    rows = [Listed(row=Row(dag_id="a", file="a.yaml", owner=owner, tags=tuple(tags)), environments=None)]
    text = csv_report.list_csv(rows, [None])
    assert len(text.splitlines()) == 2
    titles, cells = csv.reader(io.StringIO(text))
    assert len(cells) == len(titles)
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert cells[titles.index("owner")] == harmless(owner)
