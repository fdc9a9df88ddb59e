"""The rows of the built-in source depend on nothing but their arguments."""

import pytest

from dag_factory.local_airbyte.model.built_in_rows import build_row, share


@pytest.mark.parametrize("total", [0, 1, 2, 3, 7, 400])
def test_shares_add_up(total):
    assert sum(share(total).values()) == total


def test_rows_are_the_same_every_time():
    assert build_row("a", "orders", 3) == build_row("a", "orders", 3) != build_row("b", "orders", 3)
