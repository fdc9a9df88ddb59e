"""Texts as YAML: read back exactly, by YAML 1.2 as here and by 1.1 as in other tools."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.yaml.document import parse_source
from dag_factory.config.yaml.ignore_comments import read_ignores
from dag_factory.workspace.imports.yaml_text import can_be_written, comment, quoted, scalar

ODD = [
    "null",
    "yes",
    "Off",
    "1e3",
    "0x1f",
    "1:30",
    "2026-01-31",
    "<<",
    "=",
    "~",
    "",
    " ",
    "- a",
    "a: b",
    "#",
    "@x",
]
ODD += [
    "*a",
    "&a",
    "!a",
    "%a",
    "|",
    ">",
    "{a",
    "[a",
    "`",
    '"',
    "'",
    "\\",
    "a\nb",
    "\t",
    "\u2028",
    "\x85",
    "\ufeff",
]
ODD += [
    "\u202eevil\u202c",
    "🙂",
    "x" * 256,
    "##[error]",
    "---",
    "...",
    "? a",
    "{{ x }}",
    "-",
    "y",
    "_",
    ".nan",
]


def read(text: str):
    source = parse_source(text.encode(), "file")
    assert source.diagnostics == ()
    (document,) = source.documents
    assert document.diagnostics == ()
    return document.value


def assert_read_back(text: str) -> None:
    for written in (scalar(text), quoted(text)):
        for file in (f"value: {written}\n", f"value: [{written}]\n", f"value: {{? {written}\n: x}}\n"):
            assert read(file) in ({"value": text}, {"value": [text]}, {"value": {text: "x"}})
            assert yaml.safe_load(file) in ({"value": text}, {"value": [text]}, {"value": {text: "x"}})
        assert written.isprintable()


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text(text):
    assert_read_back(text)


@given(st.text().filter(can_be_written))
def test_any_text(text):
    assert_read_back(text)


@pytest.mark.parametrize("text", ["bell\x07", "\x00", "\ud800", "\ufffe"])
def test_what_no_configuration_may_hold(text):
    assert not can_be_written(text)


@pytest.mark.parametrize(
    "text", ["bank_json", "Europe/Berlin", "UTC", "0 3 * * *", "0-59 3 * * *", "30 4 * * L5"]
)
def test_what_needs_no_quotes(text):
    assert scalar(text) == text


@given(st.text())
def test_a_comment_is_one_line_and_nothing_else(text):
    line = comment(text)
    assert yaml.safe_load(f"a: 1 {line}\nb: 2\n") == {"a": 1, "b": 2}
    assert line.isprintable()
    assert len(line) <= 302


def test_a_comment_is_not_addressed_to_dag_factory():
    for name in ("dag-factory: ignore[secret] x", "x # dag-factory: ignore[secret] x"):
        assert read_ignores("file", f"a: 1 {comment(quoted(name))}\n") == ((), ())


def test_a_comment_shows_no_secret():
    assert comment("gh" + "p_" + "example0" * 5) == "# ***"
