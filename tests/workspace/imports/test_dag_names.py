"""Names of DAGs and syncs, made from what people call their connections."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.workspace.imports.dag_names import LONGEST, UniqueNames, dag_name, sync_name

SECRET = "gh" + "p_" + "example0" * 5


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bank → json", "bank_json"),
        ("Zürich \u2013 Café", "Zurich_Cafe"),
        ("cafe\u0301", "cafe"),
        ("a.b-c_d", "a.b-c_d"),
        ("a - b", "a_b"),
        ("a__b", "a_b"),
        ("..hidden", "hidden"),
        ("--flag", "flag"),
        ("ends with ...", "ends_with"),
        ("日本", "fallback"),
        ("🙂", "fallback"),
        ("", "fallback"),
        ("...", "fallback"),
        (SECRET, "fallback"),
        ("x" * 300, "x" * LONGEST),
    ],
)
def test_a_name(text, name):
    assert dag_name(text, "fallback") == name


def test_a_sync_has_no_dots():
    assert sync_name("a.b", "fallback") == "a_b"


@given(st.text(max_size=300))
def test_every_name_is_accepted(text):
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9])?", dag_name(text, "fallback"))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", sync_name(text, "fallback"))


def test_names_are_given_once():
    names = UniqueNames(["bank", "defaults"])
    assert [names.unused(name) for name in ("Bank", "bank", "shop", "SHOP", "Defaults")] == [
        "Bank_2",
        "bank_3",
        "shop",
        "SHOP_2",
        "Defaults_2",
    ]


def test_a_number_fits_into_a_long_name():
    names = UniqueNames()
    found = [names.unused("x" * LONGEST) for _ in range(12)]
    assert {len(name) for name in found} == {LONGEST}
    assert len(set(found)) == 12
