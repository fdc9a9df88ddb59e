"""Columns: what fits, what is left out, and that no name is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dag_factory.report.escapes import columns, escape
from dag_factory.report.estate.table import Column, table

NEEDED = Column(title="DAG", cells=[("a",), ("long_name",)], is_needed=True)


def test_columns_are_aligned_by_what_a_terminal_shows():
    wide = Column(title="OWNER", cells=[("\u55b6\u696d",), ("e\u0301",)])
    last = Column(title="FILE", cells=[("x",), ("y",)])
    assert table([NEEDED, wide, last], None).lines == (
        "DAG        OWNER  FILE",
        "a          \u55b6\u696d   x",
        "long_name  e\u0301      y",
    )


def test_names_for_which_there_is_no_room_are_counted():
    names = Column(title="SYNCS", cells=[("orders", "customers", "invoices"), ("x",)])
    assert table([NEEDED, names], 34).lines == (
        "DAG        SYNCS",
        "a          orders, customers +1",
        "long_name  x",
    )
    drawn = table([NEEDED, names], 20)
    assert (drawn.lines, drawn.left_out) == (("DAG", "a", "long_name"), ("SYNCS",))


def test_a_line_is_no_command_of_githubs_runner():
    assert table([Column(title="DAG", cells=[("::error::x",)])], None).lines[1] == r"\x3a:error::x"


def test_a_column_without_any_cell_is_not_drawn():
    assert table([NEEDED, Column(title="POOLS", cells=[(), ()])], None).lines[0] == "DAG"


CELLS = st.lists(st.lists(st.text(max_size=12), max_size=4).map(tuple), min_size=3, max_size=3)


@given(st.lists(CELLS, max_size=5), st.integers(min_value=20, max_value=90))
def test_a_line_fits_and_has_whole_names(cells, width):
    given_columns = [Column(title="DAG", cells=[("a",)] * 3, is_needed=True)]
    given_columns += [Column(title=f"C{number}", cells=each) for number, each in enumerate(cells)]
    drawn = table(given_columns, width)
    assert len(drawn.lines) == 4
    assert all(columns(line) <= width for line in drawn.lines)
    whole = table(given_columns, None)
    assert whole.left_out == ()
    for number, line in enumerate(whole.lines[1:]):
        assert all(escape(name).strip() in line for each in cells for name in each[number])
